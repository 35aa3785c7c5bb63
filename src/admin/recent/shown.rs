//! A record that was kept, as people and programs are shown it.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::harmless::{first, harmless};
use crate::kept::{Kept, SHOWN_CHARS, Several};
use crate::layer::record::{Origin, Reason, Verdict};
use crate::rfc3339;

/// Members and parts that are shown of one record. Rules have fewer.
const LISTED: usize = 32;

/// No values: callers' names for things at most, bounded and with what acts spelled out.
pub(in crate::admin) fn json(kept: &Kept) -> Value {
    let facts = kept.facts();
    let parts = kept.parts().take(LISTED);
    let parts = parts.map(|(name, status)| json!({ "name": name, "status": status }));
    let spans = kept.spans().iter().map(
        |span| json!({ "start": span.at.start, "end": span.at.end, "inserted": span.inserted }),
    );
    json!({
        "seq": facts.number,
        "time": rfc3339::millis(facts.time),
        "method": kept.method(),
        "template": kept.template(),
        "rule": kept.rule(),
        "outcome": facts.outcome.as_str(),
        "reason": facts.reason.map(Reason::as_str),
        "verdict": facts.verdict.map(Verdict::as_str),
        "repairs": list(kept.repairs(), Cow::Borrowed),
        "spans": spans.collect::<Vec<_>>(),
        "filled": list(kept.filled(), Cow::Borrowed),
        "dropped": list(kept.dropped(), shown),
        "parts": parts.collect::<Vec<_>>(),
        "hint": said(kept.hint()).map(shown),
        "snapshot": facts.snapshot.map(Origin::as_str),
        "age_ms": facts.age_ms(),
        "status": facts.status,
        "client": said(kept.client()).map(Cow::Borrowed),
        "user_agent": said(kept.user_agent()).map(shown),
        "id": facts.id.to_string(),
    })
}

fn list<'a>(texts: Several<'a>, show: fn(&'a str) -> Cow<'a, str>) -> Vec<Cow<'a, str>> {
    texts.take(LISTED).map(show).collect()
}

fn said(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

fn shown(text: &str) -> Cow<'_, str> {
    harmless(first(text, SHOWN_CHARS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_caller_chose_is_bounded_and_cannot_write_to_a_terminal() {
        assert_eq!(shown("curl/8 (x; y)"), "curl/8 (x; y)");
        assert_eq!(shown("a\u{1b}[2Jb\n"), "a\\u{1b}[2Jb\\n");
        for long in ["ä", "a"] {
            assert_eq!(shown(&long.repeat(1000)).chars().count(), SHOWN_CHARS);
        }
    }
}
