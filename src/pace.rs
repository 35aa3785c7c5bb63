//! Whether a peer that we wait for gets on fast enough.

use std::time::Duration;

use tokio::time::Instant;

/// What has to move before the time waited for it is forgotten. With the usual limit of a minute this is
/// some 70 bytes a second: less than any line that people use, and too much for whoever wants to hold a
/// place for nothing with one byte now and then.
const ENOUGH: usize = 4 << 10;

/// The time spent waiting for a peer since it last moved [`ENOUGH`] bytes.
///
/// Only time that is waited counts, so a peer that we keep waiting ourselves (an answer that the upstream
/// produces slowly) is never late.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pace {
    waited: Duration,
    moved: usize,
    since: Option<Instant>,
}

impl Pace {
    /// We wait for the peer from now on, unless we do already.
    pub(crate) fn waits(&mut self, now: Instant) {
        self.since.get_or_insert(now);
    }

    /// The wait is over, and so many bytes moved.
    pub(crate) fn moved(&mut self, now: Instant, bytes: usize) {
        if let Some(since) = self.since.take() {
            self.waited += now.saturating_duration_since(since);
        }
        self.moved = self.moved.saturating_add(bytes);
        if self.moved >= ENOUGH {
            *self = Self::default();
        }
    }

    /// Whether the peer is being waited for.
    pub(crate) fn is_waiting(&self) -> bool {
        self.since.is_some()
    }

    /// Whether nothing counts against the peer.
    pub(crate) fn is_clear(&self) -> bool {
        self.since.is_none() && self.waited.is_zero()
    }

    /// When the wait under way makes it `limit` in all. `None` while there is none.
    pub(crate) fn deadline(&self, limit: Duration) -> Option<Instant> {
        self.since
            .map(|since| since + limit.saturating_sub(self.waited))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(60);

    /// Waits a second and then gets so many bytes, again and again; after how many seconds it is late.
    fn late_after(bytes: usize) -> Option<u64> {
        let start = Instant::now();
        let mut pace = Pace::default();
        (0..100_000).find(|second| {
            let now = start + Duration::from_secs(*second);
            pace.waits(now);
            let late = pace
                .deadline(LIMIT)
                .is_some_and(|at| at <= now + Duration::from_secs(1));
            pace.moved(now + Duration::from_secs(1), bytes);
            late
        })
    }

    #[tokio::test(start_paused = true)]
    async fn a_byte_a_second_is_as_late_as_silence_and_a_slow_line_never_is() {
        assert_eq!(late_after(0), Some(59));
        assert_eq!(late_after(1), Some(59));
        assert_eq!(late_after(60), Some(59));
        assert_eq!(late_after(100), None);
    }

    #[tokio::test(start_paused = true)]
    async fn time_that_is_not_waited_does_not_count() {
        let start = Instant::now();
        let mut pace = Pace::default();
        for hour in 0..50 {
            let now = start + Duration::from_secs(hour * 3600);
            pace.waits(now);
            pace.moved(now + Duration::from_secs(1), 1);
            assert_eq!(pace.deadline(LIMIT), None);
        }
        let now = start + Duration::from_secs(50 * 3600);
        pace.waits(now);
        assert_eq!(pace.deadline(LIMIT), Some(now + Duration::from_secs(10)));
        pace.moved(now, ENOUGH);
        assert!(pace.is_clear());
    }
}
