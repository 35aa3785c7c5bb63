//! A tower service as hyper calls it, with its requests counted from their head to their answer's end.

use std::mem;
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
use crate::interim::{Interim, Interims};
use super::stream;

/// Answers the requests of one connection.
#[derive(Clone, Debug)]
pub(super) struct Counted<S> {
    inner: TowerToHyperService<S>,
    activity: Arc<Activity>,
    interims: Interims,
    draining: Arc<AtomicBool>,
}

impl<S> Counted<S> {
    pub(super) fn new(
        inner: S,
        activity: Arc<Activity>,
        interims: Interims,
        draining: Arc<AtomicBool>,
    ) -> Self {
        Self {
            inner: TowerToHyperService::new(inner),
            activity,
            interims,
            draining,
        }
    }
}

impl<S, B> hyper::service::Service<Request<Incoming>> for Counted<S>
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone,
{
    type Response = Response<CountedBody<B>>;
    type Error = S::Error;
    type Future = CountedFuture<S>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        // RFC 9110 section 15.2: HTTP/1.0 knows no interim answers. HTTP/2 does, but hyper has no way to
        // send one there, and frames can't be written past it.
        let interim = (request.version() == Version::HTTP_11).then(|| self.interims.begin());
        if let Some(interim) = &interim {
            request.extensions_mut().insert(interim.clone());
        }
        CountedFuture {
            interim: Before(interim),
            answer: None,
            in_flight: Some(self.activity.request(!request.body().is_end_stream())),
            persistent: request.version() <= Version::HTTP_11,
            draining: Arc::clone(&self.draining),
            inner: self.inner.call(request),
        }
    }
}

pin_project! {
    /// One request being answered.
    pub(super) struct CountedFuture<S>
    where
        S: Service<Request<Incoming>>,
    {
        #[pin]
        inner: TowerToHyperServiceFuture<S, Request<Incoming>>,
        in_flight: Option<InFlight>,
        interim: Before,
        // The answer, while it waits for what is said before it.
        answer: Option<S::Response>,
        // Whether the protocol keeps a connection open unless told otherwise by a header.
        persistent: bool,
        draining: Arc<AtomicBool>,
    }
}

/// What is said before an answer. Over when it is dropped: the caller may have hung up.
struct Before(Option<Interim>);

impl Before {
    fn wake(&self, cx: &Context<'_>) {
        if let Some(interim) = &self.0 {
            interim.wake(cx);
        }
    }

    fn poll_end(&self, cx: &Context<'_>) -> Poll<()> {
        match &self.0 {
            Some(interim) => interim.poll_end(cx),
            None => Poll::Ready(()),
        }
    }
}

impl Drop for Before {
    fn drop(&mut self) {
        if let Some(interim) = &self.0 {
            interim.close();
        }
    }
}

impl<S, B> Future for CountedFuture<S>
where
    S: Service<Request<Incoming>, Response = Response<B>>,
{
    type Output = Result<Response<CountedBody<B>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if this.answer.is_none() {
            match this.inner.poll(cx) {
                Poll::Ready(answer) => *this.answer = Some(answer?),
                Poll::Pending => {
                    this.interim.wake(cx);
                    return Poll::Pending;
                }
            }
        }
        ready!(this.interim.poll_end(cx));
        let Some(mut response) = this.answer.take() else {
            return Poll::Pending;
        };
        // A 101 hands the connection over; it is no longer ours to close.
        let upgraded = response.status() == StatusCode::SWITCHING_PROTOCOLS;
        if *this.persistent && !upgraded && this.draining.load(Ordering::Relaxed) {
            response
                .headers_mut()
                .insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        let in_flight = this.in_flight.take();
        // The caller's window may be closed from the beginning.
        stream::handed_over();
        Poll::Ready(Ok(response.map(|inner| CountedBody {
            inner,
            in_flight,
            handed: 0,
            rest: Bytes::new(),
        })))
    }
}

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
    }
}

impl<B: Body<Data = Bytes>> Body for CountedBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.project();
        stream::taken(mem::take(this.handed));
        if this.rest.is_empty() {
            match ready!(this.inner.poll_frame(cx))
                .transpose()?
                .map(Frame::into_data)
            {
                Some(Ok(data)) => *this.rest = data,
                Some(Err(other)) => return Poll::Ready(Some(Ok(other))),
                None => return Poll::Ready(None),
            }
        }
        let piece = stream::piece(this.rest);
        *this.handed = piece.len();
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
