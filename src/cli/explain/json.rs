//! An explained request, for programs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::notebook::Message;
use super::rehearsal::Explained;
use super::show::changed_headers;
use crate::layer::options::Mode;

/// Field names are a promise; fields may be added.
pub(super) fn explained(explained: &Explained) -> Value {
    let told = explained.told.as_ref();
    let rule = explained.rule.as_ref();
    let spans = explained.spans().iter().map(
        |span| json!({ "start": span.at.start, "end": span.at.end, "inserted": span.inserted }),
    );
    let spans: Vec<_> = spans.collect();
    let misses = explained.misses_conversation();
    let sent = |messages: &[Message], spans: &[Value]| -> Vec<_> {
        let sent = messages.iter();
        sent.map(|sent| message(&explained.came, sent, spans))
            .collect()
    };
    json!({
        "method": explained.came.method.as_str(),
        "target": target(&explained.came),
        "result": explained.ending().as_str(),
        "upstream": explained.upstream,
        "rule": rule.map(|rule| json!({ "name": rule.name, "mode": mode(explained.mode) })),
        "gaps": rule.and_then(|rule| rule.gaps.as_ref().ok()),
        "current": rule.map(|rule| &rule.current),
        "lookups": rule.filter(|_| misses).map(|rule| &rule.lookups),
        "outcome": told.filter(|_| !misses).map(|told| told.outcome.as_str()),
        "reason": told.filter(|_| !misses).and_then(|told| told.reason).map(crate::layer::record::Reason::as_str),
        "repairs": told.map(|told| &told.repairs),
        "filled": told.map(|told| &told.filled),
        "dropped": told.map(|told| &told.dropped),
        "credential_assumed": explained.assumed_credential,
        "report": explained.report.as_ref().filter(|_| !misses),
        "sent": (!misses).then(|| sent(&explained.sent, &spans)),
        "after_rejection": sent(&explained.after_rejection, &[]),
        "diagnosis": explained.diagnosis.as_ref().map(|diagnosis| json!({
            "reason": diagnosis.flaw.as_str(),
            "hint": diagnosis.hint,
            "advice": diagnosis.advice,
        })),
    })
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Off => "off",
        Mode::Observe => "observe",
        Mode::Enforce => "enforce",
    }
}

fn target(message: &Message) -> &str {
    let target = message.target.path_and_query();
    target.map_or("/", http::uri::PathAndQuery::as_str)
}

/// Header fields that differ, by name; `null` for one that is left out. The body is text where it is UTF-8.
fn message(came: &Message, sent: &Message, spans: &[Value]) -> Value {
    let headers = changed_headers(came, sent).map(|(name, _, after)| {
        let value = (!after.is_empty()).then(|| after.join(", "));
        (name.to_string(), json!(value))
    });
    let text = std::str::from_utf8(&sent.body).ok();
    json!({
        "method": sent.method.as_str(),
        "target": target(sent),
        "headers": headers.collect::<Map<_, _>>(),
        "body": text,
        "body_base64": text.is_none().then(|| STANDARD.encode(&sent.body)),
        "changed": sent.body != came.body,
        "spans": spans,
    })
}
