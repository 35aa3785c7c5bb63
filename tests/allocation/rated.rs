//! What hears of rates costs a request nothing whose answer says nothing new.

use std::future::ready;

use patchwright::metrics::Metrics;
use patchwright::proxy::Rated;

use super::*;

/// The API, whose answers are there and say how the rate stands.
#[derive(Clone, Debug)]
struct Counting(Arc<std::sync::Mutex<Vec<Response<Empty<Bytes>>>>>);

impl Counting {
    /// With so many answers, built beforehand: they are not what is measured.
    fn new(answers: usize) -> Self {
        let answer = |count: usize| {
            let answer = Response::builder()
                .header("inin-ratelimit-count", count.to_string())
                .header("inin-ratelimit-allowed", "300")
                .header("inin-ratelimit-reset", "60");
            answer.body(Empty::new()).unwrap()
        };
        let answers = (0..answers).rev().map(answer).collect();
        Self(Arc::new(std::sync::Mutex::new(answers)))
    }
}

impl Service<Request<Full<Bytes>>> for Counting {
    type Response = Response<Empty<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Full<Bytes>>) -> Self::Future {
        let mut answers = self.0.lock().unwrap();
        ready(Ok(answers.pop().unwrap()))
    }
}

#[test]
fn to_hear_of_a_rate_allocates_nothing_once_its_credential_is_known() {
    const REQUESTS: usize = 20;
    let store = Store::new(&Settings::default());
    let shaped = Metrics::new().shaped("api");
    let mut rated = Rated::new(Counting::new(REQUESTS), store, "api", shaped);
    let mut context = Context::from_waker(Waker::noop());
    for number in 0..REQUESTS {
        let request = Request::builder().header("authorization", "Bearer a");
        let mut request = Some(request.body(Full::default()).unwrap());
        let cost = measure(|| {
            let answer = pin!(rated.call(request.take().unwrap()));
            assert!(answer.poll(&mut context).is_ready());
        });
        // The first one is remembered.
        let free = cost.count_total == 0;
        assert_eq!(free, number > 0, "{number}: {cost:?}");
    }
}
