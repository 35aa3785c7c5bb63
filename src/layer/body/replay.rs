use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};

use crate::layer::budget::Share;

/// Frames shorter than this are put together: a frame costs some dozen bytes to remember and may keep all
/// of the buffer alive that it was read into, so a body in pieces of one byte would cost a multiple of it.
const SHORT: usize = 2 << 10;

/// Frames that were read already, and the rest of the body they came from.
pub(crate) struct Replay<B: Body> {
    frames: VecDeque<Bytes>,
    /// Short frames behind those.
    tail: BytesMut,
    buffered: u64,
    trailers: Option<HeaderMap>,
    rest: Option<B>,
    /// Where the body broke: a reader must not take what was read for all of it.
    error: Option<B::Error>,
    /// What the frames are charged to.
    share: Arc<Share>,
}

impl<B: Body<Data = Bytes>> Replay<B> {
    /// What will be read is charged to `share`.
    pub(crate) fn new(rest: B, share: Arc<Share>) -> Self {
        Self {
            frames: VecDeque::new(),
            tail: BytesMut::new(),
            buffered: 0,
            trailers: None,
            rest: Some(rest),
            error: None,
            share,
        }
    }

    /// The frames as one piece, copied only if there are several. They stay charged to the share.
    pub(crate) fn into_bytes(mut self) -> (Bytes, Option<HeaderMap>) {
        self.end_tail();
        let mut frames = self.frames;
        let bytes = if frames.len() > 1 {
            let mut all = Vec::with_capacity(usize::try_from(self.buffered).unwrap_or_default());
            for frame in &frames {
                all.extend_from_slice(frame);
            }
            Bytes::from(all)
        } else {
            frames.pop_front().unwrap_or_default()
        };
        (bytes, self.trailers)
    }

    fn push(&mut self, data: Bytes) {
        if data.is_empty() {
            return;
        }
        self.buffered += data.len() as u64;
        // Most bodies are one frame, which stays as it is.
        if data.len() < SHORT && !(self.frames.is_empty() && self.tail.is_empty()) {
            self.tail.extend_from_slice(&data);
        } else {
            self.end_tail();
            self.frames.push_back(data);
        }
    }

    fn end_tail(&mut self) {
        if !self.tail.is_empty() {
            self.frames.push_back(self.tail.split().freeze());
        }
    }
}

/// How reading into the buffer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filled {
    /// All of the body is there.
    Whole,
    /// There is more than may be buffered.
    OverLimit,
    /// All bodies together hold as much as they may.
    Crowded,
    /// The body broke.
    Broken,
}

impl<B: Body<Data = Bytes> + Unpin> Replay<B> {
    /// Reads the body into the buffer, to its end or until more than `limit` bytes are there.
    pub(crate) async fn fill(&mut self, limit: usize) -> Filled {
        while let Some(rest) = &mut self.rest {
            if self.buffered > limit as u64 {
                return Filled::OverLimit;
            }
            let mut rest = Pin::new(rest);
            match std::future::poll_fn(|cx| rest.as_mut().poll_frame(cx)).await {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => {
                        let fits = self.charge(data.len());
                        // Kept in any case: somebody may still want to pass it on.
                        self.push(data);
                        if !fits {
                            return Filled::Crowded;
                        }
                    }
                    Err(frame) => self.trailers = frame.into_trailers().ok(),
                },
                Some(Err(error)) => {
                    self.error = Some(error);
                    self.rest = None;
                }
                None => self.rest = None,
            }
        }
        match self.error {
            Some(_) => Filled::Broken,
            None if self.buffered > limit as u64 => Filled::OverLimit,
            None => Filled::Whole,
        }
    }

    fn charge(&self, bytes: usize) -> bool {
        self.share.take(bytes)
    }
}

/// The fields may hold a caller's data, so none is shown.
impl<B: Body> std::fmt::Debug for Replay<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replay")
            .field("buffered", &self.buffered)
            .finish_non_exhaustive()
    }
}

impl<B> Unpin for Replay<B> where B: Body + Unpin {}

impl<B: Body<Data = Bytes> + Unpin> Body for Replay<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        self.end_tail();
        if let Some(data) = self.frames.pop_front() {
            self.buffered -= data.len() as u64;
            self.share.give_back(data.len());
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        if let Some(rest) = &mut self.rest {
            return Pin::new(rest).poll_frame(cx);
        }
        if let Some(error) = self.error.take() {
            return Poll::Ready(Some(Err(error)));
        }
        Poll::Ready(
            self.trailers
                .take()
                .map(|trailers| Ok(Frame::trailers(trailers))),
        )
    }

    fn is_end_stream(&self) -> bool {
        let rest_ended = self.rest.as_ref().is_none_or(Body::is_end_stream);
        self.buffered == 0 && self.trailers.is_none() && self.error.is_none() && rest_ended
    }

    fn size_hint(&self) -> SizeHint {
        if self.error.is_some() {
            return SizeHint::default();
        }
        let mut hint = self
            .rest
            .as_ref()
            .map_or(SizeHint::with_exact(0), Body::size_hint);
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper + self.buffered);
        }
        hint.set_lower(hint.lower() + self.buffered);
        hint
    }
}
