//! Records that are kept for a while: for the table of recent repairs, and for the log, which puts many of them into
//! words at a time.

mod texts;

use std::time::{Duration, SystemTime};

use self::texts::Texts;
pub(crate) use self::texts::{SHOWN_CHARS, Several};
use crate::answer::RequestId;
use crate::harmless::first;
use crate::layer::record::{Origin, Outcome, Reason, Record, Span, Verdict};
use crate::trace::Context;

/// Places in a body that are kept of one record. Rules have fewer.
const SPANS: usize = 32;

/// What a record said, in room that can be used again.
#[derive(Debug)]
pub struct Kept {
    facts: Facts,
    /// In the order in which [`Kept::story`] reads them.
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
    pub(crate) has_hint: bool,
    repairs: usize,
    filled: usize,
    dropped: usize,
}

/// The texts of a record. What there was not is empty.
#[derive(Debug)]
pub(crate) struct Story<'a> {
    pub(crate) method: &'a str,
    pub(crate) template: &'a str,
    pub(crate) rule: &'a str,
    pub(crate) client: &'a str,
    pub(crate) upstream: &'a str,
    /// No more of it than is shown.
    pub(crate) user_agent: &'a str,
    pub(crate) hint: &'a str,
    pub(crate) repairs: Several<'a>,
    pub(crate) filled: Several<'a>,
    pub(crate) dropped: Several<'a>,
    pub(crate) parts: Parts<'a>,
}

/// The name of each part, and the status of its answer if it had one. Most requests are sent in one.
#[derive(Debug)]
pub(crate) struct Parts<'a>(Several<'a>);

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

    pub(crate) fn story(&self) -> Story<'_> {
        let mut texts = self.texts.all();
        let mut text = || texts.next().unwrap_or_default();
        let [method, template, rule, client, upstream, user_agent, hint] = [(); 7].map(|()| text());
        let facts = &self.facts;
        Story {
            method,
            template,
            rule,
            client,
            upstream,
            user_agent,
            hint,
            repairs: texts.split_off(facts.repairs),
            filled: texts.split_off(facts.filled),
            dropped: texts.split_off(facts.dropped),
            parts: Parts(texts),
        }
    }
}

impl Facts {
    fn of((number, time): (u64, SystemTime), record: &Record<'_>) -> Self {
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
            has_hint: record.hint.is_some(),
            repairs: record.repairs.len(),
            filled: record.filled.len(),
            dropped: record.dropped.len(),
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
