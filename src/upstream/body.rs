//! Bodies on their way: streamed, watched for progress, never buffered.

mod alarm;
mod sent;

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;

use self::alarm::Alarm;
pub(super) use self::sent::RequestBody;
use super::hop;
use super::transport::Carrier;
use crate::BoxError;
use crate::received::Received;

fn clean(frame: Frame<Bytes>) -> Frame<Bytes> {
    match frame.into_trailers() {
        Ok(mut trailers) => {
            hop::clean_trailers(&mut trailers);
            Frame::trailers(trailers)
        }
        Err(frame) => frame,
    }
}

#[derive(Debug)]
enum Answered {
    Upstream {
        body: Received,
        alarm: Alarm,
        /// Until the end.
        carrier: Option<Carrier>,
    },
    Here(Full<Bytes>),
}

/// The body of an answer: the upstream's, or one of our own.
///
/// It fails when the upstream's breaks off or makes no progress for `timeouts.idle`, and whoever writes
/// it on must fail visibly too: an incomplete answer never looks complete.
#[derive(Debug)]
pub struct ResponseBody(Answered);

impl ResponseBody {
    pub(super) fn upstream(body: Received, carrier: Carrier, idle: Duration) -> Self {
        Self(Answered::Upstream {
            body,
            alarm: Alarm::new(idle),
            carrier: Some(carrier),
        })
    }

    pub(super) fn here(body: Full<Bytes>) -> Self {
        Self(Answered::Here(body))
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let (body, alarm, carrier) = match &mut self.0 {
            Answered::Upstream {
                body,
                alarm,
                carrier,
            } => (body, alarm, carrier),
            Answered::Here(body) => {
                let polled = Pin::new(body).poll_frame(cx);
                return polled.map_err(|never| match never {});
            }
        };
        match Pin::new(&mut *body).poll_frame(cx) {
            Poll::Pending => alarm.poll_ring(cx).map(|stalled| {
                tracing::debug!(error = %stalled, "the upstream's answer was cut off");
                Some(Err(stalled.into()))
            }),
            Poll::Ready(frame) => {
                alarm.stop();
                // The caller may take its time for the rest of what we have.
                if body.is_end_stream() || frame.is_none() {
                    *carrier = None;
                }
                Poll::Ready(frame.map(|frame| frame.map(clean).map_err(Into::into)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Answered::Upstream { body, .. } => body.is_end_stream(),
            Answered::Here(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Answered::Upstream { body, .. } => body.size_hint(),
            Answered::Here(body) => body.size_hint(),
        }
    }
}
