//! A tower service that is called at once, if it is ready.

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
#[cfg(feature = "proxy")]
use {std::task::Waker, tower::util::Oneshot, tower_service::Service};

pin_project! {
    /// The answer of a service to one request.
    #[project = CallProjection]
    pub(crate) enum Call<F, W> {
        Called { #[pin] answering: F },
        // The service has to be ready first. In a box: none of ours ever has to be waited for.
        Waiting { waiting: Pin<Box<W>> },
    }
}

impl<F: Future, W: Future<Output = F::Output>> Future for Call<F, W> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.project() {
            CallProjection::Called { answering } => answering.poll(cx),
            CallProjection::Waiting { waiting } => waiting.as_mut().poll(cx),
        }
    }
}

/// What [`call`] returns.
#[cfg(feature = "proxy")]
pub(crate) type CallOf<S, R> = Call<<S as Service<R>>::Future, Oneshot<S, R>>;

/// Calls a clone of `service`, at once if it is ready: a service that always is (as ours are) costs neither a
/// state of waiting nor a place for the request to wait in.
#[cfg(feature = "proxy")]
pub(crate) fn call<S, R>(service: &S, request: R) -> CallOf<S, R>
where
    S: Service<R> + Clone,
{
    let mut service = service.clone();
    let ready = service.poll_ready(&mut Context::from_waker(Waker::noop()));
    if let Poll::Ready(Ok(())) = ready {
        Call::Called {
            answering: service.call(request),
        }
    } else {
        // Asked again, with the waker of whoever waits. One that has failed says so once more.
        Call::Waiting {
            waiting: Box::pin(Oneshot::new(service, request)),
        }
    }
}

#[cfg(all(test, feature = "proxy"))]
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
