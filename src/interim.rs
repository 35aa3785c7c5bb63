//! Interim answers (1xx) on their way from an upstream to an HTTP/1.1 caller, which RFC 9110 section 15.2
//! wants forwarded.
//!
//! hyper's client shows them and its server can't send them, so they go past it: what the upstream says
//! waits here, and the caller's socket writes it when hyper has nothing left to write itself. While a
//! request is in flight and the head of its answer has not been handed to hyper, that is a boundary
//! between messages. The answer waits for what came before it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::header::{self, HeaderMap};
use http::{Request, StatusCode};
use hyper::ext::on_informational;

use crate::upstream::hop;

/// Bytes that wait for a caller that reads slowly; more are dropped, as any interim answer may be lost.
const MAX_WAITING: usize = 16 << 10;
/// Interim answers to one request. Few have more than one; this many are no help to anybody.
const MAX_ANSWERS: usize = 32;

#[derive(Debug, Default)]
struct Slot {
    /// Which request of the connection is in flight; `None` between requests.
    current: Option<u64>,
    begun: u64,
    answers: usize,
    waiting: Vec<u8>,
    waker: Option<Waker>,
}

impl Slot {
    fn wake_by(&mut self, cx: &Context<'_>) {
        match &mut self.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            None => self.waker = Some(cx.waker().clone()),
        }
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// What waits to be written on one connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interims(Arc<Mutex<Slot>>);

/// Takes the interim answers to one request.
#[derive(Clone, Debug)]
pub(crate) struct Interim {
    interims: Interims,
    request: u64,
}

impl Interims {
    fn slot(&self) -> MutexGuard<'_, Slot> {
        // Plain data: a panic elsewhere can't leave it half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request is in flight now.
    pub(crate) fn begin(&self) -> Interim {
        let mut slot = self.slot();
        slot.begun += 1;
        slot.current = Some(slot.begun);
        slot.answers = 0;
        slot.waiting.clear();
        Interim {
            interims: self.clone(),
            request: slot.begun,
        }
    }

    /// What is to be written next; the answer behind it goes on.
    pub(crate) fn take(&self) -> Bytes {
        let mut slot = self.slot();
        if slot.waiting.is_empty() {
            return Bytes::new();
        }
        let waiting = std::mem::take(&mut slot.waiting);
        slot.wake();
        waiting.into()
    }
}

impl Interim {
    /// Has what hyper's client hears before the answer to `request` sent to the caller, wherever the request goes.
    pub(crate) fn listen<B>(&self, request: &mut Request<B>) {
        let interim = self.clone();
        on_informational(request, move |answer| {
            if let Some(message) = message(answer.status(), answer.headers()) {
                interim.send(&message);
            }
        });
    }

    /// Has `message`, a whole one, written to the caller. It is dropped when its request is over.
    pub(crate) fn send(&self, message: &[u8]) {
        let mut slot = self.interims.slot();
        let room = slot.waiting.len() + message.len() <= MAX_WAITING && slot.answers < MAX_ANSWERS;
        if slot.current != Some(self.request) || !room {
            return;
        }
        slot.answers += 1;
        slot.waiting.extend_from_slice(message);
        slot.wake();
    }

    /// Notes who is to be woken, by the connection's task.
    pub(crate) fn wake(&self, cx: &Context<'_>) {
        self.interims.slot().wake_by(cx);
    }

    /// Ready when everything that came has been taken; from then on nothing is.
    pub(crate) fn poll_end(&self, cx: &Context<'_>) -> Poll<()> {
        let mut slot = self.interims.slot();
        if !slot.waiting.is_empty() {
            slot.wake_by(cx);
            return Poll::Pending;
        }
        slot.current = None;
        Poll::Ready(())
    }

    /// The request is over, whatever became of it.
    pub(crate) fn close(&self) {
        let mut slot = self.interims.slot();
        if slot.current == Some(self.request) {
            slot.current = None;
            slot.waiting.clear();
        }
    }
}

/// An interim answer as it stands on the wire of HTTP/1.1. `None` for 100, which our own server says, and
/// for 101, which is no interim one.
fn message(status: StatusCode, headers: &HeaderMap) -> Option<Vec<u8>> {
    if status == StatusCode::CONTINUE || status == StatusCode::SWITCHING_PROTOCOLS {
        return None;
    }
    let mut headers = headers.clone();
    hop::remove_hop_by_hop(&mut headers);
    // RFC 9110 section 8.6: it has no content, and must not speak of any.
    headers.remove(header::CONTENT_LENGTH);
    let reason = status.canonical_reason().unwrap_or_default();
    let mut message = format!("HTTP/1.1 {} {reason}\r\n", status.as_str()).into_bytes();
    for (name, value) in &headers {
        message.extend_from_slice(name.as_str().as_bytes());
        message.extend_from_slice(b": ");
        message.extend_from_slice(value.as_bytes());
        message.extend_from_slice(b"\r\n");
    }
    message.extend_from_slice(b"\r\n");
    Some(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CX: Context<'static> = Context::from_waker(Waker::noop());

    #[test]
    fn an_answer_waits_for_what_came_before_it_and_for_nothing_after() {
        let interims = Interims::default();
        let request = interims.begin();
        request.send(b"a");
        request.send(b"b");
        assert!(request.poll_end(&CX).is_pending());
        assert_eq!(interims.take(), "ab");
        assert!(request.poll_end(&CX).is_ready());
        request.send(b"late");
        assert!(interims.take().is_empty());
    }

    #[test]
    fn what_one_request_is_told_is_not_said_to_another() {
        let interims = Interims::default();
        let first = interims.begin();
        first.send(b"a");
        first.close();
        let second = interims.begin();
        first.send(b"b");
        // Nor does the end of one close the other.
        first.close();
        second.send(b"c");
        assert_eq!(interims.take(), "c");
    }

    #[test]
    fn number_and_bytes_are_bounded() {
        let interims = Interims::default();
        let request = interims.begin();
        request.send(&[b'x'; MAX_WAITING]);
        request.send(b"y");
        assert_eq!(interims.take().len(), MAX_WAITING);
        for _ in 0..MAX_ANSWERS {
            request.send(b"z");
        }
        assert_eq!(interims.take().len(), MAX_ANSWERS - 1);
    }
}
