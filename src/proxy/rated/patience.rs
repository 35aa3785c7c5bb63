use std::time::Duration;

use tokio::time::Instant;

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
