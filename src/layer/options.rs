//! What the layer may do, and its bounds.

mod share;

use std::time::Duration;

use http::StatusCode;

pub use self::share::EnforceShare;
use super::budget::Budget;
use crate::rule::{Match, Rule};

/// How far a rule goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Matched requests pass as they came.
    Off,
    /// The original passes; the report says what would have been filled.
    Observe,
    /// Requests are repaired, as far as [`EnforceShare`] says.
    #[default]
    Enforce,
}

/// What happens to a request with gaps when the lookup fails for a passing reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LookupFailure {
    /// A retryable answer of our own: a 503 is retried by callers, a 400 is dropped.
    #[default]
    Reject,
    /// The original bytes go upstream.
    Forward,
}

/// What happens to a body that is larger than [`Options::body_limit`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TooLarge {
    /// It streams through untouched.
    #[default]
    Forward,
    /// 413 `patchwright.body.too.large`.
    Reject,
}

/// The layer's settings; `Default` is what the program ships with.
#[derive(Clone, Debug)]
pub struct Options {
    /// How far rules go that don't say so themselves.
    pub mode: Mode,
    /// The share of conversations that rules in mode enforce are enforced for, where they don't say so themselves.
    pub enforce_share: EnforceShare,
    /// What a failed lookup does.
    pub on_lookup_failure: LookupFailure,
    /// What an oversized body does.
    pub on_too_large: TooLarge,
    /// Statuses that are definite rejections: nothing was applied, a different body may be sent.
    pub resend_on: Vec<StatusCode>,
    /// Whether answers carry the `Patchwright` header.
    pub report: bool,
    /// Largest body that is repaired, in bytes: as it comes, and decoded where it is coded.
    pub body_limit: usize,
    /// What all bodies that are buffered may take together. Clones of these options share it.
    pub buffered: Budget,
    /// Longest time from the request's head to the end of a body that is buffered.
    pub body_timeout: Duration,
    /// Largest passing answer of a source that is learned from, in bytes: as it passes, and decoded.
    pub learn_limit: usize,
}

impl Options {
    /// How far the rule of a request goes for it.
    pub(crate) fn mode_of(&self, found: &Match<'_, '_>) -> Mode {
        match self.reach_of(found.rule()) {
            (Mode::Enforce, share) if !share.takes(found) => Mode::Observe,
            (mode, _) => mode,
        }
    }

    /// How far a rule goes, and for which share of the conversations where it is enforced.
    pub(crate) fn reach_of(&self, rule: &Rule) -> (Mode, EnforceShare) {
        let mode = rule.mode.unwrap_or(self.mode);
        (mode, rule.enforce_share.unwrap_or(self.enforce_share))
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            enforce_share: EnforceShare::default(),
            on_lookup_failure: LookupFailure::default(),
            on_too_large: TooLarge::default(),
            resend_on: vec![StatusCode::BAD_REQUEST, StatusCode::CONFLICT],
            report: true,
            body_limit: 1 << 20,
            buffered: Budget::default(),
            body_timeout: Duration::from_secs(30),
            learn_limit: 1 << 20,
        }
    }
}
