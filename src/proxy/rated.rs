//! What passes, and the rate of its credential.

mod future;
mod patience;

use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

pub use self::future::RatedFuture;
use self::future::{Hold, Pass, Payer};
pub use self::patience::Patience;
pub(super) use self::patience::Shape;
use crate::directory::cached::{Callers, Store};
use crate::layer::credential;
use crate::metrics::Shaped;

/// Hears what the answers of a service say of rates, so that lookups keep to theirs. A request whose
/// credential has nothing left is held back, if it is for no longer than its [`Patience`]; else it is sent
/// into its 429, which the caller understands.
#[derive(Debug)]
pub struct Rated<S> {
    inner: S,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    store: Arc<Store>,
    upstream: Arc<str>,
    callers: Callers,
    shaped: Shaped,
}

impl<S: Clone> Clone for Rated<S> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<S> Rated<S> {
    /// What is heard is kept in `store`, for the directory of the upstream of this name.
    pub fn new(inner: S, store: Arc<Store>, upstream: impl Into<Arc<str>>, shaped: Shaped) -> Self {
        let upstream = upstream.into();
        Self {
            inner,
            shared: Arc::new(Shared {
                callers: store.callers(&upstream),
                store,
                upstream,
                shaped,
            }),
        }
    }
}

impl<S, B, R> Service<Request<B>> for Rated<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = RatedFuture<S, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let shared = &self.shared;
        let rates = shared.store.rates();
        // Whose rate a request without a credential spends, if any, is not known.
        let payer = credential(request.headers()).map(|credential| {
            if rates.knows_any() {
                Payer::Known(shared.callers.payer(credential))
            } else {
                Payer::Unknown(credential.clone())
            }
        });
        let account = match payer {
            Some(Payer::Known(payer)) => rates.account(payer),
            _ => None,
        };
        let patience = request.extensions().get::<Patience>().copied();
        let wait = patience
            .zip(account.as_ref())
            .and_then(|(patience, account)| patience.allows(account.wait()?));
        let mut pass = Pass::new(Arc::clone(shared), payer);
        match (wait, patience, account) {
            (Some(until), Some(patience), Some(account)) => {
                // The service that was polled ready goes with the request, a clone stays.
                let clone = self.inner.clone();
                let inner = mem::replace(&mut self.inner, clone);
                let held = shared.shaped.hold();
                RatedFuture::held(
                    Hold::new(inner, request, account, patience, held),
                    until,
                    pass,
                )
            }
            (_, _, account) => {
                pass.sent(account);
                RatedFuture::sent(self.inner.call(request), pass)
            }
        }
    }
}

#[cfg(test)]
mod tests;
