use metrics::Counter;
use tokio::time::Instant;

use super::Metrics;

/// Counts the requests to one upstream that are held back until their credential's rate allows them.
#[derive(Clone, Debug)]
pub struct Shaped {
    metrics: Metrics,
    counter: Counter,
}

impl Shaped {
    pub(super) fn new(metrics: &Metrics, counter: Counter) -> Self {
        Self {
            metrics: metrics.clone(),
            counter,
        }
    }

    /// Counts a request, and the time until the result is dropped.
    pub fn hold(&self) -> Held {
        self.counter.increment(1);
        Held {
            metrics: self.metrics.clone(),
            since: Instant::now(),
        }
    }
}

/// A request that is held back.
#[derive(Debug)]
pub struct Held {
    metrics: Metrics,
    since: Instant,
}

impl Drop for Held {
    fn drop(&mut self) {
        let shaped = &self.metrics.0.shaped;
        self.metrics.sample(shaped, self.since.elapsed());
    }
}
