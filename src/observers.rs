//! Everyone who hears what became of a request: the metrics, the page of recent repairs, the ledger and the log.

mod breaker;
mod line;
mod redis;

use std::sync::Arc;
use std::time::SystemTime;

use crate::admin::Recent;
use crate::layer::record::{Observer, Record};
use crate::ledger::Ledger;
use crate::metrics::Metrics;

pub use self::breaker::BreakerWatch;
pub use self::redis::RedisWatch;

/// Tells metrics, the admin listener's recent repairs, the ledger and the log of each record.
#[derive(Clone, Debug)]
pub struct Observers {
    metrics: Metrics,
    /// With `None` nobody hears of a record.
    recent: Option<Recent>,
    ledger: Ledger,
    /// The upstream of the requests that are told of.
    upstream: Option<Arc<str>>,
}

impl Observers {
    /// Tells `metrics`, `recent` and the log.
    pub fn new(metrics: Metrics, recent: Recent) -> Self {
        Self {
            metrics,
            recent: Some(recent),
            ledger: Ledger::new(SystemTime::now()),
            upstream: None,
        }
    }

    /// Tells nobody of any request. For the benchmark of what it costs to be told.
    pub fn off() -> Self {
        Self {
            metrics: Metrics::off(),
            recent: None,
            ledger: Ledger::new(SystemTime::now()),
            upstream: None,
        }
    }

    /// The same for requests to the upstream called `name`.
    #[must_use]
    pub fn at(&self, name: &str) -> Self {
        Self {
            upstream: Some(name.into()),
            ..self.clone()
        }
    }

    /// Tells metrics and the log what the breaker of the upstream called `name` does.
    pub fn breaker(&self, name: &str) -> BreakerWatch {
        BreakerWatch::new(&self.metrics, name)
    }

    /// Tells metrics and the log what becomes of the Redis at `address`.
    pub fn redis(&self, address: &str) -> RedisWatch {
        RedisWatch::new(&self.metrics, address)
    }

    /// What callers still send wrong, for the report.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The metrics among them.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }
}

impl Observer for Observers {
    fn observe(&self, record: &Record<'_>) {
        if let Some(recent) = &self.recent {
            self.metrics.observe(record);
            // One time for all of them: to ask for it costs as much as to note something.
            let now = SystemTime::now();
            let kept = recent.push(record, self.upstream.as_deref(), now);
            self.ledger.note(&kept);
            line::log(&kept);
        }
    }
}
