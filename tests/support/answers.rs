//! An upstream that has its answer ready. Several test binaries and benchmarks include this file.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use http::{Request, Response};
use tower::Service;

/// Answers everything with this body, without reading what it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Answers<R>(pub(crate) R);

impl<B, R: Clone> Service<Request<B>> for Answers<R> {
    type Response = Response<R>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        ready(Ok(Response::new(self.0.clone())))
    }
}
