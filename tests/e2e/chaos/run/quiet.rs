//! The good times in between.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::sleep;

use super::Stage;
use crate::callers;
use crate::process::Held;

/// Longest time for the network to be whole again, in the eyes of the proxy.
const HEALING: Duration = Duration::from_secs(15);

impl Stage {
    /// Nothing but well-behaved callers on a network that works: all is healed, and this is what it takes.
    pub(super) async fn quiet(&mut self, when: &str) -> Held {
        let began = Instant::now();
        while self.failing(1).await > 0 {
            if began.elapsed() > HEALING {
                self.shared
                    .ledger
                    .violate(&format!("{when} requests still fail"));
                break;
            }
            sleep(Duration::from_millis(200)).await;
        }
        let healed = began.elapsed();
        let failing = self.failing(60).await;
        if failing > 0 {
            self.shared
                .ledger
                .violate(&format!("{when} {failing} callers fail again"));
        }
        // The pool's idle connections end (timeouts.upstream_idle).
        sleep(Duration::from_secs(4)).await;
        let held = self.proxy.held().unwrap();
        println!("{when}: healed within {healed:.1?}; {held:?}");
        held
    }

    /// How many of some well-behaved callers fail at one of so many requests.
    async fn failing(&self, requests: usize) -> usize {
        let calls =
            (0..16).map(|number| callers::quietly(Arc::clone(&self.shared), number, requests));
        let succeeded = calls.collect::<JoinSet<_>>().join_all().await;
        succeeded.into_iter().filter(|succeeded| !succeeded).count()
    }
}
