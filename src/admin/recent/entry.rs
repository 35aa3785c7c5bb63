//! What is kept of one record.

use std::time::{Duration, SystemTime};

use http::StatusCode;
use serde_json::{Value, json};

use super::texts::Texts;
use crate::answer::RequestId;
use crate::layer::record::{Origin, Outcome, Reason, Record, Span, Verdict};
use crate::rfc3339;

/// Places in a body, members and parts that are kept of one record. Rules have fewer.
const LISTED: usize = 32;

/// What a record said, in room that is used again.
#[derive(Debug, Default)]
pub(in crate::admin) struct Entry {
    facts: Option<Facts>,
    /// In the order in which they are read again.
    texts: Texts,
    spans: Vec<Span>,
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
    repairs: usize,
    filled: usize,
    dropped: usize,
}

impl Entry {
    /// Says what this record does, and nothing of the one before.
    pub(super) fn become_of(&mut self, number: u64, time: SystemTime, record: &Record<'_>) {
        let filled = record.filled.iter().take(LISTED);
        let dropped = record.dropped.iter().take(LISTED);
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
            repairs: record.repairs.len(),
            filled: filled.len(),
            dropped: dropped.len(),
        });
        let texts = &mut self.texts;
        texts.clear();
        texts.push(record.method.as_str());
        texts.push(record.template);
        texts.push(record.rule);
        texts.push(record.client.unwrap_or_default());
        texts.push_shown(record.user_agent.unwrap_or_default());
        texts.push_shown(record.hint.unwrap_or_default());
        for repair in record.repairs {
            texts.push(repair.as_str());
        }
        for pointer in filled {
            texts.push(pointer);
        }
        for name in dropped {
            texts.push_shown(name);
        }
        for (name, answer) in record.parts.iter().take(LISTED) {
            texts.push(name);
            texts.push(answer.as_ref().map_or("", StatusCode::as_str));
        }
        self.spans.clear();
        self.spans.extend(record.spans.iter().take(LISTED).cloned());
    }

    /// Its place among all records of this process.
    pub(in crate::admin) fn number(&self) -> u64 {
        self.facts.map_or(0, |facts| facts.number)
    }

    pub(in crate::admin) fn to_json(&self) -> Value {
        let Some(facts) = self.facts else {
            return Value::Null;
        };
        let mut texts = self.texts.iter();
        let mut text = || texts.next().filter(|text| !text.is_empty());
        let [method, template, rule, client, user_agent, hint] = [(); 6].map(|()| text());
        let repairs: Vec<_> = texts.by_ref().take(facts.repairs).collect();
        let filled: Vec<_> = texts.by_ref().take(facts.filled).collect();
        let dropped: Vec<_> = texts.by_ref().take(facts.dropped).collect();
        let part = |name: &str, status: &str| {
            let status = status.parse::<u16>().ok();
            json!({ "name": name, "status": status })
        };
        let parts = std::iter::from_fn(|| Some(part(texts.next()?, texts.next()?)));
        let parts: Vec<_> = parts.collect();
        let spans = self.spans.iter().map(
            |span| json!({ "start": span.at.start, "end": span.at.end, "inserted": span.inserted }),
        );
        json!({
            "seq": facts.number,
            "time": rfc3339::millis(facts.time),
            "method": method.unwrap_or_default(),
            "template": template.unwrap_or_default(),
            "rule": rule.unwrap_or_default(),
            "outcome": facts.outcome.as_str(),
            "reason": facts.reason.map(Reason::as_str),
            "verdict": facts.verdict.map(Verdict::as_str),
            "repairs": repairs,
            "spans": spans.collect::<Vec<_>>(),
            "filled": filled,
            "dropped": dropped,
            "parts": parts,
            "hint": hint,
            "snapshot": facts.snapshot.map(Origin::as_str),
            "age_ms": facts.age.map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX)),
            "status": facts.status,
            "client": client,
            "user_agent": user_agent,
            "id": facts.id.to_string(),
        })
    }
}
