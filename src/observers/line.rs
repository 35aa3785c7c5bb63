//! The line of a request in the log.

use std::sync::Arc;

use tracing::Level;

use crate::kept::{Facts, Kept};
use crate::layer::record::Outcome;
use crate::telemetry::{self, Name, Told, Words, name};

/// What filters know these lines by.
const TARGET: &str = "patchwright::observers";

/// Writes one line per matched request. What we changed or refused, and what is wrong with what the
/// upstream refused, is worth one in production; what passed as it came is for who looks closer.
pub(super) fn log(kept: &Arc<Kept>) {
    let facts = kept.facts();
    let level = if is_news(kept) {
        Level::INFO
    } else {
        Level::DEBUG
    };
    telemetry::write((level, TARGET), facts.time, kept);
}

/// Each line names its client by itself, so that it says the same as text and as JSON.
impl Told for Kept {
    fn message(&self) -> &'static str {
        sentence(self.facts().outcome)
    }

    fn tell(&self, words: &mut dyn Words) {
        let facts = self.facts();
        facts.id.spell(|parts| words.bare(name!("id"), &parts));
        if let Some(trace) = facts.trace {
            words.id(name!("trace_id"), &trace.trace_id().to_bytes());
            words.id(name!("span_id"), &trace.span_id().to_bytes());
        }
        text(words, name!("client"), self.client());
        text(words, name!("upstream"), self.upstream());
        words.text(name!("rule"), self.rule());
        words.word(name!("outcome"), facts.outcome.as_str());
        if let Some(reason) = facts.reason {
            words.word(name!("reason"), reason.as_str());
        }
        text(words, name!("hint"), self.hint());
        // Where there is nothing but a flaw to tell, it is told alone.
        let is_flaw = is_news(self) && !is_done(facts);
        if !is_flaw {
            if let Some(origin) = facts.snapshot {
                words.word(name!("snapshot"), origin.as_str());
            }
            if let Some(age) = facts.age_ms() {
                words.number(name!("age_ms"), age);
            }
        }
        if let Some(status) = facts.status {
            words.number(name!("status"), status.into());
        }
        if !is_flaw {
            words.list(
                name!("repairs"),
                &mut self.repairs().map(|name| (name, None)),
            );
            words.list(name!("filled"), &mut self.filled().map(|name| (name, None)));
            if !self.dropped().is_empty() {
                words.list(
                    name!("dropped"),
                    &mut self.dropped().map(|name| (name, None)),
                );
            }
            // `attributes=202 rest=400`; none for a request that was sent as one, and 0 for one without an answer.
            if !self.parts().is_empty() {
                let mut parts = self
                    .parts()
                    .map(|(name, status)| (name, status.or(Some(0))));
                words.list(name!("parts"), &mut parts);
            }
        }
        if let Some(verdict) = facts.verdict {
            words.word(name!("verdict"), verdict.as_str());
        }
    }
}

fn text(words: &mut dyn Words, name: &Name, value: Option<&str>) {
    if let Some(value) = value {
        words.text(name, value);
    }
}

/// What is wrong with a request is news for whoever owns the application.
fn is_news(kept: &Kept) -> bool {
    is_done(kept.facts()) || kept.hint().is_some()
}

/// Whether something was changed or refused.
fn is_done(facts: &Facts) -> bool {
    matches!(facts.outcome, Outcome::Repaired | Outcome::Rejected)
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
