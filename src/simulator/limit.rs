//! Requests per minute and token, as the API counts them.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::time::Duration;

use http::{HeaderMap, HeaderName, StatusCode};
use tokio::time::Instant;

use super::error::ApiError;

const WINDOW: Duration = Duration::from_secs(60);

/// Tokens that are counted apart. When there are more, all start anew: a test tool may be lenient, but
/// not grow for ever.
const TOKENS: usize = 10_000;

#[derive(Debug)]
pub(super) struct Limiter {
    allowed: Option<NonZeroU32>,
    windows: HashMap<String, Window>,
}

#[derive(Debug)]
struct Window {
    began: Instant,
    count: u32,
}

/// Where a token stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    count: u32,
    allowed: u32,
    /// Whole seconds, rounded up, until the count starts anew.
    reset: u64,
}

impl Limiter {
    pub(super) fn new(allowed: Option<NonZeroU32>) -> Self {
        Self {
            allowed,
            windows: HashMap::new(),
        }
    }

    /// Counts a request. `None` without a limit.
    pub(super) fn count(&mut self, token: &str, now: Instant) -> Option<Standing> {
        let allowed = self.allowed?.get();
        if self.windows.len() >= TOKENS && !self.windows.contains_key(token) {
            self.windows.clear();
        }
        let fresh = Window {
            began: now,
            count: 0,
        };
        let window = self.windows.entry(token.to_owned()).or_insert(fresh);
        if now.duration_since(window.began) >= WINDOW {
            *window = Window {
                began: now,
                count: 0,
            };
        }
        window.count = window.count.saturating_add(1);
        let left = WINDOW.saturating_sub(now.duration_since(window.began));
        let reset = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        Some(Standing {
            count: window.count,
            allowed,
            reset,
        })
    }
}

impl Standing {
    /// The API's refusal, once the limit is passed.
    pub(super) fn check(self) -> Result<(), ApiError> {
        if self.count <= self.allowed {
            return Ok(());
        }
        let seconds = self.reset;
        let message =
            format!("Rate limit exceeded the maximum. Retry the request in [{seconds}] seconds");
        let code = "too.many.requests.retry.after";
        let refusal = ApiError::new(StatusCode::TOO_MANY_REQUESTS, code, message);
        Err(ApiError {
            retry_after: Some(seconds),
            ..refusal
        })
    }

    pub(super) fn announce(self, headers: &mut HeaderMap) {
        let mut put =
            |name, value: u64| headers.insert(HeaderName::from_static(name), value.into());
        put("inin-ratelimit-count", self.count.into());
        put("inin-ratelimit-allowed", self.allowed.into());
        put("inin-ratelimit-reset", self.reset);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_token_has_its_own_count_and_gets_a_new_one_after_a_minute() {
        let mut limiter = Limiter::new(NonZeroU32::new(2));
        let mut passes = |token, now| limiter.count(token, now).unwrap().check();
        let start = Instant::now();
        assert_eq!(passes("a", start), Ok(()));
        assert_eq!(passes("a", start), Ok(()));
        let refusal = passes("a", start + Duration::from_millis(59_001)).unwrap_err();
        assert_eq!(refusal.retry_after, Some(1));
        assert_eq!(passes("b", start), Ok(()));
        assert_eq!(passes("a", start + WINDOW), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn the_number_of_tokens_is_bounded() {
        let mut limiter = Limiter::new(NonZeroU32::new(1));
        let now = Instant::now();
        for token in 0..=TOKENS {
            limiter.count(&token.to_string(), now);
        }
        assert_eq!(limiter.windows.len(), 1);
    }
}
