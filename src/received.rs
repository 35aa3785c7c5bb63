//! A body as hyper receives it, with nothing incomplete taken for complete.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Version;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

/// Why a body broke off.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// What hyper says.
    #[error(transparent)]
    Hyper(#[from] hyper::Error),
    /// The stream was reset without an error and without having ended.
    #[error("the stream was reset before its end")]
    Reset,
}

/// The body of a message that is being received.
///
/// hyper ends a body over HTTP/2 quietly when the stream is reset with `NO_ERROR`: that is how a server
/// says that it needs no more of a request (RFC 9113 section 8.1). From anybody else, or in the middle of
/// an answer, it is half a message, and passed on like that it would look whole.
#[derive(Debug)]
pub struct Received {
    body: Incoming,
    http2: bool,
    reading: Option<Reading>,
}

/// How far a body has been read, for whoever does not read it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reading(Arc<AtomicU8>);

impl Reading {
    const BEGUN: u8 = 1;
    const ENDED: u8 = 2;

    pub(crate) fn is_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.0.load(Ordering::Relaxed) == Self::ENDED
    }
}

impl Received {
    /// The body of a message in this version.
    pub fn new(body: Incoming, version: Version) -> Self {
        let http2 = version == Version::HTTP_2;
        Self {
            body,
            http2,
            reading: None,
        }
    }

    /// Notes in `reading` how far it gets.
    pub(crate) fn noting(self, reading: Reading) -> Self {
        Self {
            reading: Some(reading),
            ..self
        }
    }
}

impl Body for Received {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(Reading(stage)) = &self.reading {
            let ended = frame.is_none() || self.body.is_end_stream();
            let reached = if ended {
                Reading::ENDED
            } else {
                Reading::BEGUN
            };
            stage.store(reached, Ordering::Relaxed);
        }
        // Over HTTP/2 this is whether the peer has said that it was the end. Over HTTP/1 hyper sees to that.
        if frame.is_none() && self.http2 && !self.body.is_end_stream() {
            return Poll::Ready(Some(Err(Broken::Reset)));
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Broken::Hyper)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
