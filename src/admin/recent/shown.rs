//! A record that was kept, as people and programs are shown it.

use std::borrow::Cow;

use serde::Serialize;

use crate::harmless::{first, harmless};
use crate::kept::{Kept, SHOWN_CHARS};
use crate::layer::record::{Origin, Reason, Span, Verdict};
use crate::rfc3339;

/// Members and parts that are shown of one record. Rules have fewer.
const LISTED: usize = 32;

/// What is shown: no values, and callers' names for things bounded and with what acts spelled out.
#[derive(Debug, Serialize)]
pub(in crate::admin) struct Shown<'a> {
    seq: u64,
    time: String,
    method: &'a str,
    template: &'a str,
    rule: &'a str,
    outcome: &'static str,
    reason: Option<&'static str>,
    verdict: Option<&'static str>,
    repairs: Vec<&'a str>,
    spans: Vec<Place>,
    filled: Vec<&'a str>,
    dropped: Vec<Cow<'a, str>>,
    parts: Vec<Part<'a>>,
    hint: Option<Cow<'a, str>>,
    snapshot: Option<&'static str>,
    age_ms: Option<u64>,
    status: Option<u16>,
    client: Option<&'a str>,
    user_agent: Option<Cow<'a, str>>,
    id: String,
}

/// Bytes of the caller's body, and how many stand there now.
#[derive(Debug, Serialize)]
struct Place {
    start: usize,
    end: usize,
    inserted: usize,
}

#[derive(Debug, Serialize)]
struct Part<'a> {
    name: &'a str,
    status: Option<u16>,
}

impl<'a> Shown<'a> {
    pub(in crate::admin) fn of(kept: &'a Kept) -> Self {
        let facts = kept.facts();
        let place = |span: &Span| Place {
            start: span.at.start,
            end: span.at.end,
            inserted: span.inserted,
        };
        let parts = kept.parts().take(LISTED);
        Self {
            seq: facts.number,
            time: rfc3339::millis(facts.time),
            method: kept.method(),
            template: kept.template(),
            rule: kept.rule(),
            outcome: facts.outcome.as_str(),
            reason: facts.reason.map(Reason::as_str),
            verdict: facts.verdict.map(Verdict::as_str),
            repairs: kept.repairs().collect(),
            spans: kept.spans().iter().map(place).collect(),
            filled: kept.filled().take(LISTED).collect(),
            dropped: kept.dropped().take(LISTED).map(bounded).collect(),
            parts: parts.map(|(name, status)| Part { name, status }).collect(),
            hint: kept.hint().map(bounded),
            snapshot: facts.snapshot.map(Origin::as_str),
            age_ms: facts.age_ms(),
            status: facts.status,
            client: kept.client(),
            user_agent: kept.user_agent().map(bounded),
            id: facts.id.to_string(),
        }
    }
}

fn bounded(text: &str) -> Cow<'_, str> {
    harmless(first(text, SHOWN_CHARS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_caller_chose_is_bounded_and_cannot_write_to_a_terminal() {
        assert_eq!(bounded("curl/8 (x; y)"), "curl/8 (x; y)");
        assert_eq!(bounded("a\u{1b}[2Jb\n"), "a\\u{1b}[2Jb\\n");
        for long in ["ä", "a"] {
            assert_eq!(bounded(&long.repeat(1000)).chars().count(), SHOWN_CHARS);
        }
    }
}
