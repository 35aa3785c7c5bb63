//! Durations and sizes as files write them.

use std::ops::RangeInclusive;
use std::time::Duration;

use bytesize::ByteSize;

use crate::document::Table;

/// The shortest and the longest duration of a setting: none may be zero, and none unbounded.
pub(super) const TIMES: RangeInclusive<Duration> =
    Duration::from_millis(1)..=Duration::from_secs(24 * 60 * 60);

/// A duration in `range`.
pub(super) fn duration(
    table: &mut Table<'_>,
    key: &'static str,
    range: &RangeInclusive<Duration>,
) -> Option<Duration> {
    table.read(key, |node| {
        let text = node.as_str();
        let Some(time) = text.and_then(|text| humantime::parse_duration(text).ok()) else {
            return Err(node.not("a duration such as \"250ms\" or \"30s\""));
        };
        if range.contains(&time) {
            return Ok(time);
        }
        let (least, most) = (duration_text(*range.start()), duration_text(*range.end()));
        Err(node.not(&format!("a duration from {least} to {most}")))
    })
}

/// A size in bytes, in `range`. Units are binary (`KiB`, `MiB`) or decimal (`kB`, `MB`).
pub(super) fn size(
    table: &mut Table<'_>,
    key: &'static str,
    range: &RangeInclusive<u64>,
) -> Option<u64> {
    table.read(key, |node| {
        let text = node.as_str();
        let Some(ByteSize(bytes)) = text.and_then(|text| text.parse().ok()) else {
            return Err(node.not("a size such as \"1MiB\""));
        };
        if range.contains(&bytes) {
            return Ok(bytes);
        }
        let (least, most) = (size_text(*range.start()), size_text(*range.end()));
        Err(node.not(&format!("a size from {least} to {most}")))
    })
}

/// As [`size`], for what is kept in memory.
pub(super) fn memory(
    table: &mut Table<'_>,
    key: &'static str,
    range: &RangeInclusive<u64>,
) -> Option<usize> {
    size(table, key, range).map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX))
}

/// A duration as [`duration`] reads it.
pub(super) fn duration_text(time: Duration) -> String {
    humantime::format_duration(time).to_string()
}

/// A size as [`size`] reads it: exact, in the largest unit that allows it.
pub(super) fn size_text(bytes: u64) -> String {
    let units = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let fits = |(_, shift): &(&str, u32)| bytes > 0 && bytes.trailing_zeros() >= *shift;
    match units.into_iter().find(fits) {
        Some((unit, shift)) => format!("{}{unit}", bytes >> shift),
        None => format!("{bytes}B"),
    }
}
