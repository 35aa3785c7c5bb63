//! How far a request has got, shared between its body and the wait for its answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::progress::Progress;

/// What the caller did to its own request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallerFault {
    /// It sent nothing for too long.
    Stalled,
    /// It hung up, or what it sent was no valid body.
    Broken,
}

/// Why the wait for an answer is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overdue {
    /// The upstream has the whole request and gives no answer, or it stopped reading.
    Upstream,
    /// The caller stopped sending.
    Caller,
}

const NO_FAULT: u8 = 0;
const STALLED: u8 = 1;
const BROKEN: u8 = 2;

/// The state of one request's body.
#[derive(Debug)]
pub(super) struct Sending {
    progress: Progress,
    ended: AtomicBool,
    waits_for_caller: AtomicBool,
    fault: AtomicU8,
}

impl Sending {
    pub(super) fn new(ended: bool) -> Arc<Self> {
        Arc::new(Self {
            progress: Progress::new(),
            ended: AtomicBool::new(ended),
            waits_for_caller: AtomicBool::new(false),
            fault: AtomicU8::new(NO_FAULT),
        })
    }

    pub(super) fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The body is with hyper in full, or was given up. Only the first call counts.
    pub(super) fn end(&self) {
        if !self.ended.load(Ordering::Relaxed) {
            self.progress.touch();
            self.ended.store(true, Ordering::Release);
        }
    }

    pub(super) fn waits_for_caller(&self, waits: bool) {
        self.waits_for_caller.store(waits, Ordering::Relaxed);
    }

    pub(super) fn fail(&self, fault: CallerFault) {
        let fault = match fault {
            CallerFault::Stalled => STALLED,
            CallerFault::Broken => BROKEN,
        };
        self.fault.store(fault, Ordering::Release);
    }

    pub(super) fn fault(&self) -> Option<CallerFault> {
        match self.fault.load(Ordering::Acquire) {
            STALLED => Some(CallerFault::Stalled),
            BROKEN => Some(CallerFault::Broken),
            _ => None,
        }
    }

    /// Ends when there has been no answer for too long.
    ///
    /// `request` counts from the end of the request's body: an upload may take as long as it keeps
    /// moving, and the time that a caller's line takes is not the upstream's. Until then `idle` bounds
    /// every pause, whichever side makes it.
    pub(super) async fn overdue(&self, request: Duration, idle: Duration) -> Overdue {
        let deadline = || {
            let ended = self.ended.load(Ordering::Acquire);
            let limit = if ended { request } else { idle };
            (ended, self.progress.last() + limit)
        };
        loop {
            let (ended, mut look_again) = deadline();
            if !ended {
                // Never past the earliest deadline that the body's end could bring.
                look_again = look_again.min(Instant::now() + request);
            }
            sleep_until(look_again).await;
            let (ended, deadline) = deadline();
            if Instant::now() >= deadline {
                let caller = !ended && self.waits_for_caller.load(Ordering::Relaxed);
                return if caller {
                    Overdue::Caller
                } else {
                    Overdue::Upstream
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: Duration = Duration::from_secs(30);
    const IDLE: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn the_upstreams_time_begins_when_the_body_has_ended() {
        let sending = Sending::new(false);
        let shared = Arc::clone(&sending);
        let started = Instant::now();
        let watcher = tokio::spawn(async move { shared.overdue(REQUEST, IDLE).await });
        for _ in 0..10 {
            tokio::time::sleep(Duration::from_secs(50)).await;
            sending.progress().touch();
        }
        sending.end();
        assert_eq!(watcher.await.unwrap(), Overdue::Upstream);
        assert_eq!(started.elapsed().as_secs(), 530);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_of_the_caller_is_not_the_upstreams() {
        let sending = Sending::new(false);
        sending.waits_for_caller(true);
        assert_eq!(sending.overdue(REQUEST, IDLE).await, Overdue::Caller);
        let sending = Sending::new(false);
        assert_eq!(sending.overdue(REQUEST, IDLE).await, Overdue::Upstream);
    }
}
