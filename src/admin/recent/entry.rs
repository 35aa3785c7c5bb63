//! What is kept of one record.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::answer::RequestId;
use crate::harmless::{first, is_plain, spell};
use crate::layer::record::{Origin, Outcome, Reason, Record, Repair, Span, Verdict};
use crate::rfc3339;

/// Characters of a `User-Agent` or a hint that are kept. Callers choose the one, and both are shown to people.
pub(super) const TEXT_CHARS: usize = 120;
/// Places in a body, members and parts that are kept of one record. Rules have fewer.
const LISTED: usize = 32;

/// What a record said, in room that is used again.
#[derive(Debug, Default)]
pub(in crate::admin) struct Entry {
    facts: Option<Facts>,
    method: String,
    template: String,
    rule: String,
    client: String,
    user_agent: String,
    hint: String,
    repairs: Vec<Repair>,
    spans: Vec<Span>,
    filled: List<String>,
    dropped: List<String>,
    parts: List<(String, Option<u16>)>,
}

/// Things in room that is used again, and stays when there are fewer.
#[derive(Debug, Default)]
struct List<T> {
    room: Vec<T>,
    length: usize,
}

impl<T: Default> List<T> {
    /// Has as many of the items as are kept, each put into its room by `replace`.
    fn become_of<U>(&mut self, items: &[U], replace: impl Fn(&mut T, &U)) {
        self.length = items.len().min(LISTED);
        if self.room.len() < self.length {
            self.room.resize_with(self.length, T::default);
        }
        for (room, item) in self.room.iter_mut().zip(items) {
            replace(room, item);
        }
    }

    fn get(&self) -> &[T] {
        self.room.get(..self.length).unwrap_or_default()
    }
}

/// What needs no room of its own.
#[derive(Clone, Copy, Debug)]
struct Facts {
    number: u64,
    time: SystemTime,
    outcome: Outcome,
    reason: Option<Reason>,
    verdict: Option<Verdict>,
    snapshot: Option<Origin>,
    age: Option<Duration>,
    status: Option<u16>,
    id: RequestId,
}

impl Entry {
    /// Says what this record does, and nothing of the one before.
    pub(super) fn become_of(&mut self, number: u64, time: SystemTime, record: &Record<'_>) {
        self.facts = Some(Facts {
            number,
            time,
            outcome: record.outcome,
            reason: record.reason,
            verdict: record.verdict,
            snapshot: record.snapshot,
            age: record.age,
            status: record.status.map(|status| status.as_u16()),
            id: record.id,
        });
        replace(&mut self.method, record.method.as_str());
        replace(&mut self.template, record.template);
        replace(&mut self.rule, record.rule);
        replace(&mut self.client, record.client.unwrap_or_default());
        show(&mut self.user_agent, record.user_agent.unwrap_or_default());
        show(&mut self.hint, record.hint.unwrap_or_default());
        self.repairs.clear();
        self.repairs.extend_from_slice(record.repairs);
        self.spans.clear();
        self.spans.extend(record.spans.iter().take(LISTED).cloned());
        self.filled
            .become_of(record.filled, |room, pointer| replace(room, pointer));
        self.dropped
            .become_of(record.dropped, |room, name| show(room, name));
        self.parts
            .become_of(record.parts, |(room, answer), (name, status)| {
                replace(room, name);
                *answer = status.map(|status| status.as_u16());
            });
    }

    /// Its place among all records of this process.
    pub(in crate::admin) fn number(&self) -> u64 {
        self.facts.map_or(0, |facts| facts.number)
    }

    pub(in crate::admin) fn to_json(&self) -> Value {
        let Some(facts) = self.facts else {
            return Value::Null;
        };
        let words: Vec<_> = self.repairs.iter().map(|repair| repair.as_str()).collect();
        let spans = self.spans.iter().map(
            |span| json!({ "start": span.at.start, "end": span.at.end, "inserted": span.inserted }),
        );
        let parts = self.parts.get().iter();
        let parts = parts.map(|(name, status)| json!({ "name": name, "status": status }));
        json!({
            "seq": facts.number,
            "time": rfc3339::millis(facts.time),
            "method": self.method,
            "template": self.template,
            "rule": self.rule,
            "outcome": facts.outcome.as_str(),
            "reason": facts.reason.map(Reason::as_str),
            "verdict": facts.verdict.map(Verdict::as_str),
            "repairs": words,
            "spans": spans.collect::<Vec<_>>(),
            "filled": self.filled.get(),
            "dropped": self.dropped.get(),
            "parts": parts.collect::<Vec<_>>(),
            "hint": some(&self.hint),
            "snapshot": facts.snapshot.map(Origin::as_str),
            "age_ms": facts.age.map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX)),
            "status": facts.status,
            "client": some(&self.client),
            "user_agent": some(&self.user_agent),
            "id": facts.id.to_string(),
        })
    }
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn replace(room: &mut String, text: &str) {
    room.clear();
    room.push_str(text);
}

/// Text of a caller's as it may be shown: bounded, and with what acts spelled out.
pub(super) fn show(room: &mut String, text: &str) {
    room.clear();
    let text = first(text, TEXT_CHARS);
    if is_plain(text) {
        room.push_str(text);
    } else {
        spell(text, |char| room.push(char));
    }
}
