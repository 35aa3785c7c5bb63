//! The body of an answer to a caller, with what must last as long as it does.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use pin_project_lite::pin_project;
use tokio::sync::OwnedSemaphorePermit;

use super::places::Place;
use crate::BoxError;
use crate::answer::OwnAnswer;
use crate::metrics::InFlight;
use crate::trace::journal::Recording;

/// A request's share of what is bounded or counted; given back when the last byte has been handed over.
#[derive(Debug)]
pub(super) struct Share {
    _place: Option<Place>,
    _client_place: Option<OwnedSemaphorePermit>,
    _in_flight: InFlight,
    recording: Option<Recording>,
}

impl Share {
    pub(super) fn new(in_flight: InFlight, recording: Option<Recording>) -> Self {
        Self {
            _place: None,
            _client_place: None,
            _in_flight: in_flight,
            recording,
        }
    }

    /// Has it recorded what the caller is answered, where the request is recorded.
    pub(super) fn answered<B>(&self, answer: &Response<B>) {
        let Some(recording) = &self.recording else {
            return;
        };
        if let Some(OwnAnswer(code)) = answer.extensions().get() {
            recording.journal().say("patchwright.code", *code);
        }
        recording.journal().answered(answer.status());
    }

    pub(super) fn with(self, place: Place) -> Self {
        Self {
            _place: Some(place),
            ..self
        }
    }

    /// With a place among those of the request's client, where they are bounded.
    pub(super) fn with_client(self, place: Option<OwnedSemaphorePermit>) -> Self {
        Self {
            _client_place: place,
            ..self
        }
    }
}

pin_project! {
    /// The body of an answer: passed on, or made here.
    #[derive(Debug)]
    pub struct ProxyBody<B> {
        #[pin]
        kind: Kind<B>,
        share: Share,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = KindProjection]
    enum Kind<B> {
        Passed {
            #[pin]
            body: B,
            // How the body broke, until that is told.
            broke: Option<BoxError>,
        },
        Made { #[pin] body: Full<Bytes> },
    }
}

impl<B> ProxyBody<B> {
    pub(super) fn passed(body: B, share: Share) -> Self {
        let kind = Kind::Passed { body, broke: None };
        Self { kind, share }
    }

    pub(super) fn made(body: Full<Bytes>, share: Share) -> Self {
        let kind = Kind::Made { body };
        Self { kind, share }
    }
}

impl<B: Body<Data = Bytes, Error: Into<BoxError>>> Body for ProxyBody<B> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.project().kind.project() {
            KindProjection::Passed { body, broke } => {
                if let Some(error) = broke.take() {
                    return Poll::Ready(Some(Err(error)));
                }
                match ready!(body.poll_frame(cx)) {
                    Some(Err(error)) => {
                        // hyper drops what it has not written yet when a body fails, be it the answer's
                        // head: the caller would see a connection that closed without a word, which some
                        // take for a stale one and send again. While a body is pending, what there is
                        // gets written.
                        *broke = Some(error.into());
                        cx.waker().wake_by_ref();
                        Poll::Pending
                    }
                    frame => Poll::Ready(frame.map(|frame| frame.map_err(Into::into))),
                }
            }
            KindProjection::Made { body } => body
                .poll_frame(cx)
                .map(|frame| frame.map(|frame| frame.map_err(|never| match never {}))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            // Its failure is still to be told.
            Kind::Passed { body, broke } => broke.is_none() && body.is_end_stream(),
            Kind::Made { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Passed { body, .. } => body.size_hint(),
            Kind::Made { body } => body.size_hint(),
        }
    }
}
