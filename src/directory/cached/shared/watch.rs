use std::time::Duration;

use super::Trouble;
use crate::words::words;

words! {
    /// What the store is asked to do.
    Operation {
        /// Connecting, and paying what is owed.
        Connect = "connect",
        /// Whether it is still there and the same.
        Ping = "ping",
        /// Whether a snapshot in memory is still good.
        Confirm = "confirm",
        /// The mark before a lookup, and the snapshot that may make it needless.
        Look = "look",
        /// Another generation, because of a write.
        Bump = "bump",
        /// Keeping a snapshot.
        Keep = "keep",
        /// Another epoch.
        Renew = "renew",
    }
}

words! {
    /// How that ended.
    Outcome {
        /// Done.
        Ok = "ok",
        /// It took too long.
        Late = "timeout",
        /// There is no connection, or the store refused.
        Failed = "error",
        /// It was not asked, since the replica is alone.
        Alone = "alone",
    }
}

words! {
    /// What became of the question for a snapshot.
    Finding {
        /// It fills.
        Found = "found",
        /// There was none.
        Absent = "absent",
        /// It was read before a write, in another epoch, or too long ago.
        Outdated = "outdated",
        /// It is none of ours.
        Broken = "broken",
    }
}

impl From<&Trouble> for Outcome {
    fn from(trouble: &Trouble) -> Self {
        match trouble {
            Trouble::Late => Self::Late,
            Trouble::Unreachable(_) | Trouble::Refused(_) => Self::Failed,
        }
    }
}

/// Is told what becomes of the store. It runs on the request path: it must not block.
pub trait Watch: Send + Sync + 'static {
    /// Something was done, or not, and took so long.
    fn operation(&self, operation: Operation, outcome: Outcome, took: Duration);

    /// A snapshot was asked for.
    fn found(&self, finding: Finding);

    /// The store has told of another replica's write.
    fn pushed(&self);

    /// It is used from now on.
    fn up(&self);

    /// It cannot be used. It is told with every attempt.
    fn down(&self, trouble: &Trouble);
}

/// Watches nothing.
impl Watch for () {
    fn operation(&self, _: Operation, _: Outcome, _: Duration) {}

    fn found(&self, _: Finding) {}

    fn pushed(&self) {}

    fn up(&self) {}

    fn down(&self, _: &Trouble) {}
}
