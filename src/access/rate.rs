//! How many requests a client may send in a time: a bucket that fills evenly (GCRA).

use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::time::Instant;

use crate::config::Rate;

#[derive(Debug)]
pub(super) struct Limit {
    limiter: RateLimiter<NotKeyed, InMemoryState, Since, NoOpMiddleware<Duration>>,
    clock: Since,
}

/// The time since it was made, by the clock of everything else here.
#[derive(Clone, Copy, Debug)]
struct Since(Instant);

impl Clock for Since {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

impl Limit {
    /// Full: all of `rate` may come at once.
    pub(super) fn new(rate: Rate) -> Option<Self> {
        let quota = Quota::with_period(rate.per / rate.requests.get())?;
        let quota = quota.allow_burst(rate.requests);
        let clock = Since(Instant::now());
        let limiter = RateLimiter::direct_with_clock(quota, clock);
        Some(Self { limiter, clock })
    }

    /// Takes one request, or says how long to wait for it.
    pub(super) fn take(&self) -> Result<(), Duration> {
        self.limiter
            .check()
            .map_err(|not_until| not_until.wait_time_from(self.clock.now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_and_then_as_many_as_become_free() {
        let rate = Rate {
            requests: 3.try_into().unwrap(),
            per: Duration::from_secs(60),
        };
        let limit = Limit::new(rate).unwrap();
        for _ in 0..3 {
            limit.take().unwrap();
        }
        let wait = limit.take().unwrap_err();
        assert_eq!(wait, Duration::from_secs(20));
        tokio::time::advance(wait).await;
        limit.take().unwrap();
        assert!(limit.take().is_err());
        tokio::time::advance(Duration::from_secs(3600)).await;
        let taken = (0..10).take_while(|_| limit.take().is_ok()).count();
        assert_eq!(taken, 3, "idle time is not saved up");
    }
}
