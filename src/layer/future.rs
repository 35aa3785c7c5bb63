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
            budget: self.budget,
            copy: None,
        })
    }
}

type Boxed<R, E> = Pin<Box<dyn Future<Output = Result<Response<ResponseBody<R>>, E>> + Send>>;

pin_project! {
    /// Future of [`Repair`](super::Repair). Only a request that a rule matches is boxed, and one for which
    /// the directory has to ask or tell others first.
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
        Boxed { future: Boxed<R, E> },
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

    pub(super) fn boxed(future: Boxed<R, E>) -> Self {
        Self {
            kind: Kind::Boxed { future },
        }
    }
}

impl<F, D, R, E> Future for ResponseFuture<F, D, R, E>
where
    F: Future<Output = Result<Response<R>, E>>,
    D: Directory,
    R: Body<Data = Bytes> + Send + 'static,
    E: Send + 'static,
{
    type Output = Result<Response<ResponseBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut kind = self.project().kind;
        Poll::Ready(match kind.as_mut().project() {
            KindProj::Forward { inner } => ready!(inner.poll(cx)).map(pass),
            KindProj::Write { inner, guard } => {
                let answer = ready!(inner.poll(cx));
                let Some(told) = guard.take().and_then(WriteGuard::answered) else {
                    return Poll::Ready(answer.map(pass));
                };
                // The answer goes on when others know of it.
                let mut future: Boxed<R, E> = Box::pin(async move {
                    told.await;
                    answer.map(pass)
                });
                let polled = future.as_mut().poll(cx);
                kind.set(Kind::Boxed { future });
                ready!(polled)
            }
            KindProj::Learn { inner, class } => {
                let answer = ready!(inner.poll(cx));
                answer.map(|answer| teach(answer, class.take()))
            }
            KindProj::Boxed { future } => ready!(future.as_mut().poll(cx)),
        })
    }
}

/// Lets an answer teach on its way.
pub(super) fn teach<R: Body<Data = Bytes>>(
    answer: Response<R>,
    class: Option<Class>,
) -> Response<ResponseBody<R>> {
    let class = class.filter(|_| answer.status() == StatusCode::OK);
    match class.and_then(|class| class.pupil(answer.headers())) {
        Some(pupil) => answer.map(|body| ResponseBody::taught(body, pupil)),
        None => pass(answer),
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
