//! The body of a request that may have to be sent a second time.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::Lease;
use crate::BoxError;
use crate::upstream::body::RequestBody;

/// Bytes that are kept for it. They are shared with what is being sent, not copied; a repaired PATCH is
/// far below, and who uploads more than this is told to try again.
const KEPT: u64 = 64 << 10;

/// A body together with what was taken from it already.
#[derive(Debug)]
pub(super) struct Replay {
    body: RequestBody,
    taken: Vec<Bytes>,
    size: u64,
    /// Whether `taken` is all that was taken.
    whole: bool,
}

impl Replay {
    pub(super) fn new(body: RequestBody) -> Self {
        Self {
            body,
            taken: Vec::new(),
            size: 0,
            whole: true,
        }
    }

    /// The body as it came, unless something was taken from it.
    pub(super) fn into_body(self) -> Option<RequestBody> {
        (self.whole && self.taken.is_empty()).then_some(self.body)
    }

    fn keep(&mut self, frame: &Frame<Bytes>) {
        let Some(data) = frame.data_ref() else {
            // Trailers come once and last.
            self.whole = false;
            return;
        };
        self.size += data.len() as u64;
        self.whole &= self.size <= KEPT;
        if self.whole {
            self.taken.push(data.clone());
        } else {
            self.taken = Vec::new();
        }
    }
}

/// A [`Replay`] on its way: what hyper sends.
pub(super) struct Outgoing {
    /// `None` once it was taken back.
    body: Arc<Mutex<Option<Replay>>>,
    again: VecDeque<Bytes>,
    /// The stream stays open for as long as this is not sent.
    _lease: Arc<Lease>,
}

/// The way back to a body that was sent.
pub(super) struct Told(Arc<Mutex<Option<Replay>>>);

impl Outgoing {
    pub(super) fn new(body: Replay, lease: Arc<Lease>) -> (Self, Told) {
        let again = body.taken.iter().cloned().collect();
        let body = Arc::new(Mutex::new(Some(body)));
        let told = Told(Arc::clone(&body));
        let outgoing = Self {
            body,
            again,
            _lease: lease,
        };
        (outgoing, told)
    }

    fn body(&self) -> MutexGuard<'_, Option<Replay>> {
        self.body.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Told {
    /// The body from its start, unless too much of it is gone. What still holds the [`Outgoing`] gets
    /// an error from it, and never an end: nothing incomplete looks complete.
    pub(super) fn again(self) -> Option<Replay> {
        let mut body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        body.take().filter(|body| body.whole)
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let mut body = this.body.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(replay) = body.as_mut() else {
            return Poll::Ready(Some(Err("the body is sent on another stream".into())));
        };
        if let Some(data) = this.again.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        let polled = Pin::new(&mut replay.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && replay.whole
        {
            replay.keep(frame);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        let ended = |replay: &Replay| replay.body.is_end_stream();
        self.again.is_empty() && self.body().as_ref().is_some_and(ended)
    }

    fn size_hint(&self) -> SizeHint {
        let body = self.body();
        let hint = body.as_ref().map(|replay| replay.body.size_hint());
        let hint = hint.unwrap_or_default();
        let again: u64 = self.again.iter().map(|data| data.len() as u64).sum();
        let mut whole = SizeHint::new();
        whole.set_lower(hint.lower() + again);
        if let Some(upper) = hint.upper() {
            whole.set_upper(upper + again);
        }
        whole
    }
}
