//! What becomes known of the lookups of one upstream that are not sent, and of its breaker.

use std::fmt;
use std::time::Duration;

use metrics::{Counter, Gauge};

use crate::directory::breaker::{Change, State};
use crate::directory::cached::Watch;
use crate::metrics::{Metrics, Times};
use crate::tally::Tally;

/// Tells metrics and the log.
pub struct BreakerWatch {
    upstream: String,
    state: Gauge,
    openings: Counter,
    refusals: Counter,
    over_budget: Counter,
    times: Times,
    tally: Tally,
}

impl BreakerWatch {
    pub(super) fn new(metrics: &Metrics, upstream: &str) -> Self {
        let (state, openings, refusals) = metrics.breaker(upstream);
        let this = Self {
            upstream: upstream.to_owned(),
            state,
            openings,
            refusals,
            over_budget: metrics.over_budget(upstream),
            times: metrics.lookup_times(upstream),
            tally: metrics.tally().clone(),
        };
        this.show(State::Closed);
        this
    }

    fn show(&self, state: State) {
        self.state.set(match state {
            State::Closed => 0.0,
            State::HalfOpen => 1.0,
            State::Open => 2.0,
        });
    }
}

/// For people: chance has a say in it down to the nanosecond.
fn shown(time: Duration) -> humantime::FormattedDuration {
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    humantime::format_duration(Duration::from_millis(millis))
}

impl Watch for BreakerWatch {
    fn changed(&self, change: Change) {
        let upstream = &self.upstream;
        match change {
            Change::Opened(time) => {
                self.show(State::Open);
                self.openings.increment(1);
                let time = shown(time);
                tracing::warn!(upstream, %time, "too many lookups fail: they are suspended");
            }
            Change::Probes => {
                self.show(State::HalfOpen);
                tracing::debug!(
                    upstream,
                    "a lookup goes to see whether the upstream is back"
                );
            }
            // Not a warning each time: it has been said, and an outage may be long.
            Change::StaysOpen(time) => {
                self.show(State::Open);
                let time = shown(time);
                tracing::debug!(upstream, %time, "it is not: lookups stay suspended");
            }
            Change::Closed => {
                self.show(State::Closed);
                tracing::info!(upstream, "lookups are answered again");
            }
        }
    }

    fn looked_up(&self, took: Duration) {
        self.times.record(took);
        self.tally.looked_up(took);
    }

    fn refused(&self) {
        self.refusals.increment(1);
    }

    fn over_budget(&self) {
        self.over_budget.increment(1);
    }
}

/// What is suspended no more, since nothing is looked up there any more, must not be shown as if it were.
impl Drop for BreakerWatch {
    fn drop(&mut self) {
        self.show(State::Closed);
    }
}

impl fmt::Debug for BreakerWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreakerWatch")
            .field("upstream", &self.upstream)
            .finish_non_exhaustive()
    }
}
