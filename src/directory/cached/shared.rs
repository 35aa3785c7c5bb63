//! What replicas share: snapshots and generations, in a store that all of them reach.
//!
//! # The law
//!
//! State that was changed through one replica is never filled stale through another once the first has
//! answered, as long as both reach the store.
//!
//! Each conversation has a *generation* there, a token that was never used before, put in its place by every
//! write that a replica sees: before it is forwarded, and again after its answer. The caller gets that answer
//! when the store has acknowledged the second. A snapshot carries the generation that was read *before* its GET
//! was sent, and fills while that is still the one of its conversation: with each use, or each time that a
//! request joins a lookup which began before it came, the store is asked once more. A conversation without a
//! generation matches nothing, so it does no harm when one expires or is evicted.
//!
//! An *epoch* stands for the store itself. It names the run of the server that it began in: whatever a restart
//! or a failover may have lost or brought back belongs to another one.
//!
//! # Alone
//!
//! When the store does not answer in time, or not at all, a replica goes on as if there were none, and tries
//! again after a pause that grows. Bumps that could not be written are *debts*: they are paid before anything
//! that is shared counts again. What was read while the replica was alone counts only while it is, and what was
//! shared only while it is not.

mod debts;
mod keeper;
mod link;
mod remote;
mod seal;
mod standing;
mod tokens;
mod watch;

pub use remote::{Answer, Epoch, Events, Mark, Remote, Session, Sight, Trouble};
pub use watch::{Finding, Operation, Outcome, Watch};

pub(super) use link::{Found, Link, Patience};
pub(super) use seal::Seal;
pub(super) use standing::Bond;

use std::time::Duration;

/// How the store is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Longest time that a request waits for the store: once when it is filled, once when it has changed
    /// something.
    pub timeout: Duration,
    /// Whether the store is asked each time before a snapshot in memory fills. If not, what it pushes must do:
    /// for as long as a push takes, a snapshot that another replica has made stale still fills.
    pub confirm: bool,
}

impl Default for Settings {
    /// 50 ms: a hundred times what a store nearby takes, and nothing that a caller would notice.
    fn default() -> Self {
        Self {
            timeout: Duration::from_millis(50),
            confirm: true,
        }
    }
}

#[cfg(test)]
mod tests;
