//! Who holds the token of one credential: fetches it when it is asked for, and renews it.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use metrics::{Counter, Gauge};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::{Fresh, Problem, Token, Unavailable};
use crate::metrics::Metrics;

/// Between two fetches, and the age at which a token that is refused is worth another one.
pub(super) const PAUSE: Duration = Duration::from_secs(1);
/// The longest pause between two tries to renew a token that is still good.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// What is asked for a token; it answers within a time of its own.
type Fetch = Box<dyn Fn() -> Fetching + Send + Sync>;

pub(super) type Fetching = Pin<Box<dyn Future<Output = Result<Fresh, Problem>> + Send>>;

pub(super) struct Holder {
    pub(super) name: String,
    /// The upstream and the path where tokens are handed out.
    pub(super) endpoint: (String, String),
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

pub(super) type Flight = watch::Receiver<Option<Result<Arc<Token>, Unavailable>>>;

/// What a caller that asks for a token gets.
pub(super) enum Seat {
    Token(Arc<Token>),
    Flight(Flight),
    None(Unavailable),
}

impl Holder {
    pub(super) fn new(
        name: &str,
        endpoint: (String, String),
        metrics: &Metrics,
        fetch: Fetch,
    ) -> Self {
        let counter = |result| metrics.credential_fetches(name, result);
        Self {
            name: name.to_owned(),
            endpoint,
            fetch,
            state: Mutex::default(),
            fetched: counter("ok"),
            refused: counter("refused"),
            failed: counter("failed"),
            expiry: metrics.credential_expiry(name),
        }
    }

    /// Drops `token`, unless it was replaced meanwhile, or fetched just now: then the next one would be no
    /// better, and whoever is refused would decide how often we log in.
    pub(super) fn refused(&self, token: &Arc<Token>) {
        let mut state = self.state();
        let own = state.token.as_ref();
        let is_it = own.is_some_and(|own| Arc::ptr_eq(own, token));
        if is_it && token.fetched.elapsed() >= PAUSE {
            state.token = None;
            drop(state);
            self.expiry.set(0.0);
            let credential = &self.name;
            tracing::info!(
                credential,
                "the upstream refuses the token, so it is dropped"
            );
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change of it is one assignment: a panic elsewhere can't leave it half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn seat(self: &Arc<Self>) -> Seat {
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
async fn renew(shared: Weak<Holder>, token: Weak<Token>, old: Instant) {
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
