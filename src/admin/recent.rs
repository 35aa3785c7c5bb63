//! The last repairs, for people who want to see what happens.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::layer::record::{Origin, Reason, Record};

/// Records kept: enough to find a request that was just made, small enough to read.
const KEPT: usize = 200;
/// Characters of a `User-Agent` that are kept. Callers choose it, and it is shown to people.
const USER_AGENT_CHARS: usize = 120;

/// The last records, newest first. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Recent(Arc<Mutex<VecDeque<Entry>>>);

#[derive(Debug)]
struct Entry {
    time: SystemTime,
    rule: String,
    outcome: &'static str,
    reason: Option<&'static str>,
    repairs: Vec<&'static str>,
    filled: Vec<String>,
    dropped: Vec<String>,
    parts: Vec<(String, Option<u16>)>,
    hint: Option<String>,
    snapshot: Option<&'static str>,
    age: Option<Duration>,
    status: Option<u16>,
    user_agent: Option<String>,
    id: String,
}

impl Recent {
    /// Keeps what a record says; it holds names and ages and none of the values.
    pub fn push(&self, record: &Record<'_>) {
        let entry = Entry {
            time: SystemTime::now(),
            rule: record.rule.to_owned(),
            outcome: record.outcome.as_str(),
            reason: record.reason.map(Reason::as_str),
            repairs: record
                .repairs
                .iter()
                .map(|repair| repair.as_str())
                .collect(),
            filled: record
                .filled
                .iter()
                .map(|&pointer| pointer.to_owned())
                .collect(),
            dropped: record.dropped.to_vec(),
            parts: record
                .parts
                .iter()
                .map(|(name, status)| (name.clone(), status.map(|status| status.as_u16())))
                .collect(),
            hint: record.hint.map(shown),
            snapshot: record.snapshot.map(Origin::as_str),
            age: record.age,
            status: record.status.map(|status| status.as_u16()),
            user_agent: record.user_agent.map(shown),
            id: record.id.to_string(),
        };
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.truncate(KEPT - 1);
        entries.push_front(entry);
    }

    /// The records as a JSON array, newest first.
    pub fn to_json(&self) -> String {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Value::Array(entries.iter().map(Entry::to_json).collect()).to_string()
    }
}

impl Entry {
    fn to_json(&self) -> Value {
        json!({
            "time": rfc3339(self.time),
            "rule": self.rule,
            "outcome": self.outcome,
            "reason": self.reason,
            "repairs": self.repairs,
            "filled": self.filled,
            "dropped": self.dropped,
            "parts": self.parts.iter().map(|(name, status)| {
                json!({ "name": name, "status": status })
            }).collect::<Vec<_>>(),
            "hint": self.hint,
            "snapshot": self.snapshot,
            "age_ms": self.age.map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX)),
            "status": self.status,
            "user_agent": self.user_agent,
            "id": self.id,
        })
    }
}

/// Text of a caller's as it may be shown: bounded, and with control characters spelled out.
fn shown(text: &str) -> String {
    text.chars()
        .take(USER_AGENT_CHARS)
        .flat_map(|char| {
            let escape = char.is_control();
            let escaped = escape.then(|| char.escape_default());
            let plain = (!escape).then_some(char);
            escaped.into_iter().flatten().chain(plain)
        })
        .collect()
}

fn rfc3339(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    humantime::format_rfc3339_millis(UNIX_EPOCH + since).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::RequestId;
    use crate::layer::record::{Outcome, Repair};

    fn record<'a>(rule: &'a str, user_agent: &'a str) -> Record<'a> {
        Record {
            rule,
            method: &http::Method::PATCH,
            template: "/a/{b}",
            outcome: Outcome::Repaired,
            reason: None,
            repairs: &[Repair::Fill],
            verdict: None,
            spans: &[],
            filled: &["/state"],
            dropped: &[],
            parts: &[],
            hint: None,
            snapshot: Some(Origin::Miss),
            age: Some(Duration::from_millis(7)),
            status: None,
            client: None,
            user_agent: Some(user_agent),
            id: RequestId::next(),
            trace: None,
        }
    }

    #[test]
    fn only_the_last_records_are_kept_newest_first() {
        let recent = Recent::default();
        for number in 0..KEPT + 5 {
            recent.push(&record(&number.to_string(), "curl"));
        }
        let json: Value = serde_json::from_str(&recent.to_json()).unwrap();
        let rules: Vec<_> = json.as_array().unwrap().iter().collect();
        assert_eq!(rules.len(), KEPT);
        assert_eq!(rules[0]["rule"], (KEPT + 4).to_string());
        assert_eq!(rules[0]["age_ms"], 7);
        assert_eq!(rules[0]["filled"], json!(["/state"]));
        assert_eq!(rules[0]["status"], Value::Null);
        let time = rules[0]["time"].as_str().unwrap();
        assert!(humantime::parse_rfc3339(time).is_ok(), "{time}");
    }

    #[test]
    fn a_user_agent_is_bounded_and_cannot_write_to_a_terminal() {
        assert_eq!(shown("a\u{1b}[2Jb\n"), "a\\u{1b}[2Jb\\n");
        assert_eq!(shown(&"ä".repeat(1000)).chars().count(), USER_AGENT_CHARS);
    }
}
