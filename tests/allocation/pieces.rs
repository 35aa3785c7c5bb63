//! A body in pieces of one byte.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use allocation_counter::measure;
use bytes::Bytes;
use http::{Method, Request};
use http_body::{Body, Frame};
use patchwright::rule::Rules;
use tower::Service as _;

/// So many pieces, each of them a buffer of its own. It never ends.
struct Dribble(usize);

impl Body for Dribble {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.0 == 0 {
            return Poll::Pending;
        }
        self.0 -= 1;
        Poll::Ready(Some(Ok(Frame::data(Bytes::copy_from_slice(b" ")))))
    }
}

#[test]
fn a_body_in_pieces_of_one_byte_takes_about_its_size() {
    const PIECES: usize = 500_000;
    let mut service = super::service(Rules::strict());
    // The deadline of the body wants a clock, though none comes to pass.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let _entered = runtime.enter();
    let request = Request::builder()
        .method(Method::PATCH)
        .uri("/api/v2/conversations/c1/participants/p1");
    let mut request = Some(request.body(Dribble(PIECES)).unwrap());
    let mut context = Context::from_waker(Waker::noop());
    let cost = measure(|| {
        let answer = pin!(service.call(request.take().unwrap()));
        assert!(answer.poll(&mut context).is_pending());
    });
    // A buffer that grows is twice as large at most, and while it is moved three times.
    assert!(cost.bytes_max < 4 * PIECES as u64, "{cost:?}");
}
