//! A tower service, called by whoever only has a reference to it.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;
use tower::util::Oneshot;
use tower_service::Service;

/// Calls a clone of `service`, at once if it is ready: a service that always is (as ours are) costs neither a
/// state of waiting nor a place for the request to wait in.
pub(crate) fn call<S, R>(service: &S, request: R) -> Call<S, R>
where
    S: Service<R> + Clone,
{
    let mut service = service.clone();
    let ready = service.poll_ready(&mut Context::from_waker(Waker::noop()));
    let state = if let Poll::Ready(Ok(())) = ready {
        State::Called {
            answering: service.call(request),
        }
    } else {
        // Asked again, with the waker of whoever waits. One that has failed says so once more.
        State::Waiting {
            waiting: Box::pin(Oneshot::new(service, request)),
        }
    };
    Call { state }
}

pin_project! {
    /// The answer of a service to one request.
    pub(crate) struct Call<S: Service<R>, R> {
        #[pin]
        state: State<S, R>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S: Service<R>, R> {
        Called { #[pin] answering: S::Future },
        Waiting { waiting: Pin<Box<Oneshot<S, R>>> },
    }
}

impl<S: Service<R>, R> Future for Call<S, R> {
    type Output = Result<S::Response, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Called { answering } => answering.poll(cx),
            StateProjection::Waiting { waiting } => waiting.as_mut().poll(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use tower::service_fn;
    use tower_test::mock;

    use super::*;

    #[tokio::test]
    async fn one_that_is_ready_is_called_before_anybody_waits() {
        let (sender, called) = std::sync::mpsc::channel();
        let service = service_fn(move |request: u8| {
            sender.send(request).unwrap();
            async move { Ok::<_, Infallible>(request + 1) }
        });
        let call = call(&service, 1);
        assert_eq!(called.try_recv(), Ok(1));
        assert_eq!(call.await, Ok(2));
    }

    #[tokio::test]
    async fn one_that_is_not_ready_is_waited_for() {
        let (service, mut handle) = mock::pair::<u8, u8>();
        handle.allow(0);
        let answering = tokio::spawn(call(&service, 1));
        tokio::task::yield_now().await;
        handle.allow(1);
        let (request, answer) = handle.next_request().await.unwrap();
        answer.send_response(request + 1);
        assert_eq!(answering.await.unwrap().unwrap(), 2);
    }

    #[tokio::test]
    async fn one_that_fails_is_not_called() {
        let (service, handle) = mock::pair::<u8, u8>();
        drop(handle);
        assert!(call(&service, 1).await.is_err());
    }
}
