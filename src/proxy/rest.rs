//! The body of a request that is answered without it.
//!
//! On HTTP/2 an answer in front of the end of its request is followed by `RST_STREAM` (RFC 9113 section 8.1), and
//! there are clients, curl 7.88 among them, that drop the answer when that comes while they are sending. A short
//! body is taken first, so that the answer is the end of the stream. On HTTP/1.1 hyper closes the connection
//! behind the answer.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::header::EXPECT;
use http::{Request, Version};
use http_body::Body;
use tokio::time::{Sleep, sleep};

/// Longest body that is waited for, in bytes: what clients send at once.
const MOST: u64 = 64 << 10;
/// And for how long: it should be on its way.
const PATIENCE: Duration = Duration::from_secs(1);

/// A body that nobody wants.
pub(super) struct Rest<B> {
    body: B,
    late: Pin<Box<Sleep>>,
}

impl<B: Body + Unpin> Rest<B> {
    /// `None` where the answer need not wait.
    pub(super) fn of(request: Request<B>) -> Option<Self> {
        let is_short = |most: &u64| *most <= MOST;
        let waits = request.version() == Version::HTTP_2
            && !request.headers().contains_key(EXPECT)
            && !request.body().is_end_stream()
            && request
                .body()
                .size_hint()
                .upper()
                .as_ref()
                .is_some_and(is_short);
        waits.then(|| Self {
            body: request.into_body(),
            late: Box::pin(sleep(PATIENCE)),
        })
    }

    /// Ends with the body, or when that is not to be waited for any more.
    pub(super) fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.late.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        loop {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Poll::Ready(()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::poll_fn;

    use bytes::Bytes;
    use http_body::{Frame, SizeHint};
    use http_body_util::Full;
    use tokio::time::Instant;

    use super::*;

    fn request<B>(version: Version, body: B) -> Request<B> {
        Request::builder().version(version).body(body).unwrap()
    }

    /// Five bytes that never come.
    struct Stuck;

    impl Body for Stuck {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Pending
        }

        fn size_hint(&self) -> SizeHint {
            SizeHint::with_exact(5)
        }
    }

    #[tokio::test]
    async fn only_a_short_body_on_http_2_is_waited_for() {
        let body =
            |length: u64| Full::new(Bytes::from(vec![b'x'; usize::try_from(length).unwrap()]));
        let mut rest = Rest::of(request(Version::HTTP_2, body(MOST))).unwrap();
        poll_fn(|cx| rest.poll_end(cx)).await;
        assert!(rest.body.is_end_stream());
        assert!(Rest::of(request(Version::HTTP_2, body(MOST + 1))).is_none());
        assert!(Rest::of(request(Version::HTTP_2, body(0))).is_none());
        assert!(Rest::of(request(Version::HTTP_11, body(5))).is_none());
        let mut expecting = request(Version::HTTP_2, body(5));
        let expects = "100-continue".parse().unwrap();
        expecting.headers_mut().insert(EXPECT, expects);
        assert!(Rest::of(expecting).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn nor_for_long() {
        let began = Instant::now();
        let mut rest = Rest::of(request(Version::HTTP_2, Stuck)).unwrap();
        poll_fn(|cx| rest.poll_end(cx)).await;
        assert_eq!(began.elapsed(), PATIENCE);
    }
}
