//! The bad times.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::{Stage, start};
use crate::rng::Rng;
use crate::steer::{self, Control};
use crate::{callers, relay};

/// Longest time for every caller to end what it has begun.
const LANDING: Duration = Duration::from_secs(60);

impl Stage {
    /// Faults and callers for so long, with the proxy being replaced so often meanwhile.
    ///
    /// On a machine that is too slow for as many requests as are wanted in all it rages up to twice as
    /// long. Returns how long it did.
    pub(super) async fn storm(
        &mut self,
        length: Duration,
        count: usize,
        restarts: u32,
        wanted: u64,
    ) -> Duration {
        let began = Instant::now();
        let seed = self.shared.seed;
        self.shared.storm(true);
        self.control.faults().await;
        let mut tasks = JoinSet::new();
        for number in 0..count {
            let rng = Rng::new(
                seed,
                "caller",
                number + usize::try_from(restarts).unwrap() * 10_000,
            );
            tasks.spawn(callers::call(Arc::clone(&self.shared), number, rng));
        }
        let drifting = Control::new(self.simulator.addresses[0].parse().unwrap());
        tasks.spawn(steer::drift(
            Arc::clone(&self.shared),
            drifting,
            Rng::new(seed, "drift", count),
        ));
        tasks.spawn(relay::pauses(
            Arc::clone(&self.shared),
            Rng::new(seed, "pauses", count),
        ));
        for _ in 0..restarts {
            sleep(length / (restarts + 1)).await;
            self.restart().await;
        }
        sleep(length / (restarts + 1)).await;
        while self.shared.ledger.requests() < wanted && began.elapsed() < 2 * length {
            sleep(Duration::from_millis(100)).await;
        }
        let raged = began.elapsed();
        self.shared.storm(false);
        self.control.calm().await;
        let ended = Instant::now();
        let landed = timeout(LANDING, async {
            while let Some(ended) = tasks.join_next().await {
                // A task that fails is a fault of this program, or an answer it did not foresee.
                ended.unwrap();
            }
        });
        if landed.await.is_err() {
            self.shared.ledger.violate("callers wait for ever");
        }
        println!("the last caller was done after {:.1?}", ended.elapsed());
        raged
    }

    /// SIGTERM, and another on the same port as soon as it is free.
    async fn restart(&mut self) {
        self.shared.restarts.begin();
        self.proxy.terminate().await.unwrap();
        // The port is free as soon as the first drains.
        let next = start(&self.program, &self.arguments).await;
        let mut last = std::mem::replace(&mut self.proxy, next);
        let ended = last.ended().await;
        self.shared.restarts.end();
        if !ended.as_ref().is_ok_and(std::process::ExitStatus::success) {
            self.shared
                .ledger
                .violate(&format!("the proxy did not end as it should: {ended:?}"));
        }
        self.shared.faults.count("proxy replaced");
    }
}
