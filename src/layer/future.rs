use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use http_body::Body;
use pin_project_lite::pin_project;

use super::body::{Pupil, ResponseBody};
use super::budget::Budget;
use super::write::WriteGuard;
use crate::directory::{Directory, Lesson};
use crate::repair::coding::Codings;

/// What a passing answer may teach, and what may be held for it.
pub(super) struct Class {
    pub(super) lesson: Lesson,
    pub(super) limit: usize,
    pub(super) budget: Budget,
}

impl Class {
    /// `None` where the answer's codings are not known.
    fn pupil(self, headers: &HeaderMap) -> Option<Pupil> {
        Some(Pupil {
            lesson: self.lesson,
            codings: Codings::of(headers).ok()?,
            limit: self.limit,
            share: self.budget.spare_share(),
            copy: Vec::new(),
        })
    }
}

type Exchange<R, E> = Pin<Box<dyn Future<Output = Result<Response<ResponseBody<R>>, E>> + Send>>;

pin_project! {
    /// Future of [`Repair`](super::Repair). Only a request that a rule matches is boxed.
    pub struct ResponseFuture<F, D: Directory, R: Body, E> {
        #[pin]
        kind: Kind<F, D, R, E>,
    }
}

pin_project! {
    #[project = KindProj]
    enum Kind<F, D: Directory, R: Body, E> {
        Forward { #[pin] inner: F },
        // A write on a conversation that no rule matches; the guard speaks up when it is dropped.
        Write { #[pin] inner: F, guard: Option<WriteGuard<D>> },
        // A GET of a source.
        Learn { #[pin] inner: F, class: Option<Class> },
        Repair { exchange: Exchange<R, E> },
    }
}

impl<F, D: Directory, R: Body, E> ResponseFuture<F, D, R, E> {
    pub(super) fn forward(inner: F) -> Self {
        Self {
            kind: Kind::Forward { inner },
        }
    }

    pub(super) fn write(inner: F, guard: WriteGuard<D>) -> Self {
        Self {
            kind: Kind::Write {
                inner,
                guard: Some(guard),
            },
        }
    }

    pub(super) fn learn(inner: F, class: Class) -> Self {
        Self {
            kind: Kind::Learn {
                inner,
                class: Some(class),
            },
        }
    }

    pub(super) fn repair(exchange: Exchange<R, E>) -> Self {
        Self {
            kind: Kind::Repair { exchange },
        }
    }
}

impl<F, D, R, E> Future for ResponseFuture<F, D, R, E>
where
    F: Future<Output = Result<Response<R>, E>>,
    D: Directory,
    R: Body<Data = Bytes>,
{
    type Output = Result<Response<ResponseBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match self.project().kind.project() {
            KindProj::Forward { inner } => ready!(inner.poll(cx)).map(pass),
            KindProj::Write { inner, guard } => {
                let answer = ready!(inner.poll(cx));
                drop(guard.take());
                answer.map(pass)
            }
            KindProj::Learn { inner, class } => {
                let answer = ready!(inner.poll(cx));
                answer.map(|answer| {
                    let class = class.take().filter(|_| answer.status() == StatusCode::OK);
                    match class.and_then(|class| class.pupil(answer.headers())) {
                        Some(pupil) => answer.map(|body| ResponseBody::taught(body, pupil)),
                        None => pass(answer),
                    }
                })
            }
            KindProj::Repair { exchange } => ready!(exchange.as_mut().poll(cx)),
        })
    }
}

fn pass<R: Body>(response: Response<R>) -> Response<ResponseBody<R>> {
    response.map(ResponseBody::inner)
}

impl<F, D: Directory, R: Body, E> std::fmt::Debug for ResponseFuture<F, D, R, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
