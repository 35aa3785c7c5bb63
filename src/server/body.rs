//! The body of an answer on its way to hyper.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::activity::InFlight;
use super::unread::{FRAME, hand};

pin_project! {
    /// The body of an answer; its request is in flight until it is dropped, and over HTTP/2 until what came
    /// out of it has been written.
    pub(super) struct CountedBody<B> {
        #[pin]
        inner: B,
        in_flight: Option<Arc<InFlight>>,
        // What is left of a frame that was too large.
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
        Self {
            // hyper does not ask for what is not there.
            ended: inner.is_end_stream(),
            inner,
            in_flight: in_flight.map(Arc::new),
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
        let Some(in_flight) = this.in_flight.as_ref().filter(|it| it.unread().is_some()) else {
            return this.inner.poll_frame(cx);
        };
        let mut data = std::mem::take(this.rest);
        if data.is_empty() {
            match ready!(this.inner.as_mut().poll_frame(cx))
                .map(|frame| frame.map(Frame::into_data))
            {
                Some(Ok(Ok(next))) => data = next,
                Some(Ok(Err(other))) => {
                    // Trailers are the last that comes.
                    *this.ended = true;
                    return Poll::Ready(Some(Ok(other)));
                }
                Some(Err(error)) => {
                    *this.ended = true;
                    return Poll::Ready(Some(Err(error)));
                }
                None => {
                    *this.ended = true;
                    return Poll::Ready(None);
                }
            }
        }
        if data.len() > FRAME {
            *this.rest = data.split_off(FRAME);
        }
        *this.ended = this.rest.is_empty() && this.inner.is_end_stream();
        Poll::Ready(Some(Ok(Frame::data(hand(data, in_flight)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let inner = self.inner.size_hint();
        let rest = self.rest.len() as u64;
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower() + rest);
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper + rest);
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt as _, Full};

    use super::*;
    use crate::server::activity::Activity;

    #[tokio::test]
    async fn large_frames_are_handed_over_in_parts_over_http2_alone() {
        let http2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        for (opening, expected) in [
            (&http2[..], &[FRAME, FRAME, 5][..]),
            (b"GET / HTTP/1.1\r\n\r\n", &[2 * FRAME + 5]),
        ] {
            let activity = Activity::new();
            activity.received(opening);
            let inner = Full::new(Bytes::from(vec![b'x'; 2 * FRAME + 5]));
            let mut body = CountedBody::new(inner, Some(activity.request(false)));
            let mut lengths = Vec::new();
            while let Some(frame) = body.frame().await {
                lengths.push(frame.unwrap().into_data().unwrap().len());
                let sent: usize = lengths.iter().sum();
                let left = 2 * FRAME + 5 - sent;
                assert_eq!(body.size_hint().exact(), Some(left as u64));
                assert_eq!(body.is_end_stream(), left == 0);
            }
            assert_eq!(lengths, expected);
        }
    }
}
