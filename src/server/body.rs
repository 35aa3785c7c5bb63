//! The body of an answer on its way to hyper.

use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::activity::InFlight;
use super::stream;

pin_project! {
    /// The body of an answer; its request is in flight until it is dropped.
    pub(super) struct CountedBody<B> {
        #[pin]
        inner: B,
        in_flight: Option<InFlight>,
        // How much was handed over last.
        handed: usize,
        // What is left of a frame that is handed over in pieces.
        rest: Bytes,
        ended: bool,
    }

    impl<B> PinnedDrop for CountedBody<B> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if *this.ended && let Some(in_flight) = this.in_flight {
                in_flight.finish();
            }
        }
    }
}

impl<B: Body> CountedBody<B> {
    pub(super) fn new(inner: B, in_flight: Option<InFlight>) -> Self {
        // The caller's window may be closed from the beginning.
        stream::handed_over();
        Self {
            // hyper does not ask for what is not there.
            ended: inner.is_end_stream(),
            inner,
            in_flight,
            handed: 0,
            rest: Bytes::new(),
        }
    }
}

impl<B: Body<Data = Bytes>> Body for CountedBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let mut this = self.project();
        stream::taken(mem::take(this.handed));
        if this.rest.is_empty() {
            let frame = ready!(this.inner.as_mut().poll_frame(cx));
            let last = match frame.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => {
                    *this.rest = data;
                    None
                }
                // Trailers are the last that comes, and so is an error.
                Some(Ok(Err(trailers))) => Some(Some(Ok(trailers))),
                Some(Err(error)) => Some(Some(Err(error))),
                None => Some(None),
            };
            if let Some(last) = last {
                *this.ended = true;
                return Poll::Ready(last);
            }
        }
        let piece = stream::piece(this.rest);
        *this.handed = piece.len();
        *this.ended = this.rest.is_empty() && this.inner.is_end_stream();
        stream::handed_over();
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (hint, rest) = (self.inner.size_hint(), self.rest.len() as u64);
        let mut whole = SizeHint::new();
        // The upper bound first: it must never be below the lower one.
        if let Some(upper) = hint.upper() {
            whole.set_upper(upper.saturating_add(rest));
        }
        whole.set_lower(hint.lower().saturating_add(rest));
        whole
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http_body_util::{BodyExt as _, Full};
    use hyper::rt::Executor as _;
    use tokio::sync::oneshot;

    use super::stream::{PIECE, Streams};
    use super::*;

    const LARGE: usize = 2 * PIECE + 5;

    /// What a large body is handed over as.
    async fn lengths() -> Vec<usize> {
        let inner = Full::new(Bytes::from(vec![b'x'; LARGE]));
        let mut body = CountedBody::new(inner, None);
        let mut lengths = Vec::new();
        while let Some(frame) = body.frame().await {
            lengths.push(frame.unwrap().into_data().unwrap().len());
            let left = LARGE - lengths.iter().sum::<usize>();
            assert_eq!(body.size_hint().exact(), Some(left as u64));
            assert_eq!(body.is_end_stream(), left == 0);
        }
        lengths
    }

    #[tokio::test]
    async fn large_frames_are_handed_over_in_parts_over_http2_alone() {
        assert_eq!(lengths().await, [LARGE]);
        let (done, parts) = oneshot::channel();
        let idle = Duration::from_secs(60);
        Streams { idle }.execute(async { done.send(lengths().await).unwrap() });
        assert_eq!(parts.await.unwrap(), [PIECE, PIECE, 5]);
    }
}
