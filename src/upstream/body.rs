//! Bodies on their way: streamed, watched for progress, never buffered.

use std::any::Any;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use tokio::time::{Instant, Sleep, sleep_until};

use super::hop;
use super::sending::{CallerFault, Sending};
use super::transport::Carrier;
use crate::pace::Pace;
use crate::received::Received;
use crate::{BoxError, layer};

/// A body made no progress for `timeouts.idle`, or a caller sent hardly any in that time.
#[derive(Debug, thiserror::Error)]
#[error("the body made no progress for {0:?}")]
struct Stalled(Duration);

/// Rings when something was waited for too long and too little came of it (see [`Pace`]). Costs nothing
/// until it is waited for the first time.
#[derive(Debug)]
struct Alarm {
    limit: Duration,
    pace: Pace,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Alarm {
    fn new(limit: Duration) -> Self {
        Self {
            limit,
            pace: Pace::default(),
            sleep: None,
        }
    }

    /// So many bytes came.
    fn moved(&mut self, bytes: usize) {
        // Where nothing counts against it there is nothing to note, and no clock to ask.
        if !self.pace.is_clear() {
            self.pace.moved(Instant::now(), bytes);
        }
    }

    /// Something came.
    fn stop(&mut self) {
        self.pace = Pace::default();
    }

    fn poll_ring(&mut self, cx: &mut Context<'_>) -> Poll<Stalled> {
        let limit = self.limit;
        let waited_already = self.pace.is_waiting();
        self.pace.waits(Instant::now());
        let Some(deadline) = self.pace.deadline(limit) else {
            return Poll::Pending;
        };
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if !waited_already {
            sleep.as_mut().reset(deadline);
        }
        sleep.as_mut().poll(cx).map(|()| Stalled(limit))
    }
}

#[derive(Debug)]
enum Source {
    Empty,
    /// A caller's, as the repair layer hands it on.
    Layered(layer::body::RequestBody<Received>),
    Boxed(UnsyncBoxBody<Bytes, BoxError>),
}

impl Source {
    fn new<B>(body: B) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        if body.is_end_stream() {
            return Self::Empty;
        }
        // One client, and one pool, serves bodies of every type. The one that nobody touched comes
        // through without a box.
        let mut body = Some(body);
        let layered = (&mut body as &mut dyn Any)
            .downcast_mut::<Option<layer::body::RequestBody<Received>>>();
        if let Some(layered) = layered.and_then(Option::take) {
            return Self::Layered(layered);
        }
        match body {
            Some(body) => Self::Boxed(body.map_err(Into::into).boxed_unsync()),
            None => Self::Empty,
        }
    }
}

/// The body of a request as the upstream gets it.
#[derive(Debug)]
pub(super) struct RequestBody {
    source: Source,
    sending: Arc<Sending>,
    alarm: Alarm,
}

impl RequestBody {
    pub(super) fn new<B>(body: B, idle: Duration) -> (Self, Arc<Sending>)
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let source = Source::new(body);
        let sending = Sending::new(matches!(source, Source::Empty));
        let body = Self {
            source,
            sending: Arc::clone(&sending),
            alarm: Alarm::new(idle),
        };
        (body, sending)
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let polled = match &mut this.source {
            Source::Empty => Poll::Ready(None),
            Source::Layered(body) => Pin::new(body)
                .poll_frame(cx)
                .map(|frame| frame.map(|frame| frame.map_err(Into::into))),
            Source::Boxed(body) => Pin::new(body).poll_frame(cx),
        };
        this.sending.waits_for_caller(polled.is_pending());
        match polled {
            Poll::Pending => this.alarm.poll_ring(cx).map(|stalled| {
                this.sending.fail(CallerFault::Stalled);
                Some(Err(stalled.into()))
            }),
            Poll::Ready(Some(Ok(frame))) => {
                this.alarm.moved(frame.data_ref().map_or(0, Bytes::len));
                // The last one ends it, which is progress, too.
                if this.is_end_stream() {
                    this.sending.end();
                } else {
                    this.sending.progress().touch();
                }
                Poll::Ready(Some(Ok(clean(frame))))
            }
            Poll::Ready(Some(Err(error))) => {
                this.sending.fail(CallerFault::Broken);
                Poll::Ready(Some(Err(error)))
            }
            Poll::Ready(None) => {
                this.sending.end();
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Empty => true,
            Source::Layered(body) => body.is_end_stream(),
            Source::Boxed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Empty => SizeHint::with_exact(0),
            Source::Layered(body) => body.size_hint(),
            Source::Boxed(body) => body.size_hint(),
        }
    }
}

impl Drop for RequestBody {
    /// hyper drops a body without asking for its end when it knows that the last frame was the last.
    fn drop(&mut self) {
        self.sending.end();
    }
}

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
