//! What differs between two texts: where, in bytes, and how that lies on their lines. Pure.

use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::layer::record::Span;

/// Words and signs that are compared one by one. Beyond, everything between the first and the last
/// difference counts as different: the time that comparing takes may grow with the square.
const TOKENS: usize = 8_000;
/// Lines shown before and after one that differs.
const CONTEXT: usize = 3;

/// Bytes of the old text, and those that stand there in the new one. What lies between two edits is equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) old: Range<usize>,
    pub(super) new: Range<usize>,
}

/// A line of the picture, as bytes of the text that it is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Row {
    /// In both; a line of the old text.
    Same(Range<usize>),
    /// Lines that are in both and not shown.
    Skipped(usize),
    /// Of the old text alone, and what of it differs.
    Gone(Range<usize>, Vec<Range<usize>>),
    /// Of the new text alone, and what of it differs.
    Come(Range<usize>, Vec<Range<usize>>),
}

/// The edits that make `new` of `old`, by the `spans` where they say so.
pub(super) fn edits(old: &str, new: &str, spans: &[Span]) -> Vec<Edit> {
    by_spans(old, new, spans).unwrap_or_else(|| by_tokens(old, new))
}

/// `None` unless the spans alone tell the two texts apart: those of a fill after another repair are about
/// bytes that nobody sent.
pub(super) fn by_spans(old: &str, new: &str, spans: &[Span]) -> Option<Vec<Edit>> {
    let (mut at_old, mut at_new) = (0, 0);
    let mut edits = Vec::with_capacity(spans.len());
    for span in spans {
        let kept = old.get(at_old..span.at.start)?;
        let start = at_new + kept.len();
        let end = start.checked_add(span.inserted)?;
        if new.get(at_new..start)? != kept {
            return None;
        }
        edits.push(Edit {
            old: span.at.clone(),
            new: start..end,
        });
        (at_old, at_new) = (span.at.end, end);
    }
    let same_end = old.get(at_old..)? == new.get(at_new..)?;
    (same_end && !spans.is_empty()).then_some(edits)
}

fn by_tokens(old: &str, new: &str) -> Vec<Edit> {
    let (before, after) = (tokens(old), tokens(new));
    let pairs = || before.iter().zip(&after);
    let front = pairs().take_while(|(old, new)| old == new).count();
    let rest = before.len().min(after.len()) - front;
    let back = before.iter().rev().zip(after.iter().rev());
    let back = back.take(rest).take_while(|(old, new)| old == new).count();
    let middle = |tokens: &[&str]| front..tokens.len() - back;
    let (old_middle, new_middle) = (middle(&before), middle(&after));
    let offset = |tokens: &[&str], end: usize| tokens.iter().take(end).map(|it| it.len()).sum();
    let edit = |old: Range<usize>, new: Range<usize>| Edit {
        old: offset(&before, old.start)..offset(&before, old.end),
        new: offset(&after, new.start)..offset(&after, new.end),
    };
    if old_middle.len().max(new_middle.len()) > TOKENS {
        return vec![edit(old_middle, new_middle)];
    }
    let slices = before.get(old_middle).zip(after.get(new_middle));
    let (old_slice, new_slice) = slices.unwrap_or_default();
    let ops = capture_diff_slices(Algorithm::Myers, old_slice, new_slice);
    let differ = ops.iter().filter(|op| !matches!(op, DiffOp::Equal { .. }));
    let shifted = |range: Range<usize>| range.start + front..range.end + front;
    differ
        .map(|op| edit(shifted(op.old_range()), shifted(op.new_range())))
        .collect()
}

/// Words, runs of blanks, line breaks and single signs.
fn tokens(text: &str) -> Vec<&str> {
    let kind = |char: char| match char {
        '\n' => 0,
        char if char.is_alphanumeric() || matches!(char, '_' | '-' | '.') => 1,
        char if char.is_whitespace() => 2,
        _ => 3,
    };
    let mut tokens = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((_, char)) = chars.next() {
        let next = chars.peek();
        let goes_on =
            next.is_some_and(|next| kind(next.1) == kind(char) && matches!(kind(char), 1 | 2));
        if !goes_on {
            let end = next.map_or(text.len(), |next| next.0);
            tokens.extend(text.get(start..end));
            start = end;
        }
    }
    tokens
}

/// Lines of both texts that belong together because an edit touches them.
struct Hunk {
    old: Range<usize>,
    new: Range<usize>,
}

/// The lines that differ, with some around them.
pub(super) fn rows(old: &str, new: &str, edits: &[Edit]) -> Vec<Row> {
    let (old_lines, new_lines) = (lines(old), lines(new));
    let mut rows = Vec::new();
    let mut at = 0;
    for hunk in hunks(old, new, edits) {
        let between = old_lines.get(at..hunk.old.start).unwrap_or_default();
        context(&mut rows, between, at > 0, true);
        // After a line break at the end there is no line that an edit there could touch.
        let of = |lines: &[Range<usize>], hunk: &Range<usize>| -> Vec<_> {
            let lines = lines.iter().skip(hunk.start).take(hunk.len());
            lines.cloned().collect()
        };
        let (mut gone, mut come) = (of(&old_lines, &hunk.old), of(&new_lines, &hunk.new));
        // A whole line that was put in touches one that stayed.
        let same = |gone: &Range<usize>, come: &Range<usize>| {
            old.get(gone.clone()) == new.get(come.clone())
        };
        let pairs = gone.iter().zip(&come);
        let front = pairs.take_while(|(gone, come)| same(gone, come)).count();
        let stayed: Vec<_> = gone.drain(..front).collect();
        come.drain(..front);
        let pairs = gone.iter().rev().zip(come.iter().rev());
        let back = pairs.take_while(|(gone, come)| same(gone, come)).count();
        let stays = gone.split_off(gone.len() - back);
        come.truncate(come.len() - back);
        rows.extend(stayed.into_iter().map(Row::Same));
        let marks = |line: &Range<usize>, of: fn(&Edit) -> &Range<usize>| -> Vec<_> {
            let cut = edits.iter().map(|edit| {
                let edit = of(edit);
                edit.start.max(line.start)..edit.end.min(line.end)
            });
            cut.filter(|mark| mark.start < mark.end).collect()
        };
        rows.extend(gone.into_iter().map(|line| {
            let marks = marks(&line, |edit| &edit.old);
            Row::Gone(line, marks)
        }));
        rows.extend(come.into_iter().map(|line| {
            let marks = marks(&line, |edit| &edit.new);
            Row::Come(line, marks)
        }));
        rows.extend(stays.into_iter().map(Row::Same));
        at = hunk.old.end;
    }
    let rest = old_lines.get(at..).unwrap_or_default();
    context(&mut rows, rest, at > 0, false);
    rows
}

fn context(rows: &mut Vec<Row>, lines: &[Range<usize>], after: bool, before: bool) {
    let head = if after { CONTEXT } else { 0 };
    let tail = if before { CONTEXT } else { 0 };
    let skipped = lines.len().saturating_sub(head + tail);
    let same = |line: &Range<usize>| Row::Same(line.clone());
    // To say that one line is left out takes a line.
    if skipped <= 1 {
        rows.extend(lines.iter().map(same));
        return;
    }
    rows.extend(lines.iter().take(head).map(same));
    rows.push(Row::Skipped(skipped));
    rows.extend(lines.iter().skip(head + skipped).map(same));
}

fn hunks(old: &str, new: &str, edits: &[Edit]) -> Vec<Hunk> {
    let (old_breaks, new_breaks) = (breaks(old), breaks(new));
    let touched = |breaks: &[usize], edit: &Range<usize>| {
        let line_at = |offset| breaks.partition_point(|&line_break| line_break < offset);
        line_at(edit.start)..line_at(edit.end) + 1
    };
    let mut hunks: Vec<Hunk> = Vec::new();
    for edit in edits {
        let of_old = touched(&old_breaks, &edit.old);
        let of_new = touched(&new_breaks, &edit.new);
        match hunks.last_mut() {
            Some(last) if of_old.start < last.old.end || of_new.start < last.new.end => {
                last.old.end = of_old.end;
                last.new.end = of_new.end;
            }
            _ => hunks.push(Hunk {
                old: of_old,
                new: of_new,
            }),
        }
    }
    hunks
}

fn breaks(text: &str) -> Vec<usize> {
    let bytes = text.bytes().enumerate();
    let breaks = bytes.filter(|(_, byte)| *byte == b'\n');
    breaks.map(|(at, _)| at).collect()
}

/// Each without its line break. A text that ends in one has no empty line after it.
fn lines(text: &str) -> Vec<Range<usize>> {
    let mut start = 0;
    let mut lines = Vec::new();
    for line in text.split_inclusive('\n') {
        let bare = line.strip_suffix('\n').unwrap_or(line);
        let bare = bare.strip_suffix('\r').unwrap_or(bare);
        lines.push(start..start + bare.len());
        start += line.len();
    }
    lines
}

#[cfg(test)]
mod tests;
