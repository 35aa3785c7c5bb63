use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::directory::cached::Store;

/// How long requests may be held back.
#[derive(Clone, Debug)]
pub(in crate::proxy) struct Shape {
    longest: Duration,
    store: Arc<Store>,
}

impl Shape {
    /// `None` where they may not be. The rates that they are held back for are known to `store`.
    pub(in crate::proxy) fn new(longest: Duration, store: Arc<Store>) -> Option<Self> {
        (!longest.is_zero()).then_some(Self { longest, store })
    }

    /// Of a request that arrives now. Where nothing is known of rates it needs none.
    pub(in crate::proxy) fn patience(&self) -> Option<Patience> {
        let any = self.store.rates().knows_any();
        any.then(|| Patience::new(self.longest))
    }
}

/// Until when a request may be held back, in its extensions. It counts from its arrival: a request that is
/// sent twice, after a rejection, is not held twice as long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience(Instant);

impl Patience {
    /// `longest` from now on.
    pub fn new(longest: Duration) -> Self {
        Self(Instant::now() + longest)
    }

    /// When a wait is over, if that is in time.
    pub(super) fn allows(self, wait: Duration) -> Option<Instant> {
        let end = Instant::now() + wait;
        (end <= self.0).then_some(end)
    }
}
