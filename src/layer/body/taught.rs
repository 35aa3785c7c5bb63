use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame};

use crate::directory::Lesson;
use crate::layer::budget::Share;
use crate::layer::decode::teach;
use crate::repair::coding::Codings;

/// A passing answer that is copied on its way and learned from at its end.
#[derive(Debug)]
pub(super) struct Taught<R> {
    pub(super) body: R,
    pupil: Option<Pupil>,
}

/// What learns from a passing answer, and what it may hold.
pub(crate) struct Pupil {
    /// Takes the answer's text.
    pub(crate) lesson: Lesson,
    /// What the answer is coded in.
    pub(crate) codings: Codings,
    /// Most bytes of a copy, and of its text.
    pub(crate) limit: usize,
    /// What they are charged to.
    pub(crate) share: Arc<Share>,
    /// What has passed.
    pub(crate) copy: Vec<u8>,
}

impl std::fmt::Debug for Pupil {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The copy is somebody's conversation.
        f.debug_struct("Pupil")
            .field("copied", &self.copy.len())
            .finish_non_exhaustive()
    }
}

impl Pupil {
    /// An answer that is too long, or finds no room now, teaches nothing.
    fn copy(mut self, data: &Bytes) -> Option<Self> {
        let fits = self.copy.len() + data.len() <= self.limit && self.share.take(data.len());
        fits.then(|| {
            self.copy.extend_from_slice(data);
            self
        })
    }
}

impl<R> Taught<R> {
    pub(super) fn new(body: R, pupil: Pupil) -> Self {
        Self {
            body,
            pupil: Some(pupil),
        }
    }
}

impl<R: Body<Data = Bytes> + Unpin> Taught<R> {
    pub(super) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, R::Error>>> {
        let polled = std::task::ready!(Pin::new(&mut self.body).poll_frame(cx));
        match &polled {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    self.pupil = self.pupil.take().and_then(|pupil| pupil.copy(data));
                }
                // A reader that knows the length doesn't poll again behind the last byte.
                if self.body.is_end_stream() {
                    self.graduate();
                }
            }
            Some(Err(_)) => self.pupil = None,
            None => self.graduate(),
        }
        Poll::Ready(polled)
    }

    /// Before the caller sees the end: a PATCH that it sends right after finds the snapshot.
    fn graduate(&mut self) {
        if let Some(pupil) = self.pupil.take() {
            let Pupil {
                lesson,
                codings,
                limit,
                share,
                copy,
            } = pupil;
            teach(codings, copy, limit, share, lesson);
        }
    }
}
