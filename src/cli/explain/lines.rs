//! A difference on a terminal: lines with their signs, and inside of them what was put in or replaced.

use std::io::{self, Write};
use std::ops::Range;

use anstyle::Style;

use super::diff::{self, Row};
use crate::cli::paint::{ADDED, ADDED_HERE, DIM, REMOVED, REMOVED_HERE};
use crate::harmless::harmless;
use crate::layer::record::Span;

/// Characters of a line that are shown on each side of what differs in it.
const SHOWN: usize = 60;

/// What stands in front of a line.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sign {
    /// In both.
    Same,
    /// In the first alone.
    Gone,
    /// In the second alone.
    Come,
}

impl Sign {
    /// The sign, the style of its line, and that of what differs there.
    fn styles(self) -> (char, Style, Style) {
        match self {
            Self::Same => (' ', Style::new(), Style::new()),
            Self::Gone => ('-', REMOVED, REMOVED_HERE),
            Self::Come => ('+', ADDED, ADDED_HERE),
        }
    }
}

/// Every line of a text.
pub(super) fn whole(out: &mut impl Write, sign: Sign, text: &str) -> io::Result<()> {
    if text.is_empty() {
        return writeln!(out, "  ");
    }
    text.lines()
        .try_for_each(|it| line(out, sign, it, 0..it.len(), &[]))
}

/// The lines that differ, with some around them.
pub(super) fn difference(
    out: &mut impl Write,
    old: &str,
    new: &str,
    spans: &[Span],
) -> io::Result<()> {
    let edits = diff::edits(old, new, spans);
    for row in diff::rows(old, new, &edits) {
        match row {
            Row::Same(range) => line(out, Sign::Same, old, range, &[])?,
            Row::Gone(range, marks) => line(out, Sign::Gone, old, range, &marks)?,
            Row::Come(range, marks) => line(out, Sign::Come, new, range, &marks)?,
            Row::Skipped(lines) => writeln!(out, "{DIM}  … {lines} lines …{DIM:#}")?,
        }
    }
    Ok(())
}

fn line(
    out: &mut impl Write,
    sign: Sign,
    text: &str,
    range: Range<usize>,
    marks: &[Range<usize>],
) -> io::Result<()> {
    let (sign, plain, marked) = sign.styles();
    write!(out, "{plain}{sign} {plain:#}")?;
    let mut at = range.start;
    for mark in marks {
        let before = text.get(at..mark.start).unwrap_or_default();
        stretch(out, plain, before, at > range.start, true)?;
        let piece = text.get(mark.clone()).unwrap_or_default();
        write!(out, "{marked}{}{marked:#}", harmless(piece))?;
        at = mark.end;
    }
    let rest = text.get(at..range.end).unwrap_or_default();
    stretch(out, plain, rest, !marks.is_empty(), false)?;
    writeln!(out)
}

/// What does not differ, without its middle where that is long and something in the line differs.
fn stretch(
    out: &mut impl Write,
    style: Style,
    text: &str,
    after: bool,
    before: bool,
) -> io::Result<()> {
    let at = |chars: usize| text.char_indices().nth(chars).map_or(text.len(), |it| it.0);
    let total = text.chars().count();
    // The beginning of a line tells where it is.
    let tail = if before { SHOWN } else { 0 };
    if !(after || before) || total <= 3 * SHOWN {
        return write!(out, "{style}{}{style:#}", harmless(text));
    }
    let (start, end) = (at(SHOWN), at(total - tail));
    let (head, tail) = (text.get(..start), text.get(end..));
    let (head, tail) = (head.unwrap_or_default(), tail.unwrap_or_default());
    let left_out = end - start;
    write!(out, "{style}{}{style:#}", harmless(head))?;
    write!(out, "{DIM}…{left_out} bytes…{DIM:#}")?;
    write!(out, "{style}{}{style:#}", harmless(tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(old: &str, new: &str) -> String {
        let mut out = Vec::new();
        difference(&mut out, old, new, &[]).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_was_put_into_a_line_stands_out() {
        let shown = shown(r#"{"a":1}"#, r#"{"a":1,"b":2}"#);
        let put_in = format!("{ADDED_HERE},\"b\":2{ADDED_HERE:#}");
        assert!(shown.contains(&put_in), "{shown}");
        let plain = anstream::adapter::strip_str(&shown).to_string();
        assert_eq!(plain, "- {\"a\":1}\n+ {\"a\":1,\"b\":2}\n");
    }

    #[test]
    fn of_a_long_line_the_part_that_differs_is_shown() {
        let long = "x".repeat(5_000);
        let shown = shown(
            &format!("{{\"{long}\":1,\"{long}\":2}}"),
            &format!("{{\"{long}\":3,\"{long}\":2}}"),
        );
        assert!(shown.len() < 1_500, "{}", shown.len());
        assert!(shown.contains("bytes…") && shown.starts_with(&format!("{REMOVED}- ")));
        let plain = anstream::adapter::strip_str(&shown).to_string();
        assert!(plain.contains("\":3,\""), "{plain}");
    }

    #[test]
    fn a_body_cannot_write_to_the_terminal() {
        let shown = shown("\u{1b}]0;title\u{7}", "\u{202e}x");
        let plain = anstream::adapter::strip_str(&shown).to_string();
        assert!(plain.contains("\\u{1b}]0;title\\u{7}"), "{plain}");
        assert!(!shown.contains('\u{202e}') && !shown.contains('\u{7}'));
    }
}
