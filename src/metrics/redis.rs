use std::time::Duration;

use metrics::{Counter, Gauge, Label};

use super::Metrics;
use super::names::{REDIS_OPERATIONS, REDIS_PUSHES, REDIS_SNAPSHOTS, REDIS_TIME, REDIS_UP};
use super::times::Times;
use crate::directory::cached::shared::{Finding, Operation, Outcome};

/// From what a Redis on the same machine takes to the longest timeout.
pub(super) const BUCKETS: [f64; 10] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.5,
];

/// What is counted of the store that replicas share. There only where there is one.
pub(crate) struct RedisMetrics {
    metrics: Metrics,
    up: Gauge,
    pushes: Counter,
    seconds: Times,
}

impl Metrics {
    /// The counters of the store that replicas share.
    pub(crate) fn redis(&self) -> RedisMetrics {
        let up = self.gauge(REDIS_UP, Vec::new());
        up.set(0.0);
        RedisMetrics {
            up,
            pushes: self.counter(REDIS_PUSHES, Vec::new()),
            seconds: self.times(REDIS_TIME, None),
            metrics: self.clone(),
        }
    }
}

impl RedisMetrics {
    pub(crate) fn up(&self, is_up: bool) {
        self.up.set(if is_up { 1.0 } else { 0.0 });
    }

    pub(crate) fn pushed(&self) {
        self.pushes.increment(1);
    }

    pub(crate) fn operation(&self, operation: Operation, outcome: Outcome, took: Duration) {
        let labels = vec![
            Label::new("operation", operation.as_str()),
            Label::new("result", outcome.as_str()),
        ];
        self.metrics.counter(REDIS_OPERATIONS, labels).increment(1);
        if outcome != Outcome::Alone {
            self.seconds.record(took);
        }
    }

    pub(crate) fn found(&self, finding: Finding) {
        let labels = vec![Label::new("result", finding.as_str())];
        self.metrics.counter(REDIS_SNAPSHOTS, labels).increment(1);
    }
}
