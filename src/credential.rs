//! Tokens that clients are given: fetched from a login host, kept while they are good, renewed before they
//! end.
//!
//! A credential has at most one fetch under way, whoever waits for it, and it runs by itself: a caller that
//! hangs up takes it from nobody. A fetch that failed is not remembered, but the next one starts a second
//! later at the earliest, and until then there is no token.

mod grant;
mod holder;
mod inject;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use tokio::time::Instant;

pub use self::grant::{Fresh, Grant, Problem};
use self::holder::{Fetching, Holder, PAUSE, Seat};
pub use self::inject::{Inject, Injection};
use crate::metrics::Metrics;

/// A credential and its token. Clones share both.
#[derive(Clone)]
pub struct Credential(Arc<Holder>);

/// A token as it is sent. Shown nowhere.
pub struct Token {
    header: HeaderValue,
    fetched: Instant,
    /// When it is to be renewed.
    old: Instant,
    end: Instant,
}

/// There is no token right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable {
    /// When it is worth asking again.
    pub retry_after: Duration,
}

/// The same, and not only alike.
impl PartialEq for Credential {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Credential {
    /// Fetches nothing yet. `endpoint` are the upstream and the path that `fetch` asks.
    pub fn new<F>(
        name: &str,
        endpoint: (String, String),
        metrics: &Metrics,
        fetch: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Fresh, Problem>> + Send + 'static,
    {
        let fetch = Box::new(move || -> Fetching { Box::pin(fetch()) });
        Self(Arc::new(Holder::new(name, endpoint, metrics, fetch)))
    }

    /// Its name in the configuration.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether tokens are handed out there. Whoever asks for one has none yet.
    pub fn is_endpoint(&self, upstream: &str, path: &str) -> bool {
        let (own, at) = &self.0.endpoint;
        own == upstream && at == path
    }

    /// The token, fetched if there is none.
    pub async fn token(&self) -> Result<Arc<Token>, Unavailable> {
        let mut flight = match self.0.seat() {
            Seat::Token(token) => return Ok(token),
            Seat::None(unavailable) => return Err(unavailable),
            Seat::Flight(flight) => flight,
        };
        let landed = flight.wait_for(Option::is_some).await;
        // It ends without a word only when the runtime does, or with a panic.
        let lost = Unavailable { retry_after: PAUSE };
        landed
            .ok()
            .and_then(|landed| landed.clone())
            .unwrap_or(Err(lost))
    }

    /// The upstream refused `token`.
    pub fn refused(&self, token: &Arc<Token>) {
        self.0.refused(token);
    }
}

impl Token {
    /// `Bearer …`, marked as sensitive.
    pub fn header(&self) -> &HeaderValue {
        &self.header
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Credential").field(&self.0.name).finish()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").finish_non_exhaustive()
    }
}
