//! A tower service as hyper calls it, with its requests counted from their head to their answer's end.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use http::{HeaderValue, Request, Response, StatusCode, Version, header};
use http_body::Body;
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::activity::{Activity, InFlight};
use super::answering::{Answering, Change};
use super::body::CountedBody;
use super::connection::Place;
use crate::BoxError;
use crate::answer::OwnAnswer;
use crate::call::call;
use crate::departed::Departed;
use crate::interim::{Interim, Interims};
use crate::peer::Peer;
use crate::received::{Reading, Received};

/// A body that is in the same packet as its head, or right behind it.
const SMALL: u64 = 4 << 10;

/// Answers the requests of one connection.
#[derive(Clone, Debug)]
pub(super) struct Counted<S> {
    inner: S,
    introduction: Introduction,
    activity: Arc<Activity>,
    interims: Interims,
    draining: Arc<AtomicBool>,
    place: Place,
}

impl<S> Counted<S> {
    pub(super) fn new(
        inner: S,
        introduction: Introduction,
        activity: Arc<Activity>,
        interims: Interims,
        draining: Arc<AtomicBool>,
        place: Place,
    ) -> Self {
        Self {
            inner,
            introduction,
            activity,
            interims,
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

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let version = request.version();
        self.introduction.make(&mut request);
        let in_flight = self.activity.request(!request.body().is_end_stream());
        // Over HTTP/2 an answer ends no connection.
        let persistent = version <= Version::HTTP_11;
        let body = Unread::new(request.body(), persistent);
        // RFC 9110 section 15.2: HTTP/1.0 knows no interim answers. HTTP/2 does, but hyper has no way to
        // send one there, and frames can't be written past it.
        let interim = (version == Version::HTTP_11).then(|| self.interims.begin());
        if let Some(interim) = &interim {
            interim.listen(&mut request);
        }
        let answering = if version == Version::HTTP_2 && self.activity.is_abused() {
            Answering::None
        } else if version != Version::HTTP_2 || request.method().is_safe() {
            let request = request.map(|incoming| body.note(Received::new(incoming, version)));
            Answering::Bound {
                answering: call(&self.inner, request),
            }
        } else {
            let departed = Departed::default();
            request.extensions_mut().insert(departed.clone());
            let request = request.map(|body| Received::new(body, version));
            Answering::Change {
                change: Change::new(
                    call(&self.inner, request),
                    departed,
                    Arc::clone(&self.place),
                ),
            }
        };
        CountedFuture {
            answering,
            in_flight: Some(in_flight),
            interim: Before(interim),
            answer: None,
            body,
            persistent,
            draining: Arc::clone(&self.draining),
        }
    }
}

/// Tells the service whose requests they are, where it wants to know.
#[derive(Clone, Debug)]
pub(super) struct Introduction {
    peer: Peer,
    wanted: Arc<AtomicBool>,
}

impl Introduction {
    pub(super) fn new(peer: Peer, wanted: Arc<AtomicBool>) -> Self {
        Self { peer, wanted }
    }

    fn make<B>(&self, request: &mut Request<B>) {
        if self.wanted.load(Ordering::Relaxed) {
            request.extensions_mut().insert(self.peer.clone());
        }
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
        interim: Before,
        // The answer, while it waits for what is said before it. In a box: it rarely does.
        answer: Option<Box<Response<B>>>,
        body: Unread,
        // Whether the protocol keeps a connection open unless told otherwise by a header.
        persistent: bool,
        draining: Arc<AtomicBool>,
    }
}

/// The body of a request that may be answered without being read.
struct Unread {
    /// None where it doesn't matter.
    reading: Option<Reading>,
    small: bool,
}

impl Unread {
    fn new(body: &Incoming, persistent: bool) -> Self {
        Self {
            reading: (persistent && !body.is_end_stream()).then(Reading::default),
            small: body.size_hint().upper().is_some_and(|most| most <= SMALL),
        }
    }

    fn note(&self, body: Received) -> Received {
        match &self.reading {
            Some(reading) => body.noting(reading.clone()),
            None => body,
        }
    }

    /// RFC 9112 section 9.6: whoever closes a connection after an answer says so, or the next request on it
    /// is lost and its caller knows nothing of it. hyper closes when an answer is out and the body is not
    /// in; of one that nobody has begun to read it takes what is there, and a small one is there.
    fn ends_the_connection(&self) -> bool {
        let unread = |reading: &Reading| !reading.is_ended() && (reading.is_begun() || !self.small);
        self.reading.as_ref().is_some_and(unread)
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

impl<S, B> Future for CountedFuture<S, B>
where
    S: Service<Request<Received>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    B: Body,
{
    type Output = Result<Response<CountedBody<B>>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = match this.answer.take() {
            Some(answer) => *answer,
            None => match this.answering.poll(cx) {
                Poll::Ready(Ok(answer)) => answer,
                Poll::Ready(Err(error)) => {
                    // Ours, and not the caller's, who waits for it.
                    if let Some(in_flight) = this.in_flight {
                        in_flight.finish();
                    }
                    return Poll::Ready(Err(error));
                }
                Poll::Pending => {
                    this.interim.wake(cx);
                    return Poll::Pending;
                }
            },
        };
        if this.interim.poll_end(cx).is_pending() {
            *this.answer = Some(Box::new(response));
            return Poll::Pending;
        }
        // A 101 hands the connection over; it is no longer ours to close.
        let upgraded = response.status() == StatusCode::SWITCHING_PROTOCOLS;
        let own = response.extensions().get::<OwnAnswer>().is_some();
        let last = this.draining.load(Ordering::Relaxed) || own && this.body.ends_the_connection();
        if *this.persistent && !upgraded && last {
            response
                .headers_mut()
                .insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        let in_flight = this.in_flight.take();
        Poll::Ready(Ok(response.map(|inner| CountedBody::new(inner, in_flight))))
    }
}
