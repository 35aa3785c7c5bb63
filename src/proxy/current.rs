//! The proxy of the configuration that is in force.

use std::mem;
use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Context, Poll};

use http::Request;
use tower_service::Service;

/// A service that can be replaced while it is used. Clones share it.
///
/// Each request goes to the one that is there when it comes, and stays with it to its end.
#[derive(Debug)]
pub struct Current<P>(Arc<RwLock<P>>);

impl<P> Clone for Current<P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<P: Clone> Current<P> {
    /// Begins with `service`.
    pub fn new(service: P) -> Self {
        Self(Arc::new(RwLock::new(service)))
    }

    /// Requests that come from now on go to `service`.
    pub fn replace(&self, service: P) {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let before = mem::replace(&mut *current, service);
        drop(current);
        // Not under the lock: it may be the last one that knows of a lot of connections.
        drop(before);
    }

    fn get(&self) -> P {
        // It is replaced as a whole: a panic elsewhere can't leave it half changed. Nobody holds the lock
        // for longer than it takes to copy or to swap a few pointers.
        let current = self.0.read().unwrap_or_else(PoisonError::into_inner);
        current.clone()
    }
}

impl<P, B> Service<Request<B>> for Current<P>
where
    P: Service<Request<B>> + Clone,
{
    type Response = P::Response;
    type Error = P::Error;
    type Future = P::Future;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), P::Error>> {
        // A proxy always is.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> P::Future {
        self.get().call(request)
    }
}
