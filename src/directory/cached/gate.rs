use std::fmt;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::directory::LookupError;
use crate::directory::breaker::{Breaker, Change, Pass, Settings, Verdict};
use crate::rule::ConversationId;

/// Is told what a breaker does. It runs on the request path: it must not block.
pub trait Watch: Send + Sync + 'static {
    /// The breaker changed.
    fn changed(&self, change: Change);

    /// A lookup was not started, as lookups are suspended.
    fn refused(&self);

    /// A lookup was sent, and ended after so long.
    fn looked_up(&self, _took: Duration) {}

    /// A lookup was not started, as it was more than lookups may use of their credential's rate.
    fn over_budget(&self) {}
}

/// Watches nothing.
impl Watch for () {
    fn changed(&self, _: Change) {}

    fn refused(&self) {}
}

/// What every lookup of one upstream has to pass: a breaker, shared by all who ask it.
pub struct Gate {
    breaker: Mutex<Breaker>,
    opened: Notify,
    watch: Box<dyn Watch>,
}

/// A lookup that was let through. Dropped, it came to nothing.
pub(super) struct Admitted<'g> {
    gate: &'g Gate,
    conversation: ConversationId,
    pass: Option<Pass>,
    probes: bool,
}

impl Gate {
    /// With a breaker that is closed. `watch` is told what it does.
    pub fn new(settings: Settings, watch: impl Watch) -> Self {
        Self {
            breaker: Mutex::new(Breaker::new(settings)),
            opened: Notify::new(),
            watch: Box::new(watch),
        }
    }

    /// Whether lookups are suspended.
    pub(super) fn check(&self) -> Result<(), LookupError> {
        match self.lock().refusal(now()) {
            Some(wait) => Err(self.refuse(wait)),
            None => Ok(()),
        }
    }

    /// Waits for a place among the lookups, but not past the moment when they are suspended: whoever
    /// queues behind lookups that time out would only do the same.
    pub(super) async fn place<'p>(
        &self,
        places: &'p Semaphore,
    ) -> Result<SemaphorePermit<'p>, LookupError> {
        let mut opened = pin!(self.opened.notified());
        // Before the check, so that no opening falls between the two.
        opened.as_mut().enable();
        self.check()?;
        tokio::select! {
            biased;
            // The semaphore is never closed, so an error can't be; it would read as unreachable.
            place = places.acquire() => place.map_err(|_| LookupError::Unreachable),
            () = opened => {
                self.check()?;
                // It was open so shortly that it is over.
                places.acquire().await.map_err(|_| LookupError::Unreachable)
            }
        }
    }

    /// Lets a lookup through, or not.
    pub(super) fn admit(&self, conversation: ConversationId) -> Result<Admitted<'_>, LookupError> {
        let mut breaker = self.lock();
        match breaker.admit(now()) {
            Ok((pass, change)) => {
                self.tell(change);
                Ok(Admitted {
                    gate: self,
                    conversation,
                    pass: Some(pass),
                    probes: change.is_some(),
                })
            }
            Err(wait) => Err(self.refuse(wait)),
        }
    }

    /// Refuses a lookup that its credential's rate leaves no room for.
    pub(super) fn over_budget(&self, wait: Duration) -> LookupError {
        self.watch.over_budget();
        LookupError::Throttled(wait)
    }

    /// Says how long a lookup took.
    pub(super) fn looked_up(&self, took: Duration) {
        self.watch.looked_up(took);
    }

    fn refuse(&self, wait: Duration) -> LookupError {
        self.watch.refused();
        LookupError::Suspended(wait)
    }

    /// Under the lock: the last that is told is how it is.
    fn tell(&self, change: Option<Change>) {
        if let Some(change) = change {
            self.watch.changed(change);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Breaker> {
        // The breaker's own code cannot panic half-way.
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Admitted<'_> {
    /// Whether it is the only one that may go.
    pub(super) fn is_probe(&self) -> bool {
        self.probes
    }

    /// Says how the lookup ended.
    pub(super) fn settle(mut self, verdict: Verdict) {
        self.end(verdict);
    }

    fn end(&mut self, verdict: Verdict) {
        let Some(pass) = self.pass.take() else { return };
        let mut breaker = self.gate.lock();
        let change = breaker.settle(pass, self.conversation, verdict, now(), chance());
        self.gate.tell(change);
        drop(breaker);
        if matches!(change, Some(Change::Opened(_))) {
            self.gate.opened.notify_waiters();
        }
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        self.end(Verdict::Unknown);
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("breaker", &self.breaker)
            .finish_non_exhaustive()
    }
}

/// tokio's clock, so that tests can stop it.
fn now() -> std::time::Instant {
    Instant::now().into_std()
}

/// Without randomness the probes of several processes may fall together, which is no harm.
fn chance() -> u8 {
    let mut byte = [0];
    getrandom::fill(&mut byte).map_or(0, |()| byte[0])
}
