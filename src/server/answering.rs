//! What answers a request, and what becomes of it when the caller takes the request back.

use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use h2::Reason;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tokio::runtime::Handle;
use tower_service::Service;

use super::connection::Place;
use crate::BoxError;
use crate::call::CallOf;
use crate::departed::Departed;
use crate::received::Received;

pin_project! {
    /// The answer to come.
    #[project = AnsweringProjection]
    pub(super) enum Answering<S, B>
    where
        S: Service<Request<Received>>,
    {
        // It ends with whoever asked for it.
        Bound {
            #[pin]
            answering: CallOf<S, Request<Received>>,
        },
        // It may outlive whoever asked for it.
        Change { change: Change<B> },
        // There will be none: the stream is reset.
        None,
    }
}

impl<S, B> Future for Answering<S, B>
where
    S: Service<Request<Received>, Response = Response<B>>,
    S::Error: Into<BoxError>,
{
    type Output = Result<Response<B>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            AnsweringProjection::Bound { answering } => answering.poll(cx).map_err(Into::into),
            AnsweringProjection::Change { change } => change.poll(cx),
            AnsweringProjection::None => {
                Poll::Ready(Err(h2::Error::from(Reason::ENHANCE_YOUR_CALM).into()))
            }
        }
    }
}

type Boxed<B> = Pin<Box<dyn Future<Output = Result<Response<B>, BoxError>> + Send>>;

/// The answer to a request that is not safe (RFC 9110 section 9.2.1), over HTTP/2.
///
/// Whoever resets a stream drops what answers it, and a change that was sent and then abandoned half-way
/// upstream leaves nobody knowing what happened. So once it has departed it goes on to the head of its
/// answer, as it does over HTTP/1. What the proxy allows it bounds it, and the connection holds its place
/// until then. A body that had not come in full breaks off nevertheless.
pub(super) struct Change<B> {
    /// None once it has ended.
    answering: Option<(Boxed<B>, Place)>,
    departed: Departed,
    finish: fn(Boxed<B>, Place),
}

impl<B: Send + 'static> Change<B> {
    pub(super) fn new<F, E>(answering: F, departed: Departed, place: Place) -> Self
    where
        F: Future<Output = Result<Response<B>, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        let answering: Boxed<B> = Box::pin(async move { answering.await.map_err(Into::into) });
        Self {
            answering: Some((answering, place)),
            departed,
            finish: |answering, place| {
                // Without a runtime nothing can go on: the process ends.
                if let Ok(runtime) = Handle::try_current() {
                    runtime.spawn(async move {
                        drop(answering.await);
                        drop(place);
                    });
                }
            },
        }
    }
}

impl<B> Change<B> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Response<B>, BoxError>> {
        let Some((answering, _)) = &mut self.answering else {
            return Poll::Pending;
        };
        let polled = answering.as_mut().poll(cx);
        if polled.is_ready() {
            self.answering = None;
        }
        polled
    }
}

impl<B> Drop for Change<B> {
    fn drop(&mut self) {
        if self.departed.is_set()
            && let Some((answering, place)) = mem::take(&mut self.answering)
        {
            (self.finish)(answering, place);
        }
    }
}
