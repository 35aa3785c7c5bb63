use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, StatusCode};

use crate::directory::retry_after;

static COUNT: HeaderName = HeaderName::from_static("inin-ratelimit-count");
static ALLOWED: HeaderName = HeaderName::from_static("inin-ratelimit-allowed");
static RESET: HeaderName = HeaderName::from_static("inin-ratelimit-reset");

/// Longest window that is believed: the API's is a minute, and an upstream that is wrong about it must not
/// keep lookups away for a day.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// What an answer says of the rate of its credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// Requests that a window allows.
    pub(crate) allowed: u32,
    /// Of them, those that are not used.
    pub(crate) left: u32,
    /// Until the window ends.
    pub(crate) reset: Duration,
}

impl Said {
    /// `None` where any of it is missing or no number: half of it says nothing.
    pub(crate) fn read(headers: &HeaderMap) -> Option<Self> {
        let number = |name: &HeaderName| {
            let text = headers.get(name)?.to_str().ok()?.trim();
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            // More digits than a number holds are as good as without end.
            is_number.then(|| text.parse().unwrap_or(u32::MAX))
        };
        let (count, allowed, reset) = (number(&COUNT)?, number(&ALLOWED)?, number(&RESET)?);
        // A limit of nothing is no limit that anybody could keep to.
        (allowed > 0).then_some(Self {
            allowed,
            left: allowed.saturating_sub(count),
            reset: Duration::from_secs(reset.into()).min(LONGEST),
        })
    }
}

/// The wait that a 429 asks for. Without a figure a second is polite; the API counts per minute.
pub(crate) fn retry_after(status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
    let throttled = status == StatusCode::TOO_MANY_REQUESTS;
    throttled.then(|| {
        let wait = retry_after::read(headers, SystemTime::now());
        wait.unwrap_or(Duration::from_secs(1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: [Option<&str>; 3]) -> Option<Said> {
        let names = [&COUNT, &ALLOWED, &RESET];
        let lines = names.into_iter().zip(values);
        let lines = lines.filter_map(|(name, value)| Some((name.clone(), value?.parse().unwrap())));
        Said::read(&lines.collect())
    }

    #[test]
    fn what_is_left_is_read_from_three_numbers_and_from_nothing_less() {
        let said = |allowed, left, reset| {
            let reset = Duration::from_secs(reset);
            Some(Said {
                allowed,
                left,
                reset,
            })
        };
        let huge = "99999999999999999999";
        for (values, expected) in [
            ([Some("12"), Some("300"), Some("41")], said(300, 288, 41)),
            ([Some(" 0"), Some("1"), Some("0 ")], said(1, 1, 0)),
            ([Some("301"), Some("300"), Some("1")], said(300, 0, 1)),
            ([Some(huge), Some("300"), Some("1")], said(300, 0, 1)),
            ([Some("1"), Some("300"), Some(huge)], said(300, 299, 3600)),
            ([None, Some("300"), Some("1")], None),
            ([Some("1"), None, Some("1")], None),
            ([Some("1"), Some("300"), None], None),
            ([Some("-1"), Some("300"), Some("1")], None),
            ([Some("1"), Some("+300"), Some("1")], None),
            ([Some("1"), Some("300"), Some("1.5")], None),
            ([Some(""), Some("300"), Some("1")], None),
            ([Some("0"), Some("0"), Some("60")], None),
        ] {
            assert_eq!(read(values), expected, "{values:?}");
        }
    }

    #[test]
    fn only_a_429_asks_for_a_wait() {
        let headers = HeaderMap::from_iter([(http::header::RETRY_AFTER, "7".parse().unwrap())]);
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        let throttled = StatusCode::TOO_MANY_REQUESTS;
        assert_eq!(retry_after(throttled, &headers), seconds(7));
        assert_eq!(retry_after(throttled, &HeaderMap::new()), seconds(1));
        assert_eq!(retry_after(StatusCode::SERVICE_UNAVAILABLE, &headers), None);
    }
}
