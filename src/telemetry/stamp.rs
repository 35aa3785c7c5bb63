//! When a line was written.

use std::cell::Cell;
use std::time::SystemTime;

use crate::rfc3339;

/// A time to the second, without a zone: `1970-01-01T00:00:00`.
type Date = [u8; 19];

thread_local! {
    /// The last second that this thread wrote, counted from 1970. Most lines are written in the one of the line
    /// before, and only what is behind it is new.
    static WRITTEN: Cell<Option<(u64, Date)>> = const { Cell::new(None) };
}

/// Appends `now` in UTC, to the microsecond.
pub(super) fn stamp(line: &mut Vec<u8>, now: SystemTime) {
    let since = rfc3339::since_1970(now);
    let (second, micros) = (since.as_secs(), since.subsec_micros());
    let written = WRITTEN.try_with(Cell::get).ok().flatten();
    if let Some((_, date)) = written.filter(|(written, _)| *written == second) {
        line.extend_from_slice(&date);
    } else {
        let start = line.len();
        rfc3339::append_seconds(line, now);
        // Without its zone, which comes after the microseconds.
        line.pop();
        if let Some(date) = line.get(start..).and_then(|date| date.try_into().ok()) {
            let _ = WRITTEN.try_with(|written| written.set(Some((second, date))));
        }
    }
    let mut fraction = *b".000000Z";
    let mut rest = micros;
    for digit in fraction.iter_mut().skip(1).take(6).rev() {
        // A decimal digit.
        *digit += u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
    }
    line.extend_from_slice(&fraction);
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use proptest::prelude::*;

    use super::*;

    fn stamped(now: SystemTime) -> String {
        let mut line = Vec::new();
        stamp(&mut line, now);
        String::from_utf8(line).unwrap()
    }

    proptest! {
        #[test]
        fn times_are_as_rfc_3339_has_them(times in proptest::collection::vec((0..253_402_300_800_u64, 0..1_000_000_u32), 1..5)) {
            for (second, micros) in times {
                let now = UNIX_EPOCH + Duration::new(second, micros * 1000);
                // Once as another second than the one before, and once as the same.
                for _ in 0..2 {
                    prop_assert_eq!(stamped(now), humantime::format_rfc3339_micros(now).to_string());
                }
            }
        }
    }

    #[test]
    fn a_clock_that_is_far_off_says_so_and_breaks_nothing() {
        let far = Duration::from_secs(1 << 40);
        assert_eq!(stamped(UNIX_EPOCH - far), "1970-01-01T00:00:00.000000Z");
        assert_eq!(stamped(UNIX_EPOCH + far), "9999-12-31T23:59:59.000000Z");
    }
}
