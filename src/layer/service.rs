use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{AUTHORIZATION, UPGRADE};
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use http_body::Body;
use tower_service::Service;

use super::body::{RequestBody, ResponseBody};
use super::exchange::exchange;
use super::future::{Class, ResponseFuture, teach};
use super::write::{WriteGuard, may_change_state};
use super::{BoxError, Shared};
use crate::boxed::boxed;
use crate::directory::{Ask, Directory, Learning, Lesson};

/// Service of [`RepairLayer`](super::RepairLayer). See the [module docs](super).
#[derive(Debug)]
pub struct Repair<S, D> {
    inner: S,
    shared: Arc<Shared<D>>,
}

impl<S: Clone, D> Clone for Repair<S, D> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<S, D> Repair<S, D> {
    pub(super) fn new(inner: S, shared: Arc<Shared<D>>) -> Self {
        Self { inner, shared }
    }
}

impl<S, D, B, R> Service<Request<B>> for Repair<S, D>
where
    S: Service<Request<RequestBody<B>>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    D: Directory,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError> + Send,
    R: Body<Data = Bytes> + Send + Unpin + 'static,
    R::Error: Send,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, D, R, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (method, path) = (request.method(), request.uri().path());
        // An upgrade is decided before any body is touched: buffering one would hang the tunnel.
        let upgrades = request.headers().contains_key(UPGRADE);
        let mark = if upgrades {
            None
        } else {
            self.shared.rules.mark(method, path)
        };
        if let Some(mark) = mark {
            // The service that was polled ready goes with the request, a clone stays.
            let clone = self.inner.clone();
            let inner = mem::replace(&mut self.inner, clone);
            let shared = Arc::clone(&self.shared);
            return ResponseFuture::boxed(boxed(|| exchange(shared, inner, request, mark)));
        }
        let shared = &self.shared;
        if may_change_state(method, path)
            && let Some(conversation) = shared.rules.conversation_at(path)
        {
            let guard = WriteGuard::new(&shared.directory, conversation);
            return ResponseFuture::write(
                self.inner.call(request.map(RequestBody::original)),
                guard,
            );
        }
        let learning = shared.learning(&request);
        let request = request.map(RequestBody::original);
        match learning {
            Some(Learning::Now(lesson)) => {
                ResponseFuture::learn(self.inner.call(request), shared.class(lesson))
            }
            Some(Learning::Later(later)) => {
                let (shared, clone) = (Arc::clone(shared), self.inner.clone());
                let mut inner = mem::replace(&mut self.inner, clone);
                ResponseFuture::boxed(Box::pin(async move {
                    let class = shared.class(later.await);
                    let answer = inner.call(request).await?;
                    Ok(teach(answer, Some(class)))
                }))
            }
            None => ResponseFuture::forward(self.inner.call(request)),
        }
    }
}

impl<D: Directory> Shared<D> {
    /// What a passing GET could teach. A query may ask for another view of the conversation.
    fn learning<B>(&self, request: &Request<B>) -> Option<Learning> {
        if *request.method() != Method::GET || request.uri().query().is_some() {
            return None;
        }
        let (source, conversation) = self.rules.source_at(request.uri().path())?;
        if !source.learn {
            return None;
        }
        let ask = Ask {
            source: Arc::clone(source),
            address: request.uri().clone().into(),
            conversation,
            credential: credential(request.headers())?.clone(),
            newer_than: None,
        };
        self.directory.learn(ask)
    }

    fn class(&self, lesson: Lesson) -> Class {
        Class {
            lesson,
            limit: self.options.learn_limit,
            budget: self.options.buffered.clone(),
        }
    }
}

/// The caller's credential. Of several it is unknown which one counts for the upstream.
pub(crate) fn credential(headers: &HeaderMap) -> Option<&HeaderValue> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let only = all.next().filter(|value| !value.is_empty())?;
    all.next().is_none().then_some(only)
}
