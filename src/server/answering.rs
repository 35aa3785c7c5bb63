//! Who works on an answer: the connection's own task, or one apart.

use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use h2::Reason;
use http::{Request, Response};
use hyper_util::service::TowerToHyperServiceFuture;
use pin_project_lite::pin_project;
use tokio::task::JoinHandle;
use tower_service::Service;

use super::connection::Place;
use crate::BoxError;
use crate::received::Received;

pin_project! {
    /// The answer to come.
    #[project = AnsweringProjection]
    pub(super) enum Answering<S, B>
    where
        S: Service<Request<Received>>,
    {
        // It ends with whoever asked for it.
        Here {
            #[pin]
            answering: TowerToHyperServiceFuture<S, Request<Received>>,
        },
        // Whoever resets a stream drops what answers it, and a change that was sent and then abandoned
        // half-way upstream leaves nobody knowing what happened. So it goes on to the head of its answer,
        // as it does over HTTP/1. What the proxy allows it bounds it, and the connection holds its place
        // until then. A body that had not come in full breaks off nevertheless.
        Apart {
            apart: JoinHandle<Result<Response<B>, BoxError>>,
        },
        // There will be none: the stream is reset.
        None,
    }
}

impl<S, B> Answering<S, B>
where
    S: Service<Request<Received>, Response = Response<B>>,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    S: Send + 'static,
    B: Send + 'static,
{
    pub(super) fn apart(
        answering: TowerToHyperServiceFuture<S, Request<Received>>,
        place: Place,
    ) -> Self {
        let apart = tokio::spawn(async move {
            let answer = answering.await.map_err(Into::into);
            drop(place);
            answer
        });
        Self::Apart { apart }
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
            AnsweringProjection::Here { answering } => answering.poll(cx).map_err(Into::into),
            AnsweringProjection::None => {
                Poll::Ready(Err(h2::Error::from(Reason::ENHANCE_YOUR_CALM).into()))
            }
            AnsweringProjection::Apart { apart } => {
                let joined = ready!(Pin::new(apart).poll(cx));
                Poll::Ready(joined.unwrap_or_else(|error| match error.try_into_panic() {
                    // As it would have been here.
                    Ok(panic) => resume_unwind(panic),
                    Err(error) => Err(error.into()),
                }))
            }
        }
    }
}
