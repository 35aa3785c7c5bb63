//! What becomes known of the store that replicas share.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::directory::cached::shared::{Finding, Operation, Outcome, Trouble, Watch};
use crate::metrics::{Metrics, RedisMetrics};

/// Tells metrics and the log.
pub struct RedisWatch {
    address: String,
    metrics: RedisMetrics,
    said: Mutex<Said>,
}

/// What the log has of the present outage. Each kind of trouble is worth a line: a server that comes back and
/// then wants another password is not the server that was gone.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    late: bool,
    unreachable: bool,
    refused: bool,
}

impl RedisWatch {
    pub(super) fn new(metrics: &Metrics, address: &str) -> Self {
        Self {
            address: address.to_owned(),
            metrics: metrics.redis(),
            said: Mutex::default(),
        }
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch for RedisWatch {
    fn operation(&self, operation: Operation, outcome: Outcome, took: Duration) {
        self.metrics.operation(operation, outcome, took);
    }

    fn found(&self, finding: Finding) {
        self.metrics.found(finding);
    }

    fn pushed(&self) {
        self.metrics.pushed();
    }

    fn up(&self) {
        self.metrics.up(true);
        let said = std::mem::take(&mut *self.said());
        if said == Said::default() {
            tracing::info!(address = self.address, "snapshots are shared through Redis");
        } else {
            tracing::info!(
                address = self.address,
                "Redis is back: snapshots are shared again"
            );
        }
    }

    fn down(&self, trouble: &Trouble) {
        self.metrics.up(false);
        let mut said = self.said();
        let kind = match trouble {
            Trouble::Late => &mut said.late,
            Trouble::Refused(_) => &mut said.refused,
            Trouble::Unreachable(_) => &mut said.unreachable,
        };
        let is_known = std::mem::replace(kind, true);
        drop(said);
        let address = &self.address;
        // Not a warning each time: it has been said, and an outage may be long.
        if is_known {
            tracing::debug!(address, %trouble, "Redis still cannot be used");
        } else {
            tracing::warn!(
                address, %trouble,
                "Redis cannot be used: going on alone, and trying again until it can"
            );
        }
    }
}

impl fmt::Debug for RedisWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisWatch")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
