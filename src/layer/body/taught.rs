use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame};

use crate::directory::Lesson;

/// A passing answer that is copied on its way and learned from at its end.
#[derive(Debug)]
pub(super) struct Taught<R> {
    pub(super) body: R,
    pupil: Option<Pupil>,
}

struct Pupil {
    lesson: Lesson,
    copy: Vec<u8>,
    limit: usize,
}

impl std::fmt::Debug for Pupil {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The copy is somebody's conversation.
        f.debug_struct("Pupil")
            .field("copied", &self.copy.len())
            .finish_non_exhaustive()
    }
}

impl<R> Taught<R> {
    /// Copies at most `limit` bytes; a longer answer teaches nothing.
    pub(super) fn new(body: R, lesson: Lesson, limit: usize) -> Self {
        Self {
            body,
            pupil: Some(Pupil {
                lesson,
                copy: Vec::new(),
                limit,
            }),
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
                    self.copy(data);
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

    fn copy(&mut self, data: &Bytes) {
        self.pupil = self
            .pupil
            .take()
            .filter(|pupil| pupil.copy.len() + data.len() <= pupil.limit);
        if let Some(pupil) = &mut self.pupil {
            pupil.copy.extend_from_slice(data);
        }
    }

    /// Before the caller sees the end: a PATCH that it sends right after finds the snapshot.
    fn graduate(&mut self) {
        if let Some(pupil) = self.pupil.take() {
            (pupil.lesson)(&pupil.copy);
        }
    }
}
