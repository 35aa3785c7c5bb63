//! Records that are kept for a while: for the table of recent repairs, and for the log, which puts many of them into
//! words at a time.

mod texts;

use std::time::{Duration, SystemTime};

pub(crate) use self::texts::Several;
use self::texts::Texts;
use crate::answer::RequestId;
use crate::harmless::first;
use crate::layer::record::{Origin, Outcome, Reason, Record, Span, Verdict};
use crate::trace::Context;

/// Characters that are shown of what callers chose or may have.
pub(crate) const SHOWN_CHARS: usize = 120;

/// Places in a body that are kept of one record. Rules have fewer.
const SPANS: usize = 32;

/// What a record said, in room that can be used again.
#[derive(Debug)]
pub struct Kept {
    facts: Facts,
    texts: Texts,
    spans: Vec<Span>,
}

/// What needs no room of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    /// Its place among all records that were kept.
    pub(crate) number: u64,
    pub(crate) time: SystemTime,
    pub(crate) outcome: Outcome,
    pub(crate) reason: Option<Reason>,
    pub(crate) verdict: Option<Verdict>,
    pub(crate) snapshot: Option<Origin>,
    pub(crate) age: Option<Duration>,
    pub(crate) status: Option<u16>,
    pub(crate) id: RequestId,
    pub(crate) trace: Option<Context>,
    /// Where these lists begin among the texts.
    filled: usize,
    dropped: usize,
    parts: usize,
}

/// The name of each part, and the status of its answer if it had one. Most requests are sent in one.
#[derive(Debug)]
pub(crate) struct Parts<'a>(Several<'a>);

/// Where the texts of a record stand. What there was not is empty.
const METHOD: usize = 0;
const TEMPLATE: usize = 1;
const RULE: usize = 2;
const CLIENT: usize = 3;
const UPSTREAM: usize = 4;
const USER_AGENT: usize = 5;
const HINT: usize = 6;
/// And where its lists begin.
const LISTS: usize = 7;

impl Kept {
    /// Keeps what a record says of a request to the upstream called `upstream`.
    pub(crate) fn new(
        (number, time): (u64, SystemTime),
        record: &Record<'_>,
        upstream: Option<&str>,
    ) -> Self {
        let mut kept = Self {
            facts: Facts::of((number, time), record),
            texts: Texts::default(),
            spans: Vec::new(),
        };
        kept.put_texts(record, upstream);
        kept
    }

    /// Says what this record does, and nothing of the one before.
    pub(crate) fn become_of(
        &mut self,
        (number, time): (u64, SystemTime),
        record: &Record<'_>,
        upstream: Option<&str>,
    ) {
        self.facts = Facts::of((number, time), record);
        self.texts.clear();
        self.spans.clear();
        self.put_texts(record, upstream);
    }

    fn put_texts(&mut self, record: &Record<'_>, upstream: Option<&str>) {
        let texts = &mut self.texts;
        texts.push(record.method.as_str());
        texts.push(record.template);
        texts.push(record.rule);
        texts.push(record.client.unwrap_or_default());
        texts.push(upstream.unwrap_or_default());
        // All others are the configuration's or bounded by whoever said them.
        texts.push(first(record.user_agent.unwrap_or_default(), SHOWN_CHARS));
        texts.push(record.hint.unwrap_or_default());
        for repair in record.repairs {
            texts.push(repair.as_str());
        }
        for pointer in record.filled {
            texts.push(pointer);
        }
        for name in record.dropped {
            texts.push(name);
        }
        for (name, answer) in record.parts {
            texts.push(name);
            texts.push(answer.as_ref().map_or("", |status| status.as_str()));
        }
        let spans = record.spans.iter().take(SPANS);
        self.spans.extend(spans.cloned());
    }

    pub(crate) fn facts(&self) -> &Facts {
        &self.facts
    }

    pub(crate) fn spans(&self) -> &[Span] {
        &self.spans
    }

    pub(crate) fn method(&self) -> &str {
        self.texts.get(METHOD)
    }

    pub(crate) fn template(&self) -> &str {
        self.texts.get(TEMPLATE)
    }

    pub(crate) fn rule(&self) -> &str {
        self.texts.get(RULE)
    }

    pub(crate) fn client(&self) -> Option<&str> {
        self.said(CLIENT)
    }

    pub(crate) fn upstream(&self) -> Option<&str> {
        self.said(UPSTREAM)
    }

    /// No more of it than is shown.
    pub(crate) fn user_agent(&self) -> Option<&str> {
        self.said(USER_AGENT)
    }

    pub(crate) fn hint(&self) -> Option<&str> {
        self.said(HINT)
    }

    fn said(&self, place: usize) -> Option<&str> {
        Some(self.texts.get(place)).filter(|text| !text.is_empty())
    }

    pub(crate) fn repairs(&self) -> Several<'_> {
        self.texts.between(LISTS, self.facts.filled)
    }

    pub(crate) fn filled(&self) -> Several<'_> {
        self.texts.between(self.facts.filled, self.facts.dropped)
    }

    pub(crate) fn dropped(&self) -> Several<'_> {
        self.texts.between(self.facts.dropped, self.facts.parts)
    }

    pub(crate) fn parts(&self) -> Parts<'_> {
        Parts(self.texts.between(self.facts.parts, self.texts.count()))
    }
}

impl Facts {
    fn of((number, time): (u64, SystemTime), record: &Record<'_>) -> Self {
        let filled = LISTS + record.repairs.len();
        let dropped = filled + record.filled.len();
        Self {
            number,
            time,
            outcome: record.outcome,
            reason: record.reason,
            verdict: record.verdict,
            snapshot: record.snapshot,
            age: record.age,
            status: record.status.map(|status| status.as_u16()),
            id: record.id,
            trace: record.trace,
            filled,
            dropped,
            parts: dropped + record.dropped.len(),
        }
    }

    /// In whole milliseconds.
    pub(crate) fn age_ms(&self) -> Option<u64> {
        let millis = |age: Duration| u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        self.age.map(millis)
    }
}

impl Parts<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = (&'a str, Option<u16>);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, status) = (self.0.next()?, self.0.next()?);
        Some((name, status.parse().ok()))
    }
}
