//! A tower service as hyper calls it, with its requests counted from their head to their answer's end.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Version, header};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper_util::service::{TowerToHyperService, TowerToHyperServiceFuture};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::activity::{Activity, InFlight};
use crate::received::Received;

/// Answers the requests of one connection.
#[derive(Clone, Debug)]
pub(super) struct Counted<S> {
    inner: TowerToHyperService<S>,
    activity: Arc<Activity>,
    draining: Arc<AtomicBool>,
}

impl<S> Counted<S> {
    pub(super) fn new(inner: S, activity: Arc<Activity>, draining: Arc<AtomicBool>) -> Self {
        Self {
            inner: TowerToHyperService::new(inner),
            activity,
            draining,
        }
    }
}

impl<S, B> hyper::service::Service<Request<Incoming>> for Counted<S>
where
    S: Service<Request<Received>, Response = Response<B>> + Clone,
{
    type Response = Response<CountedBody<B>>;
    type Error = S::Error;
    type Future = CountedFuture<S>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let version = request.version();
        let request = request.map(|body| Received::new(body, version));
        CountedFuture {
            in_flight: Some(self.activity.request(!request.body().is_end_stream())),
            persistent: version <= Version::HTTP_11,
            draining: Arc::clone(&self.draining),
            inner: self.inner.call(request),
        }
    }
}

pin_project! {
    /// One request being answered.
    pub(super) struct CountedFuture<S>
    where
        S: Service<Request<Received>>,
    {
        #[pin]
        inner: TowerToHyperServiceFuture<S, Request<Received>>,
        in_flight: Option<InFlight>,
        // Whether the protocol keeps a connection open unless told otherwise by a header.
        persistent: bool,
        draining: Arc<AtomicBool>,
    }
}

impl<S, B> Future for CountedFuture<S>
where
    S: Service<Request<Received>, Response = Response<B>>,
{
    type Output = Result<Response<CountedBody<B>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.inner.poll(cx))?;
        // A 101 hands the connection over; it is no longer ours to close.
        let upgraded = response.status() == StatusCode::SWITCHING_PROTOCOLS;
        if *this.persistent && !upgraded && this.draining.load(Ordering::Relaxed) {
            response
                .headers_mut()
                .insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        let in_flight = this.in_flight.take();
        Poll::Ready(Ok(response.map(|inner| CountedBody { inner, in_flight })))
    }
}

pin_project! {
    /// The body of an answer; its request is in flight until it is dropped.
    pub(super) struct CountedBody<B> {
        #[pin]
        inner: B,
        in_flight: Option<InFlight>,
    }
}

impl<B: Body<Data = Bytes>> Body for CountedBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        self.project().inner.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
