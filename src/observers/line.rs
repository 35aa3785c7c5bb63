//! The line of a request in the log.

use std::cell::Cell;

use tracing::Level;
use tracing::level_filters::LevelFilter;

use crate::layer::record::{Origin, Outcome, Reason, Record, Verdict};

/// Bytes of room for lists that a thread keeps. Of what rules name there is less.
const ROOM: usize = 2 << 10;

/// What filters know these lines by.
const TARGET: &str = "patchwright::observers";

thread_local! {
    static LISTS: Cell<Lists> = const { Cell::new(Lists::new()) };
}

/// Writes one line per matched request. What we changed or refused, and what is wrong with what the
/// upstream refused, is worth one in production; what passed as it came is for who looks closer.
pub(super) fn log(record: &Record<'_>, upstream: Option<&str>) {
    // What is wrong with a request is news for whoever owns the application.
    let is_news = is_done(record) || record.hint.is_some();
    let level = if is_news { Level::INFO } else { Level::DEBUG };
    // One load, where nobody wants to know. Whoever wants to know is asked when it is written.
    if level <= LevelFilter::current() {
        write(record, upstream, is_news);
    }
}

/// Each line names its client by itself, so that it says the same as text and as JSON. Values are handed over as
/// what they are wherever that is possible: what goes through the formatting machinery costs several times as much.
fn write(record: &Record<'_>, upstream: Option<&str>, is_news: bool) {
    // Taken, not borrowed: a log may be told to log what it does.
    let mut lists = LISTS.try_with(Cell::take).unwrap_or_default();
    lists.fill(record);
    // Where there is nothing but a flaw to tell, it is told alone.
    let is_flaw = is_news && !is_done(record);
    let told = (!is_flaw).then_some(record);
    let trace = record.trace.map(|trace| trace.trace_id().to_bytes());
    let span = record.trace.map(|trace| trace.span_id().to_bytes());
    macro_rules! line {
        ($level:expr) => {
            tracing::event!(
                target: TARGET,
                parent: None,
                $level,
                message = sentence(record.outcome),
                id = %record.id,
                trace_id = trace.as_ref().map(<[u8; 16]>::as_slice),
                span_id = span.as_ref().map(<[u8; 8]>::as_slice),
                client = record.client,
                upstream,
                rule = record.rule,
                outcome = record.outcome.as_str(),
                reason = record.reason.map(Reason::as_str),
                hint = record.hint,
                snapshot = told.and_then(|record| record.snapshot).map(Origin::as_str),
                // 64 bits: of wider numbers JSON lines make strings.
                age_ms = told
                    .and_then(|record| record.age)
                    .map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX)),
                status = record.status.map(|status| u64::from(status.as_u16())),
                repairs = told.and_then(|_| lists.get(0)),
                filled = told.and_then(|_| lists.get(1)),
                dropped = told.and_then(|_| lists.get(2)).filter(|list| !list.is_empty()),
                parts = told.and_then(|_| lists.get(3)).filter(|list| !list.is_empty()),
                verdict = record.verdict.map(Verdict::as_str),
            )
        };
    }
    if is_news {
        line!(Level::INFO);
    } else {
        line!(Level::DEBUG);
    }
    if lists.text.capacity() <= ROOM {
        let _ = LISTS.try_with(|room| room.set(lists));
    }
}

/// Whether something was changed or refused.
fn is_done(record: &Record<'_>) -> bool {
    matches!(record.outcome, Outcome::Repaired | Outcome::Rejected)
}

fn sentence(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Complete => "request complete",
        Outcome::Repaired => "request repaired",
        Outcome::Forwarded => "request forwarded",
        Outcome::Rejected => "request rejected",
        Outcome::Observed => "request observed",
    }
}

/// Repairs, filled members, dropped ones, and parts: several things in one field each, with spaces between them.
struct Lists {
    text: String,
    /// Where each of them ends.
    ends: [usize; 4],
}

impl Default for Lists {
    fn default() -> Self {
        Self::new()
    }
}

impl Lists {
    const fn new() -> Self {
        Self {
            text: String::new(),
            ends: [0; 4],
        }
    }

    fn fill(&mut self, record: &Record<'_>) {
        let text = &mut self.text;
        text.clear();
        let repairs = record.repairs.iter();
        let repairs = list(text, repairs, |text, repair| text.push_str(repair.as_str()));
        let filled = list(text, record.filled.iter(), |text, name| text.push_str(name));
        let dropped = list(text, record.dropped.iter(), |text, name| {
            text.push_str(name);
        });
        // `attributes=202 rest=400`; none for a request that was sent as one, and 0 for one without an answer.
        let parts = list(text, record.parts.iter(), |text, (name, answer)| {
            text.push_str(name);
            text.push('=');
            let status = answer.map_or(0, |status| status.as_u16());
            text.push_str(itoa::Buffer::new().format(status));
        });
        self.ends = [repairs, filled, dropped, parts];
    }

    fn get(&self, place: usize) -> Option<&str> {
        let before = place
            .checked_sub(1)
            .and_then(|before| self.ends.get(before));
        self.text
            .get(before.copied().unwrap_or_default()..*self.ends.get(place)?)
    }
}

/// Appends things with spaces between them. The result is where they end.
fn list<T>(
    text: &mut String,
    things: impl Iterator<Item = T>,
    put: impl Fn(&mut String, T),
) -> usize {
    for (place, thing) in things.enumerate() {
        if place > 0 {
            text.push(' ');
        }
        put(text, thing);
    }
    text.len()
}

#[cfg(test)]
mod tests;
