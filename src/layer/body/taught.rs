use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame};

use crate::directory::{Lesson, Passing};
use crate::layer::budget::{Budget, Share};
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
    pub(crate) budget: Budget,
    /// What has passed, where that was not all.
    pub(crate) copy: Option<Copy>,
}

/// A part of an answer.
pub(crate) struct Copy {
    bytes: Vec<u8>,
    share: Arc<Share>,
}

impl std::fmt::Debug for Pupil {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The copy is somebody's conversation.
        f.debug_struct("Pupil")
            .field("copied", &self.copied())
            .finish_non_exhaustive()
    }
}

impl Pupil {
    /// An answer that is too long, or finds no room now, teaches nothing.
    fn copy(&mut self, data: &Bytes) -> bool {
        if self.copied() + data.len() > self.limit {
            return false;
        }
        let copy = self.copy.get_or_insert_with(|| Copy {
            bytes: Vec::new(),
            share: self.budget.spare_share(),
        });
        let fits = copy.share.take(data.len());
        if fits {
            copy.bytes.extend_from_slice(data);
        }
        fits
    }

    fn copied(&self) -> usize {
        self.copy.as_ref().map_or(0, |copy| copy.bytes.len())
    }

    /// Learns from what was copied.
    fn graduate(self) {
        let Some(Copy { bytes, share }) = self.copy else {
            return;
        };
        let answer = Passing {
            body: &bytes,
            codings: self.codings,
            limit: self.limit,
        };
        teach(answer, || share, self.lesson);
    }

    /// Learns from all of an answer, which needs no copy on its way.
    fn graduate_at_once(self, data: &Bytes) {
        if data.len() <= self.limit && self.budget.can_spare(data.len()) {
            let answer = Passing {
                body: data,
                codings: self.codings,
                limit: self.limit,
            };
            teach(answer, || self.budget.spare_share(), self.lesson);
        }
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
                // A reader that knows the length doesn't poll again behind the last byte.
                let is_last = self.body.is_end_stream();
                if let Some(data) = frame.data_ref() {
                    self.hear(data, is_last);
                }
                if is_last {
                    self.graduate();
                }
            }
            Some(Err(_)) => self.pupil = None,
            None => self.graduate(),
        }
        Poll::Ready(polled)
    }

    fn hear(&mut self, data: &Bytes, is_last: bool) {
        let Some(pupil) = &mut self.pupil else {
            return;
        };
        if is_last && pupil.copy.is_none() {
            if let Some(pupil) = self.pupil.take() {
                pupil.graduate_at_once(data);
            }
        } else if !pupil.copy(data) {
            self.pupil = None;
        }
    }

    /// Before the caller sees the end: a PATCH that it sends right after finds the snapshot.
    fn graduate(&mut self) {
        if let Some(pupil) = self.pupil.take() {
            pupil.graduate();
        }
    }
}
