//! Rings when nothing moves.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

use crate::pace::Pace;

/// A body made no progress for `timeouts.idle`, or a caller sent hardly any in that time.
#[derive(Debug, thiserror::Error)]
#[error("the body made no progress for {0:?}")]
pub(super) struct Stalled(Duration);

/// Rings when something was waited for too long and too little came of it (see [`Pace`]). Costs nothing
/// until it is waited for the first time, which of most bodies it never is.
#[derive(Debug)]
pub(super) struct Alarm {
    limit: Duration,
    waiting: Option<Box<Waiting>>,
}

#[derive(Debug)]
struct Waiting {
    pace: Pace,
    sleep: Pin<Box<Sleep>>,
}

impl Alarm {
    pub(super) fn new(limit: Duration) -> Self {
        Self {
            limit,
            waiting: None,
        }
    }

    /// So many bytes came.
    pub(super) fn moved(&mut self, bytes: usize) {
        if let Some(waiting) = &mut self.waiting
            && !waiting.pace.is_clear()
        {
            waiting.pace.moved(Instant::now(), bytes);
        }
    }

    /// Something came.
    pub(super) fn stop(&mut self) {
        if let Some(waiting) = &mut self.waiting {
            waiting.pace = Pace::default();
        }
    }

    pub(super) fn poll_ring(&mut self, cx: &mut Context<'_>) -> Poll<Stalled> {
        let limit = self.limit;
        let Waiting { pace, sleep } = &mut **self.waiting.get_or_insert_with(|| {
            Box::new(Waiting {
                pace: Pace::default(),
                sleep: Box::pin(sleep(limit)),
            })
        });
        // Whoever waits already has the deadline of that.
        if !pace.is_waiting() {
            pace.waits(Instant::now());
            if let Some(deadline) = pace.deadline(limit) {
                sleep.as_mut().reset(deadline);
            }
        }
        sleep.as_mut().poll(cx).map(|()| Stalled(limit))
    }
}
