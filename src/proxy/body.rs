//! The body of an answer to a caller, with what must last as long as it does.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use pin_project_lite::pin_project;
use tokio::sync::OwnedSemaphorePermit;

use crate::metrics::InFlight;

/// A request's share of what is bounded or counted; given back when the last byte has been handed over.
#[derive(Debug)]
pub(super) struct Share {
    _place: Option<OwnedSemaphorePermit>,
    _in_flight: InFlight,
}

impl Share {
    pub(super) fn new(in_flight: InFlight) -> Self {
        Self {
            _place: None,
            _in_flight: in_flight,
        }
    }

    pub(super) fn with(self, place: OwnedSemaphorePermit) -> Self {
        Self {
            _place: Some(place),
            ..self
        }
    }
}

pin_project! {
    /// The body of an answer: passed on, or made here.
    #[derive(Debug)]
    pub struct ProxyBody<B>
    where
        B: Body,
    {
        #[pin]
        kind: Kind<B>,
        // What it broke off with, until it is said.
        broken: Option<B::Error>,
        share: Share,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = KindProjection]
    enum Kind<B> {
        Passed { #[pin] body: B },
        Made { #[pin] body: Full<Bytes> },
    }
}

impl<B: Body> ProxyBody<B> {
    pub(super) fn passed(body: B, share: Share) -> Self {
        Self::new(Kind::Passed { body }, share)
    }

    pub(super) fn made(body: Full<Bytes>, share: Share) -> Self {
        Self::new(Kind::Made { body }, share)
    }

    fn new(kind: Kind<B>, share: Share) -> Self {
        Self {
            kind,
            broken: None,
            share,
        }
    }
}

impl<B: Body<Data = Bytes>> Body for ProxyBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.project();
        if let Some(error) = this.broken.take() {
            return Poll::Ready(Some(Err(error)));
        }
        match this.kind.project() {
            KindProjection::Passed { body } => match ready!(body.poll_frame(cx)) {
                Some(Err(error)) => {
                    // hyper drops what it has not written when a body fails, the head included: the
                    // caller would see a connection that ends without a word. It writes when a body
                    // has nothing to give, so the failure comes one turn later.
                    *this.broken = Some(error);
                    cx.waker().wake_by_ref();
                    Poll::Pending
                }
                frame => Poll::Ready(frame),
            },
            KindProjection::Made { body } => body
                .poll_frame(cx)
                .map(|frame| frame.map(|frame| frame.map_err(|never| match never {}))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Passed { body } => body.is_end_stream(),
            Kind::Made { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Passed { body } => body.size_hint(),
            Kind::Made { body } => body.size_hint(),
        }
    }
}
