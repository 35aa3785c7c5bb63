use std::future::poll_fn;
use std::marker::PhantomData;

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::Case;
use crate::call::Call;
use crate::directory::Directory;
use crate::layer::body::RequestBody;
use crate::layer::write::WriteGuard;

/// The inner service, which was polled ready once.
pub(super) struct Sender<S, B, R> {
    inner: S,
    is_ready: bool,
    bodies: PhantomData<fn(B) -> R>,
}

impl<S, B, R> Sender<S, B, R>
where
    S: Service<Request<RequestBody<B>>, Response = Response<R>>,
    B: Body,
{
    pub(super) fn new(inner: S) -> Self {
        Self {
            inner,
            is_ready: true,
            bodies: PhantomData,
        }
    }

    /// The first request goes at once: none of those who wait for its answer has to keep room for it.
    pub(super) fn send(
        &mut self,
        request: Request<RequestBody<B>>,
    ) -> impl Future<Output = Result<Response<R>, S::Error>> {
        if std::mem::take(&mut self.is_ready) {
            let answering = self.inner.call(request);
            return Call::Called { answering };
        }
        let waiting = Box::pin(async move {
            poll_fn(|cx| self.inner.poll_ready(cx)).await?;
            self.inner.call(request).await
        });
        Call::Waiting { waiting }
    }

    /// Sends a request of `case`; `changes` says whether it may change what the directory holds.
    pub(super) fn send_case<D: Directory>(
        &mut self,
        case: &Case<'_, D>,
        request: Request<RequestBody<B>>,
        changes: bool,
    ) -> impl Future<Output = Result<Response<R>, S::Error>> {
        let written = case.written(request.method(), request.uri().path(), changes);
        let guard =
            written.map(|conversation| WriteGuard::new(&case.shared.directory, conversation));
        let sent = self.send(request);
        async move {
            let answer = sent.await;
            if let Some(told) = guard.and_then(WriteGuard::answered) {
                told.await;
            }
            answer
        }
    }
}
