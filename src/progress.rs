//! When something last moved, shared between what moves it and what watches over it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// A clock that is wound up again by every bit of progress.
///
/// Winding it up is one relaxed store: the watcher sleeps until the deadline it knows, looks again, and
/// goes back to sleep if there was progress meanwhile. So what moves never has to wake what watches.
#[derive(Debug)]
pub(crate) struct Progress {
    start: Instant,
    last_micros: AtomicU64,
}

impl Progress {
    /// Progress was made just now.
    pub(crate) fn new() -> Self {
        Self {
            start: Instant::now(),
            last_micros: AtomicU64::new(0),
        }
    }

    /// Progress was made.
    pub(crate) fn touch(&self) {
        let micros = u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.last_micros.store(micros, Ordering::Relaxed);
    }

    /// How long it has been watched.
    pub(crate) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// When progress was made last.
    pub(crate) fn last(&self) -> Instant {
        self.start + Duration::from_micros(self.last_micros.load(Ordering::Relaxed))
    }

    /// Ends when there was no progress for `limit`.
    pub(crate) async fn stalled(&self, limit: Duration) {
        loop {
            let deadline = self.last() + limit;
            if Instant::now() >= deadline {
                return;
            }
            sleep_until(deadline).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn a_stall_is_counted_from_the_last_progress() {
        let progress = Arc::new(Progress::new());
        let started = Instant::now();
        let shared = Arc::clone(&progress);
        let watcher = tokio::spawn(async move { shared.stalled(LIMIT).await });
        tokio::time::sleep(LIMIT / 2).await;
        progress.touch();
        watcher.await.unwrap();
        let took = started.elapsed();
        assert!(took >= LIMIT * 3 / 2, "{took:?}");
        assert!(took < LIMIT * 2, "{took:?}");
    }
}
