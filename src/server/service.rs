//! A tower service as hyper calls it, with its requests counted from their head to their answer's end.

use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use h2::Reason;
use http::{HeaderValue, Request, Response, StatusCode, Version, header};
use http_body::Body;
use hyper::body::Incoming;
use hyper_util::service::{TowerToHyperService, TowerToHyperServiceFuture};
use pin_project_lite::pin_project;
use tokio::task::JoinHandle;
use tower_service::Service;

use super::activity::{Activity, InFlight};
use super::body::CountedBody;
use super::connection::Place;
use crate::BoxError;
use crate::received::Received;

/// Answers the requests of one connection.
#[derive(Clone, Debug)]
pub(super) struct Counted<S> {
    inner: TowerToHyperService<S>,
    activity: Arc<Activity>,
    draining: Arc<AtomicBool>,
    place: Place,
}

impl<S> Counted<S> {
    pub(super) fn new(
        inner: S,
        activity: Arc<Activity>,
        draining: Arc<AtomicBool>,
        place: Place,
    ) -> Self {
        Self {
            inner: TowerToHyperService::new(inner),
            activity,
            draining,
            place,
        }
    }
}

impl<S, B> hyper::service::Service<Request<Incoming>> for Counted<S>
where
    S: Service<Request<Received>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: Body + Send + 'static,
{
    type Response = Response<CountedBody<B>>;
    type Error = BoxError;
    type Future = CountedFuture<S, B>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let version = request.version();
        let in_flight = self.activity.request(!request.body().is_end_stream());
        let changes = !request.method().is_safe();
        let request = request.map(|body| Received::new(body, version));
        let answering = if version == Version::HTTP_2 && self.activity.is_abused() {
            Answering::None
        } else if changes && version == Version::HTTP_2 {
            let answering = self.inner.call(request);
            let place = Arc::clone(&self.place);
            let apart = tokio::spawn(async move {
                let answer = answering.await.map_err(Into::into);
                drop(place);
                answer
            });
            Answering::Apart { apart }
        } else {
            let answering = self.inner.call(request);
            Answering::Here { answering }
        };
        CountedFuture {
            in_flight: Some(in_flight),
            persistent: version <= Version::HTTP_11,
            draining: Arc::clone(&self.draining),
            answering,
        }
    }
}

pin_project! {
    #[project = AnsweringProjection]
    enum Answering<S, B>
    where
        S: Service<Request<Received>>,
    {
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
        // The stream is reset.
        None,
    }
}

pin_project! {
    /// One request being answered.
    pub(super) struct CountedFuture<S, B>
    where
        S: Service<Request<Received>>,
    {
        #[pin]
        answering: Answering<S, B>,
        in_flight: Option<InFlight>,
        // Whether the protocol keeps a connection open unless told otherwise by a header.
        persistent: bool,
        draining: Arc<AtomicBool>,
    }
}

impl<S, B> Future for CountedFuture<S, B>
where
    S: Service<Request<Received>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    B: Body,
{
    type Output = Result<Response<CountedBody<B>>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answered = match this.answering.project() {
            AnsweringProjection::Here { answering } => {
                ready!(answering.poll(cx)).map_err(Into::into)
            }
            AnsweringProjection::None => Err(h2::Error::from(Reason::ENHANCE_YOUR_CALM).into()),
            AnsweringProjection::Apart { apart } => {
                ready!(Pin::new(apart).poll(cx)).unwrap_or_else(|error| {
                    match error.try_into_panic() {
                        // As it would have been here.
                        Ok(panic) => resume_unwind(panic),
                        Err(error) => Err(error.into()),
                    }
                })
            }
        };
        if answered.is_err()
            && let Some(in_flight) = this.in_flight
        {
            in_flight.finish();
        }
        let mut response = answered?;
        // A 101 hands the connection over; it is no longer ours to close.
        let upgraded = response.status() == StatusCode::SWITCHING_PROTOCOLS;
        if *this.persistent && !upgraded && this.draining.load(Ordering::Relaxed) {
            response
                .headers_mut()
                .insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        let in_flight = this.in_flight.take();
        Poll::Ready(Ok(response.map(|inner| CountedBody::new(inner, in_flight))))
    }
}
