use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::*;
use crate::layer::record::{Origin, Outcome, Reason, Repair, Span, Verdict};

const MADE: SystemTime = SystemTime::UNIX_EPOCH;

fn record<'a>(rule: &'a str, user_agent: &'a str) -> Record<'a> {
    Record {
        repairs: &[Repair::Fill],
        filled: &["/state"],
        snapshot: Some(Origin::Miss),
        age: Some(Duration::from_millis(7)),
        user_agent: Some(user_agent),
        ..Record::new(rule, &Method::PATCH, "/a/{b}", Outcome::Repaired)
    }
}

#[test]
fn only_the_last_records_are_kept_newest_first() {
    let recent = Recent::default();
    for number in 0..KEPT + 5 {
        recent.push(&record(&number.to_string(), "curl"), None, MADE);
    }
    let json: Value = serde_json::from_str(&recent.to_json()).unwrap();
    let entries = json.as_array().unwrap();
    assert_eq!(entries.len(), KEPT);
    for (place, entry) in entries.iter().enumerate() {
        assert_eq!(entry["seq"], KEPT + 5 - place);
        assert_eq!(entry["rule"], (KEPT + 4 - place).to_string());
    }
    assert_eq!(entries[0]["age_ms"], 7);
    assert_eq!(entries[0]["filled"], json!(["/state"]));
    assert_eq!(entries[0]["status"], Value::Null);
    assert_eq!(entries[0]["time"], "1970-01-01T00:00:00.000Z");
}

#[test]
fn an_entry_says_nothing_of_the_one_whose_room_it_has() {
    let full = Record {
        reason: Some(Reason::Ambiguous),
        verdict: Some(Verdict::NotNeeded),
        spans: &[Span {
            at: 1..5,
            inserted: 42,
        }],
        filled: &["/state", "/routing/queue/id"],
        dropped: &["/name".to_owned()],
        parts: &[("rest".to_owned(), Some(StatusCode::ACCEPTED))],
        hint: Some("a hint"),
        status: Some(StatusCode::OK),
        client: Some("billing"),
        ..record("full", "curl")
    };
    let bare = Record {
        repairs: &[],
        filled: &[],
        snapshot: None,
        age: None,
        user_agent: None,
        ..record("bare", "")
    };
    let recent = Recent::default();
    for _ in 0..KEPT {
        recent.push(&full, None, MADE);
    }
    let read = recent.after(0, KEPT);
    let before: Vec<_> = read.iter().map(|entry| shown(entry)).collect();
    assert_eq!(
        before[0]["spans"],
        json!([{ "start": 1, "end": 5, "inserted": 42 }])
    );
    assert_eq!(
        before[0]["parts"],
        json!([{ "name": "rest", "status": 202 }])
    );
    assert_eq!(before[0]["client"], "billing");
    assert_eq!(before[0]["verdict"], "not_needed");
    for _ in 0..KEPT {
        recent.push(&bare, None, MADE);
    }
    // What somebody is reading stays what it was.
    let after: Vec<_> = read.iter().map(|entry| shown(entry)).collect();
    assert_eq!(before, after);
    drop(read);
    // And room that was read no more is used again.
    for record in [&full, &bare] {
        for _ in 0..KEPT {
            recent.push(record, None, MADE);
        }
    }
    let entry = shown(&recent.after(0, KEPT)[0]);
    let mut expected = json!({
        "seq": 4 * KEPT, "method": "PATCH", "template": "/a/{b}", "rule": "bare", "outcome": "repaired",
        "repairs": [], "spans": [], "filled": [], "dropped": [], "parts": [], "id": bare.id.to_string(),
    });
    expected["time"] = entry["time"].clone();
    for none in [
        "reason",
        "verdict",
        "hint",
        "snapshot",
        "age_ms",
        "status",
        "client",
        "user_agent",
    ] {
        expected[none] = Value::Null;
    }
    assert_eq!(entry, expected);
}

fn shown(kept: &Kept) -> Value {
    serde_json::to_value(Shown::of(kept)).unwrap()
}

#[test]
fn numbers_tell_what_is_new() {
    let recent = Recent::default();
    assert_eq!((recent.number(), recent.after(0, KEPT).len()), (0, 0));
    for _ in 0..3 {
        recent.push(&record("r", "curl"), None, MADE);
    }
    let after: Vec<_> = recent
        .after(1, KEPT)
        .iter()
        .map(|entry| entry.facts().number)
        .collect();
    assert_eq!((recent.number(), after), (3, vec![3, 2]));
    assert!(recent.after(7, KEPT).is_empty());
    assert_eq!(recent.after(0, 1)[0].facts().number, 3);
}

#[test]
fn lists_are_bounded() {
    let spans = vec![
        Span {
            at: 0..0,
            inserted: 1
        };
        1000
    ];
    let filled = vec!["/a"; 1000];
    let dropped = vec!["/b".to_owned(); 1000];
    let parts = vec![("c".to_owned(), None); 1000];
    let recent = Recent::default();
    let long = Record {
        spans: &spans,
        filled: &filled,
        dropped: &dropped,
        parts: &parts,
        ..record("r", "curl")
    };
    recent.push(&long, None, MADE);
    let entry = shown(&recent.after(0, KEPT)[0]);
    for list in ["spans", "filled", "dropped", "parts"] {
        assert_eq!(entry[list].as_array().unwrap().len(), 32, "{list}");
    }
}
