//! The rate that an upstream allows a credential, as its answers tell it, and who may use what is left.
//!
//! The API counts requests per token and minute, and says with each answer how far that is. A lookup
//! spends the caller's own rate: lookups may use a share of what is left, and the rest is for the requests
//! that the caller sent.

mod said;
mod standing;

use std::time::Duration;

pub(crate) use said::{Said, retry_after};
pub(crate) use standing::Standing;

/// `[budget]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// What lookups may use of what is left.
    pub lookup_share: Share,
    /// Longest time that a request is held back when its credential has nothing left; zero holds none.
    pub shape: Duration,
}

impl Default for Settings {
    /// Half, as a cold PATCH costs one lookup and itself; nothing is held, since only callers know how
    /// long they wait.
    fn default() -> Self {
        Self {
            lookup_share: Share(0.5),
            shape: Duration::ZERO,
        }
    }
}

/// More than nothing and at most all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share(f64);

impl Share {
    /// `None` unless it is above 0 and at most 1.
    pub fn new(share: f64) -> Option<Self> {
        (share > 0.0 && share <= 1.0).then_some(Self(share))
    }

    /// The share as a number.
    pub fn get(self) -> f64 {
        self.0
    }

    /// Whether one more lookup stays within the share, after `lookups` with `left` still to be spent.
    pub(crate) fn allows(self, lookups: u32, left: u32) -> bool {
        f64::from(lookups) < self.0 * (f64::from(lookups) + f64::from(left))
    }
}
