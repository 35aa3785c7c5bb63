//! The line of a request in the log.

use std::time::SystemTime;

use http::StatusCode;
use tracing::Level;

use crate::layer::record::{Outcome, Record};
use crate::telemetry::{self, Name, Words, name};

/// What filters know these lines by.
const TARGET: &str = "patchwright::observers";

/// Writes one line per matched request. What we changed or refused, and what is wrong with what the
/// upstream refused, is worth one in production; what passed as it came is for who looks closer.
pub(super) fn log(record: &Record<'_>, upstream: Option<&str>, now: SystemTime) {
    // What is wrong with a request is news for whoever owns the application.
    let is_news = is_done(record) || record.hint.is_some();
    let level = if is_news { Level::INFO } else { Level::DEBUG };
    telemetry::write((level, TARGET), now, sentence(record.outcome), |words| {
        tell(record, upstream, is_news, words);
    });
}

/// Each line names its client by itself, so that it says the same as text and as JSON.
fn tell(record: &Record<'_>, upstream: Option<&str>, is_news: bool, words: &mut dyn Words) {
    record.id.spell(|parts| words.bare(name!("id"), &parts));
    if let Some(trace) = record.trace {
        words.id(name!("trace_id"), &trace.trace_id().to_bytes());
        words.id(name!("span_id"), &trace.span_id().to_bytes());
    }
    text(words, name!("client"), record.client);
    text(words, name!("upstream"), upstream);
    words.text(name!("rule"), record.rule);
    words.word(name!("outcome"), record.outcome.as_str());
    if let Some(reason) = record.reason {
        words.word(name!("reason"), reason.as_str());
    }
    text(words, name!("hint"), record.hint);
    // Where there is nothing but a flaw to tell, it is told alone.
    let is_flaw = is_news && !is_done(record);
    if !is_flaw {
        if let Some(snapshot) = record.snapshot {
            words.word(name!("snapshot"), snapshot.as_str());
        }
        if let Some(age) = record.age {
            let age = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
            words.number(name!("age_ms"), age);
        }
    }
    if let Some(status) = record.status {
        words.number(name!("status"), status.as_u16().into());
    }
    if !is_flaw {
        done(record, words);
    }
    if let Some(verdict) = record.verdict {
        words.word(name!("verdict"), verdict.as_str());
    }
}

fn text(words: &mut dyn Words, name: &Name, value: Option<&str>) {
    if let Some(value) = value {
        words.text(name, value);
    }
}

/// Several things in one field each.
fn done(record: &Record<'_>, words: &mut dyn Words) {
    let repairs = record.repairs.iter().map(|repair| repair.as_str());
    words.list(name!("repairs"), &mut repairs.map(|word| (word, None)));
    words.list(
        name!("filled"),
        &mut record.filled.iter().map(|name| (*name, None)),
    );
    if !record.dropped.is_empty() {
        let dropped = record.dropped.iter();
        words.list(
            name!("dropped"),
            &mut dropped.map(|name| (name.as_str(), None)),
        );
    }
    // `attributes=202 rest=400`; none for a request that was sent as one, and 0 for one without an answer.
    if !record.parts.is_empty() {
        let status = |answer: &Option<StatusCode>| answer.map_or(0, |status| status.as_u16());
        let parts = record.parts.iter();
        words.list(
            name!("parts"),
            &mut parts.map(|(name, answer)| (name.as_str(), Some(status(answer)))),
        );
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

#[cfg(test)]
mod tests;
