//! Times as RFC 3339 has them, in UTC.

use std::io::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The last second of the year 9999, which is the last that the format can say.
const LAST: Duration = Duration::from_secs(253_402_300_799);

/// How long it is since 1970, as far as the format can say that. A clock that is beyond is wrong, and seen to be.
pub(crate) fn since_1970(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .min(LAST)
}

/// To the second.
pub(crate) fn seconds(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + since_1970(time)).to_string()
}

/// To the millisecond.
pub(crate) fn millis(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(UNIX_EPOCH + since_1970(time)).to_string()
}

/// Appends a time, to the second.
pub(crate) fn append_seconds(line: &mut Vec<u8>, time: SystemTime) {
    let time = humantime::format_rfc3339_seconds(UNIX_EPOCH + since_1970(time));
    // Writing to memory cannot fail, and neither can times that the format can say.
    let _ = write!(line, "{time}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_can_be_said() {
        let hour = UNIX_EPOCH + Duration::from_millis(3_600_123);
        assert_eq!(seconds(hour), "1970-01-01T01:00:00Z");
        assert_eq!(millis(hour), "1970-01-01T01:00:00.123Z");
        let far = Duration::from_secs(1 << 40);
        assert_eq!(seconds(UNIX_EPOCH - far), "1970-01-01T00:00:00Z");
        assert_eq!(millis(UNIX_EPOCH + far), "9999-12-31T23:59:59.000Z");
    }
}
