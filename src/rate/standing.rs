use std::time::Duration;

use tokio::time::Instant;

use super::{Said, Share};

/// What the API counts in. How long a window lasts that nothing was heard of yet.
const WINDOW: Duration = Duration::from_secs(60);

/// Answers tell the end of a window in whole seconds, and take their time: two ends that are no further
/// apart are one.
const SLACK: Duration = Duration::from_secs(2);

/// How the rate of one credential stands, as far as it was told.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    window: Option<Window>,
    retry_at: Option<Instant>,
    /// Requests on their way. The upstream may have counted them, and has not said so yet.
    unanswered: u32,
}

#[derive(Debug)]
struct Window {
    allowed: u32,
    /// As the answer said that counted most. Answers overtake each other.
    left: u32,
    until: Instant,
    /// Lookups since it became known.
    lookups: u32,
    /// It is only expected, as the one before it has ended.
    presumed: bool,
}

impl Standing {
    /// Takes in what an answer said.
    pub(crate) fn heard(&mut self, said: Said, now: Instant) {
        self.roll(now);
        let until = now + said.reset;
        let (left, lookups) = match &self.window {
            Some(window) if window.presumed => (said.left, window.lookups),
            Some(window) if apart(window.until, until) <= SLACK => {
                (window.left.min(said.left), window.lookups)
            }
            // One that was told late.
            Some(window) if until < window.until => (said.left, window.lookups),
            // One that nothing was known of, or that has begun earlier than expected.
            _ => (said.left, 0),
        };
        self.window = Some(Window {
            allowed: said.allowed,
            left,
            until,
            lookups,
            presumed: false,
        });
    }

    /// Takes in that a 429 asked for a wait.
    pub(crate) fn throttled(&mut self, wait: Duration, now: Instant) {
        self.retry_at = Some(now + wait);
    }

    /// How much of the wait that a 429 asked for is left.
    pub(crate) fn parked(&mut self, now: Instant) -> Option<Duration> {
        self.retry_at = self.retry_at.filter(|at| *at > now);
        self.retry_at.map(|at| at - now)
    }

    /// Counts a lookup that stays within the share, or says how long the window still lasts.
    pub(crate) fn look_up(&mut self, share: Share, now: Instant) -> Result<(), Duration> {
        self.roll(now);
        let Some(window) = &mut self.window else {
            return Ok(());
        };
        let left = window.left.saturating_sub(self.unanswered);
        if !share.allows(window.lookups, left) {
            return Err(window.until - now);
        }
        window.lookups = window.lookups.saturating_add(1);
        Ok(())
    }

    /// How long it is until a request would not be sent into a 429; `None` when it can be sent.
    #[cfg(any(feature = "proxy", test))]
    pub(crate) fn wait(&mut self, now: Instant) -> Option<Duration> {
        self.roll(now);
        let spent = |window: &&Window| window.left <= self.unanswered;
        let reset = self.window.as_ref().filter(spent);
        let reset = reset.map(|window| window.until - now);
        reset.max(self.parked(now))
    }

    /// What is left, and what is allowed, as an answer told of the window that it is now.
    #[cfg(feature = "proxy")]
    pub(crate) fn told(&mut self, now: Instant) -> Option<(u32, u32)> {
        self.roll(now);
        let window = self.window.as_ref().filter(|window| !window.presumed)?;
        Some((window.left, window.allowed))
    }

    /// A request is on its way.
    pub(crate) fn sent(&mut self) {
        self.unanswered = self.unanswered.saturating_add(1);
    }

    /// It was answered, or nobody waits for that any more.
    pub(crate) fn answered(&mut self) {
        self.unanswered = self.unanswered.saturating_sub(1);
    }

    /// A window that has ended is followed by one that allows as much, until an answer tells: at its
    /// beginning there must not be a crowd of lookups that nobody counts. When no answer tells for so long,
    /// there is no limit any more that is known.
    fn roll(&mut self, now: Instant) {
        let Some(window) = self.window.as_mut().filter(|window| now >= window.until) else {
            return;
        };
        let next = window.until + WINDOW;
        if window.presumed || now >= next {
            self.window = None;
            return;
        }
        *window = Window {
            allowed: window.allowed,
            left: window.allowed,
            until: next,
            lookups: 0,
            presumed: true,
        };
    }
}

fn apart(one: Instant, other: Instant) -> Duration {
    one.max(other) - one.min(other)
}

#[cfg(test)]
mod tests;
