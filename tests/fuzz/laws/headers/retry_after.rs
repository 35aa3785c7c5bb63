use std::time::{Duration, SystemTime};

use patchwright::directory::retry_after::read;

use super::Fields;

const DAY: u128 = 24 * 60 * 60;

/// RFC 9110 section 10.2.3: digits, or a date. However long, no more than a day is waited.
pub fn check(fields: &Fields, now: SystemTime) {
    let value = fields.all("retry-after").first().copied();
    let value = value.and_then(|value| str::from_utf8(value).ok());
    let expected = value
        .map(|text| text.trim_matches([' ', '\t']))
        .and_then(|text| {
            if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
                let seconds = text.parse::<u128>().unwrap_or(DAY).min(DAY);
                return Some(Duration::from_secs(seconds.try_into().unwrap()));
            }
            let date = httpdate::parse_http_date(text).ok()?;
            let wait = date.duration_since(now).unwrap_or_default();
            Some(wait.min(Duration::from_secs(86_400)))
        });
    assert_eq!(read(&fields.map(), now), expected, "{value:?}");
}
