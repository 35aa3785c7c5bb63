//! The body of a request on its way to the upstream.

use std::any::Any;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use http_body_util::combinators::UnsyncBoxBody;

use super::alarm::Alarm;
use super::clean;
use crate::received::Received;
use crate::upstream::sending::{CallerFault, Sending};
use crate::{BoxError, layer};

#[derive(Debug)]
enum Source {
    /// A caller's, as the repair layer hands it on.
    Layered(layer::body::RequestBody<Received>),
    Boxed(UnsyncBoxBody<Bytes, BoxError>),
}

impl Source {
    fn new<B>(body: B) -> Option<Self>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        if body.is_end_stream() {
            return None;
        }
        // One client, and one pool, serves bodies of every type. The one that nobody touched comes
        // through without a box.
        let mut body = Some(body);
        let layered = (&mut body as &mut dyn Any)
            .downcast_mut::<Option<layer::body::RequestBody<Received>>>();
        if let Some(layered) = layered.and_then(Option::take) {
            return Some(Self::Layered(layered));
        }
        body.map(|body| Self::Boxed(body.map_err(Into::into).boxed_unsync()))
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Layered(body) => body.is_end_stream(),
            Self::Boxed(body) => body.is_end_stream(),
        }
    }
}

/// The body of a request as the upstream gets it. In a box, as requests are handed on often and wait in rows that are
/// made for many of them; most have none.
#[derive(Debug)]
pub(in crate::upstream) struct RequestBody(Option<Box<Sent>>);

#[derive(Debug)]
struct Sent {
    source: Source,
    sending: Arc<Sending>,
    alarm: Alarm,
}

impl RequestBody {
    pub(in crate::upstream) fn new<B>(body: B, idle: Duration) -> (Self, Arc<Sending>)
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let source = Source::new(body);
        let sending = Sending::new(source.is_none());
        let sent = source.map(|source| Sent {
            source,
            sending: Arc::clone(&sending),
            alarm: Alarm::new(idle),
        });
        (Self(sent.map(Box::new)), sending)
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let Some(this) = &mut self.0 else {
            return Poll::Ready(None);
        };
        let polled = match &mut this.source {
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
                if this.source.is_end_stream() {
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
        let source = self.0.as_ref().map(|sent| &sent.source);
        source.is_none_or(Source::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        match self.0.as_ref().map(|sent| &sent.source) {
            None => SizeHint::with_exact(0),
            Some(Source::Layered(body)) => body.size_hint(),
            Some(Source::Boxed(body)) => body.size_hint(),
        }
    }
}

impl Drop for Sent {
    /// hyper drops a body without asking for its end when it knows that the last frame was the last.
    fn drop(&mut self) {
        self.sending.end();
    }
}
