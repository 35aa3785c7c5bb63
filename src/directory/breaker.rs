//! When lookups are worth a try: a circuit breaker, as a pure state machine. `now` and chance are passed
//! in; nothing here waits, locks or tells the time.
//!
//! While the path to the upstream works it is *closed*: every lookup goes. Once too many fail it is
//! *open*: none goes, so that callers learn at once what they would learn after a timeout, and an upstream
//! in trouble is left alone. After a while it is *half-open*: one lookup goes as a probe. If the path
//! carries an answer everything goes again, if not it stays open twice as long.
//!
//! # When it opens
//!
//! Failures in a row would never open it while every other lookup times out, so a share is looked at: of
//! the conversations that were looked up last, at least half failed last, and together at least
//! [`Settings::failures`] times. It is conversations that are counted and not lookups: one that the
//! upstream cannot serve, asked for again and again, does not take the lookups of all others with it.
//! Where there is no other, that many failures in a row open it.

use std::time::{Duration, Instant};

use crate::rule::ConversationId;

/// What happened longer ago says nothing of the path.
const MEMORY: Duration = Duration::from_secs(60);

/// Nobody means to wait longer, and no clock ends within it.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// When a breaker opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// So many failures open it; 0 never does.
    pub failures: u32,
    /// How long it stays open the first time. Each failed probe doubles that.
    pub open: Duration,
    /// The longest that it stays open.
    pub max_open: Duration,
}

impl Default for Settings {
    /// 10 failures, since a few happen in any day; 1 s, the least that `Retry-After` can say; at most
    /// 15 s, so that a caller who tries for the 16 s of the API's own SDKs meets a probe.
    fn default() -> Self {
        Self {
            failures: 10,
            open: Duration::from_secs(1),
            max_open: Duration::from_secs(15),
        }
    }
}

/// Whether lookups go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// All of them.
    Closed,
    /// One, to see.
    HalfOpen,
    /// None.
    Open,
}

/// What a lookup says of the path that it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It carries answers, whatever they say.
    Alive,
    /// It does not.
    Dead,
    /// Nothing.
    Unknown,
}

/// A change that is worth telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// From closed to open, for so long.
    Opened(Duration),
    /// A probe goes.
    Probes,
    /// The probe failed; open again, for so long.
    StaysOpen(Duration),
    /// The probe was answered.
    Closed,
}

/// Admits one lookup. It is to be given back to [`Breaker::settle`], also when the lookup came to nothing.
#[derive(Debug)]
#[must_use = "a probe that is never settled holds up the next one"]
pub struct Pass {
    era: u64,
}

/// See the [module docs](self).
#[derive(Debug)]
pub struct Breaker {
    settings: Settings,
    phase: Phase,
    /// Counts the phases. A lookup that was admitted in an earlier one is no news: what timed out just now
    /// may have started long before the path healed.
    era: u64,
    /// How often it opened without having proved itself in between.
    openings: u32,
    /// Answers since it closed.
    proved: u32,
    recent: Vec<Recent>,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Closed,
    Open {
        until: Instant,
    },
    /// A probe is out. It has until then: one that never comes back must not hold up the next for ever.
    Probing {
        until: Instant,
    },
}

/// A conversation that was looked up.
#[derive(Clone, Copy, Debug)]
struct Recent {
    conversation: ConversationId,
    /// In a row.
    failures: u32,
    at: Instant,
}

impl Breaker {
    /// A closed one.
    pub fn new(settings: Settings) -> Self {
        let max_open = settings.max_open.min(DAY);
        Self {
            settings: Settings {
                max_open,
                ..settings
            },
            phase: Phase::Closed,
            era: 0,
            openings: 0,
            proved: 0,
            recent: Vec::new(),
        }
    }

    /// Its state.
    pub fn state(&self, now: Instant) -> State {
        match self.phase {
            Phase::Closed => State::Closed,
            Phase::Open { until } if now < until => State::Open,
            Phase::Open { .. } | Phase::Probing { .. } => State::HalfOpen,
        }
    }

    /// How long a lookup had better wait, if it would not be admitted.
    pub fn refusal(&self, now: Instant) -> Option<Duration> {
        match self.phase {
            Phase::Open { until } if now < until => Some(until - now),
            // Nobody knows how long a probe takes.
            Phase::Probing { until } if now < until => Some(self.settings.open.min(until - now)),
            _ => None,
        }
    }

    /// Admits a lookup, or says how long it had better wait.
    pub fn admit(&mut self, now: Instant) -> Result<(Pass, Option<Change>), Duration> {
        if let Some(wait) = self.refusal(now) {
            return Err(wait);
        }
        let change = if matches!(self.phase, Phase::Closed) {
            None
        } else {
            let until = now + self.settings.max_open;
            self.enter(Phase::Probing { until });
            Some(Change::Probes)
        };
        Ok((Pass { era: self.era }, change))
    }

    /// Takes back the pass of a lookup of `conversation`. `chance` is any number: it keeps the probes of
    /// several processes from falling together.
    #[expect(clippy::needless_pass_by_value, reason = "a pass is good for once")]
    pub fn settle(
        &mut self,
        pass: Pass,
        conversation: ConversationId,
        verdict: Verdict,
        now: Instant,
        chance: u8,
    ) -> Option<Change> {
        if pass.era != self.era {
            return None;
        }
        match (self.phase, verdict) {
            (Phase::Closed, Verdict::Alive) => {
                self.note(conversation, now, false);
                self.proved = self.proved.saturating_add(1);
                if self.proved >= self.settings.failures {
                    self.openings = 0;
                }
                None
            }
            (Phase::Closed, Verdict::Dead) => {
                self.note(conversation, now, true);
                let opens = self.is_bad();
                opens.then(|| Change::Opened(self.open(now, chance)))
            }
            (Phase::Probing { .. }, Verdict::Alive) => {
                self.proved = 0;
                self.enter(Phase::Closed);
                Some(Change::Closed)
            }
            (Phase::Probing { .. }, Verdict::Dead) => {
                Some(Change::StaysOpen(self.open(now, chance)))
            }
            // It came to nothing: the next one may try at once.
            (Phase::Probing { .. }, Verdict::Unknown) => {
                self.enter(Phase::Open { until: now });
                None
            }
            (Phase::Closed, Verdict::Unknown) | (Phase::Open { .. }, _) => None,
        }
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.era += 1;
    }

    fn open(&mut self, now: Instant, chance: u8) -> Duration {
        let Settings { open, max_open, .. } = self.settings;
        let doubled = 2_u32
            .checked_pow(self.openings)
            .and_then(|factor| open.checked_mul(factor));
        let longest = doubled.unwrap_or(max_open).min(max_open);
        // Up to a quarter less: enough to come apart, too little to come early.
        let less = longest / 4 * u32::from(chance) / u32::from(u8::MAX);
        let time = longest.saturating_sub(less);
        self.openings = self.openings.saturating_add(1);
        self.recent.clear();
        self.enter(Phase::Open { until: now + time });
        time
    }

    /// Notes how a lookup of a conversation ended, in the place of what was known of it.
    fn note(&mut self, conversation: ConversationId, now: Instant, failed: bool) {
        let is_old = |recent: &Recent| now.saturating_duration_since(recent.at) > MEMORY;
        self.recent.retain(|recent| !is_old(recent));
        let same = |recent: &Recent| recent.conversation == conversation;
        let before = match self.recent.iter().position(same) {
            Some(at) => self.recent.remove(at).failures,
            None => 0,
        };
        // Twice as many conversations as failures: then half of them is what opens it.
        let most = usize::try_from(self.settings.failures).unwrap_or(usize::MAX);
        if !self.recent.is_empty() && self.recent.len() >= most.saturating_mul(2) {
            self.recent.remove(0);
        }
        self.recent.push(Recent {
            conversation,
            failures: if failed { before.saturating_add(1) } else { 0 },
            at: now,
        });
    }

    fn is_bad(&self) -> bool {
        let failing = self.recent.iter().filter(|recent| recent.failures > 0);
        let total = failing
            .clone()
            .fold(0_u32, |sum, recent| sum.saturating_add(recent.failures));
        let needed = self.settings.failures;
        needed > 0 && total >= needed && failing.count() * 2 >= self.recent.len()
    }
}

#[cfg(test)]
mod tests;
