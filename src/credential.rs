//! Tokens that clients are given: fetched from a login host, kept while they are good, renewed before they
//! end.
//!
//! A credential has at most one fetch under way, whoever waits for it, and it runs by itself: a caller that
//! hangs up takes it from nobody. A fetch that failed is not remembered, but the next one starts a second
//! later at the earliest, and until then there is no token.

mod grant;
mod inject;
#[cfg(test)]
mod tests;

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderValue;
use metrics::{Counter, Gauge};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

pub use self::grant::{Fresh, Grant, Problem};
pub use self::inject::{Inject, Injection};
use crate::metrics::Metrics;

/// Between two fetches, and the age at which a token that is refused is worth another one.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest pause between two tries to renew a token that is still good.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// What is asked for a token; it answers within a time of its own.
type Fetch =
    Box<dyn Fn() -> Pin<Box<dyn Future<Output = Result<Fresh, Problem>> + Send>> + Send + Sync>;

/// A credential and its token. Clones share both.
#[derive(Clone)]
pub struct Credential(Arc<Shared>);

struct Shared {
    name: String,
    /// The upstream and the path where tokens are handed out.
    endpoint: (String, String),
    fetch: Fetch,
    state: Mutex<State>,
    fetched: Counter,
    refused: Counter,
    failed: Counter,
    expiry: Gauge,
}

#[derive(Default)]
struct State {
    token: Option<Arc<Token>>,
    /// The fetch under way, and at its end what it came to.
    flight: Option<Flight>,
    /// No fetch before that.
    not_before: Option<Instant>,
}

type Flight = watch::Receiver<Option<Result<Arc<Token>, Unavailable>>>;

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

/// What a caller that asks for a token gets.
enum Seat {
    Token(Arc<Token>),
    Flight(Flight),
    None(Unavailable),
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
        let counter = |result| metrics.credential_fetches(name, result);
        Self(Arc::new(Shared {
            name: name.to_owned(),
            endpoint,
            fetch: Box::new(move || Box::pin(fetch())),
            state: Mutex::default(),
            fetched: counter("ok"),
            refused: counter("refused"),
            failed: counter("failed"),
            expiry: metrics.credential_expiry(name),
        }))
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
        // It ends without a word only when the runtime does.
        let lost = Unavailable { retry_after: PAUSE };
        landed
            .ok()
            .and_then(|landed| landed.clone())
            .unwrap_or(Err(lost))
    }

    /// The upstream refused `token`. It is dropped, unless it was replaced meanwhile, or fetched just now:
    /// then the next one would be no better, and whoever is refused would decide how often we log in.
    pub fn refused(&self, token: &Arc<Token>) {
        let mut state = self.0.state();
        let is_it = state
            .token
            .as_ref()
            .is_some_and(|own| Arc::ptr_eq(own, token));
        if is_it && token.fetched.elapsed() >= PAUSE {
            state.token = None;
            self.0.expiry.set(0.0);
            tracing::info!(
                credential = self.0.name,
                "the upstream refuses the token, so it is dropped"
            );
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Every change of it is one assignment: a panic elsewhere can't leave it half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seat(self: &Arc<Self>) -> Seat {
        let mut state = self.state();
        let now = Instant::now();
        if let Some(token) = state.token.as_ref().filter(|token| now < token.end) {
            return Seat::Token(Arc::clone(token));
        }
        let wait = state
            .not_before
            .and_then(|then| then.checked_duration_since(now));
        if let Some(retry_after) = wait.filter(|wait| !wait.is_zero()) {
            return Seat::None(Unavailable { retry_after });
        }
        Seat::Flight(self.board(&mut state))
    }

    /// The fetch under way, which begins if there is none.
    fn board(self: &Arc<Self>, state: &mut State) -> Flight {
        // One whose other end is gone died with a panic.
        let flying = state
            .flight
            .as_ref()
            .filter(|flight| flight.has_changed().is_ok());
        if let Some(flight) = flying {
            return flight.clone();
        }
        let (landing, flight) = watch::channel(None);
        state.flight = Some(flight.clone());
        let shared = Arc::clone(self);
        // Detached: a caller that hangs up must not take the others down with it.
        tokio::spawn(async move {
            let outcome = shared.fly().await;
            landing.send_replace(Some(outcome));
        });
        flight
    }

    async fn fly(self: &Arc<Self>) -> Result<Arc<Token>, Unavailable> {
        // Its life is counted from before it was asked for.
        let asked = Instant::now();
        let outcome = (self.fetch)().await;
        let mut state = self.state();
        state.flight = None;
        match outcome {
            Ok(Fresh { header, life }) => {
                let token = Arc::new(Token {
                    header,
                    fetched: Instant::now(),
                    old: asked + life.mul_f64(0.8),
                    end: asked + life,
                });
                state.token = Some(Arc::clone(&token));
                drop(state);
                self.tell(life);
                let renewal = renew(Arc::downgrade(self), Arc::downgrade(&token), token.old);
                tokio::spawn(renewal);
                Ok(token)
            }
            Err(problem) => {
                let retry_after = problem.wait().max(PAUSE);
                state.not_before = Some(Instant::now() + retry_after);
                drop(state);
                self.complain(&problem);
                Err(Unavailable { retry_after })
            }
        }
    }

    fn tell(&self, life: Duration) {
        self.fetched.increment(1);
        let end = SystemTime::now() + life;
        let end = end.duration_since(UNIX_EPOCH).unwrap_or_default();
        self.expiry.set(end.as_secs_f64());
        tracing::info!(
            credential = self.name,
            seconds = life.as_secs(),
            "a token was fetched"
        );
    }

    fn complain(&self, problem: &Problem) {
        let counter = match problem {
            Problem::Refused { .. } => &self.refused,
            _ => &self.failed,
        };
        counter.increment(1);
        let hint = problem.hint();
        tracing::warn!(credential = self.name, %problem, hint, "no token could be fetched");
    }
}

/// Renews a token when it gets old, unless it is gone by then.
async fn renew(shared: Weak<Shared>, token: Weak<Token>, old: Instant) {
    sleep_until(old).await;
    let mut pause = PAUSE;
    loop {
        let flight = {
            let (Some(shared), Some(token)) = (shared.upgrade(), token.upgrade()) else {
                return;
            };
            let mut state = shared.state();
            let own = state.token.as_ref();
            if own.is_none_or(|own| !Arc::ptr_eq(own, &token)) || token.end <= Instant::now() {
                // Whoever needs the next one fetches it.
                return;
            }
            shared.board(&mut state)
        };
        let mut flight = flight;
        let landed = flight.wait_for(Option::is_some).await;
        if landed.is_ok_and(|landed| landed.as_ref().is_some_and(Result::is_ok)) {
            return;
        }
        sleep(pause).await;
        pause = (pause * 2).min(MAX_PAUSE);
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
