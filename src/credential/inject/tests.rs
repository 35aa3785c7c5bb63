use std::convert::Infallible;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http_body_util::{Empty, Full};
use tower::{ServiceExt as _, service_fn};

use super::*;
use crate::credential::{Fresh, Problem};
use crate::metrics::Metrics;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Hands out `t1`, `t2`, …
fn credential(asked: &Arc<AtomicUsize>) -> Credential {
    let asked = Arc::clone(asked);
    let fetch = move || {
        let number = asked.fetch_add(1, Ordering::SeqCst) + 1;
        let header = format!("Bearer t{number}").parse().unwrap();
        std::future::ready(Ok::<_, Problem>(Fresh { header, life: DAY }))
    };
    let endpoint = ("api".to_owned(), "/oauth/token".to_owned());
    Credential::new("c", endpoint, &Metrics::new(), fetch)
}

/// An upstream that answers with `status`, and what it was sent as `Authorization`.
struct World {
    status: Arc<Mutex<Response<()>>>,
    seen: Arc<Mutex<Vec<String>>>,
    asked: Arc<AtomicUsize>,
    injection: Injection,
}

impl World {
    fn new() -> Self {
        let asked = Arc::default();
        Self {
            status: Arc::default(),
            seen: Arc::default(),
            injection: Injection {
                credential: credential(&asked),
                overwrite: false,
            },
            asked,
        }
    }

    fn answers(&self, status: u16, own: bool) {
        let mut response = Response::new(());
        *response.status_mut() = status.try_into().unwrap();
        if own {
            response.extensions_mut().insert(OwnAnswer("patchwright.x"));
        }
        *self.status.lock().unwrap() = response;
    }

    /// What comes of a request for `path`, and what was sent for it.
    async fn send(&self, path: &str, own: Option<&str>) -> (u16, String) {
        let (status, seen) = (Arc::clone(&self.status), Arc::clone(&self.seen));
        let upstream = service_fn(move |request: Request<Empty<Bytes>>| {
            let own = request.headers().get(AUTHORIZATION);
            let own = own.map_or("", |value| value.to_str().unwrap());
            seen.lock().unwrap().push(own.to_owned());
            let answer = status.lock().unwrap().clone();
            let answer = answer.map(|()| ResponseBody::<Full<Bytes>>::own(Full::default()));
            std::future::ready(Ok::<_, Infallible>(answer))
        });
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = path.parse().unwrap();
        if let Some(own) = own {
            let own = own.parse().unwrap();
            request.headers_mut().insert(AUTHORIZATION, own);
        }
        request.extensions_mut().insert(self.injection.clone());
        let answer = Inject::new(upstream, "api").oneshot(request).await.unwrap();
        let seen = self.seen.lock().unwrap().pop().unwrap();
        (answer.status().as_u16(), seen)
    }

    async fn seconds(&self, seconds: u64) {
        tokio::time::advance(Duration::from_secs(seconds)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_401_passes_and_has_the_next_request_log_in_anew() {
    let world = World::new();
    assert_eq!(world.send("/x", None).await, (200, "Bearer t1".to_owned()));
    world.seconds(2).await;
    world.answers(401, false);
    assert_eq!(world.send("/x", None).await, (401, "Bearer t1".to_owned()));
    world.answers(200, false);
    assert_eq!(world.send("/x", None).await, (200, "Bearer t2".to_owned()));
    assert_eq!(world.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn other_answers_and_our_own_say_nothing_about_the_token() {
    let world = World::new();
    for (status, own) in [(403, false), (400, false), (503, true), (401, true)] {
        world.seconds(2).await;
        world.answers(status, own);
        assert_eq!(world.send("/x", None).await.1, "Bearer t1", "{status}");
    }
    world.answers(200, false);
    assert_eq!(world.send("/x", None).await.1, "Bearer t1");
}

#[tokio::test(start_paused = true)]
async fn a_401_to_a_callers_own_token_says_nothing_about_ours() {
    let world = World::new();
    assert_eq!(world.send("/x", None).await.1, "Bearer t1");
    world.seconds(2).await;
    world.answers(401, false);
    assert_eq!(world.send("/x", Some("Bearer own")).await.1, "Bearer own");
    world.answers(200, false);
    assert_eq!(world.send("/x", None).await.1, "Bearer t1");
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_for_a_token_is_given_none() {
    let world = World::new();
    assert_eq!(world.send("/oauth/token", None).await.1, "");
    assert_eq!(world.asked.load(Ordering::SeqCst), 0);
    assert_eq!(world.send("/oauth/token/x", None).await.1, "Bearer t1");
}
