//! Putting a token on the requests of a client.

#[cfg(test)]
mod tests;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Request, Response, StatusCode};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::{Credential, Unavailable};
use crate::answer::{Answer, OwnAnswer, RequestId};
use crate::layer::body::ResponseBody;

/// In a request's extensions: the credential that it is given.
#[derive(Clone, Debug)]
pub struct Injection {
    /// Whose tokens.
    pub credential: Credential,
    /// Whether it takes the place of the caller's own.
    pub overwrite: bool,
}

/// Puts the token of a request's [`Injection`] on it. A request without one costs nothing.
#[derive(Clone, Debug)]
pub struct Inject<S> {
    inner: S,
    /// What is behind it.
    upstream: Arc<str>,
}

impl<S> Inject<S> {
    /// In front of `inner`, which leads to `upstream`.
    pub fn new(inner: S, upstream: &str) -> Self {
        let upstream = upstream.into();
        Self { inner, upstream }
    }

    /// The injection that this request needs.
    fn wanted<B>(&self, request: &mut Request<B>) -> Option<Injection> {
        let injection = request.extensions_mut().remove::<Injection>()?;
        let own = request.headers().contains_key(AUTHORIZATION);
        let Injection {
            credential,
            overwrite,
        } = &injection;
        let asks = credential.is_endpoint(&self.upstream, request.uri().path());
        ((!own || *overwrite) && !asks).then_some(injection)
    }
}

impl<S, B, R> Service<Request<B>> for Inject<S>
where
    S: Service<Request<B>, Response = Response<ResponseBody<R>>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    R: Body<Data = Bytes>,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = InjectFuture<S::Future, S::Response, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let Some(Injection { credential, .. }) = self.wanted(&mut request) else {
            let inner = self.inner.call(request);
            let state = State::Passing { inner };
            return InjectFuture { state };
        };
        // The one that is ready goes, its clone stays.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let injecting = async move {
            let id = request.extensions().get::<RequestId>().copied();
            let id = id.unwrap_or_else(RequestId::next);
            let token = match credential.token().await {
                Ok(token) => token,
                Err(unavailable) => return Ok(none(&credential, unavailable, id)),
            };
            request
                .headers_mut()
                .insert(AUTHORIZATION, token.header().clone());
            let answer = inner.call(request).await?;
            let own = answer.extensions().get::<OwnAnswer>().is_some();
            if answer.status() == StatusCode::UNAUTHORIZED && !own {
                credential.refused(&token);
            }
            Ok(answer)
        };
        let answering: Answering<_, _> = Box::pin(injecting);
        let state = State::Injecting { answering };
        InjectFuture { state }
    }
}

fn none<R: Body>(
    credential: &Credential,
    Unavailable { retry_after }: Unavailable,
    id: RequestId,
) -> Response<ResponseBody<R>> {
    let (credential, code) = (credential.name(), "patchwright.credential.unavailable");
    tracing::info!(%id, credential, code, "request refused: there is no token for it");
    let message = format!("there is no token of credential {credential:?}: nothing was delivered");
    let answer = Answer::new(StatusCode::SERVICE_UNAVAILABLE, code, message);
    let answer = answer.retry_after(retry_after).into_response(id);
    answer.map(ResponseBody::own)
}

pin_project! {
    /// The answer to come.
    pub struct InjectFuture<F, R, E> {
        #[pin]
        state: State<F, R, E>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F, R, E> {
        // Nothing was put on the request.
        Passing { #[pin] inner: F },
        // A token is put on it first.
        Injecting { answering: Answering<R, E> },
    }
}

type Answering<R, E> = Pin<Box<dyn Future<Output = Result<R, E>> + Send>>;

impl<F, R, E> Future for InjectFuture<F, R, E>
where
    F: Future<Output = Result<R, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Passing { inner } => inner.poll(cx),
            StateProjection::Injecting { answering } => answering.as_mut().poll(cx),
        }
    }
}

impl<F, R, E> std::fmt::Debug for InjectFuture<F, R, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InjectFuture").finish_non_exhaustive()
    }
}
