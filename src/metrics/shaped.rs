use metrics::Counter;
use tokio::time::Instant;

use super::Metrics;
use super::names::RATE_SHAPED_TIME;
use super::times::Times;

/// Counts the requests to one upstream that are held back until their credential's rate allows them.
#[derive(Clone, Debug)]
pub struct Shaped {
    times: Times,
    counter: Counter,
}

impl Shaped {
    pub(super) fn new(metrics: &Metrics, counter: Counter) -> Self {
        Self {
            times: metrics.times(RATE_SHAPED_TIME, None),
            counter,
        }
    }

    /// Counts a request, and the time until the result is dropped.
    pub fn hold(&self) -> Held {
        self.counter.increment(1);
        Held {
            times: self.times.clone(),
            since: Instant::now(),
        }
    }
}

/// A request that is held back.
#[derive(Debug)]
pub struct Held {
    times: Times,
    since: Instant,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.times.record(self.since.elapsed());
    }
}
