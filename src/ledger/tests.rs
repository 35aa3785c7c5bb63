use std::time::{Duration, UNIX_EPOCH};

use http::{Method, StatusCode};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::layer::options::{EnforceShare, Mode, Options};
use crate::layer::record::{Origin, Reason, Record, Repair};
use crate::rule::Rules;

const TEMPLATE: &str = "/api/v2/conversations/{conversationId}/participants/{participantId}";

fn record<'a>() -> Record<'a> {
    Record {
        repairs: &[Repair::Fill],
        filled: &["/state"],
        snapshot: Some(Origin::Miss),
        status: Some(StatusCode::ACCEPTED),
        user_agent: Some("curl/8"),
        ..Record::new("participant", &Method::PATCH, TEMPLATE, Outcome::Repaired)
    }
}

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn ledger() -> Ledger {
    Ledger::new(at(0))
}

fn note(ledger: &Ledger, record: &Record<'_>, time: SystemTime) {
    ledger.note(&Arc::new(Kept::new((0, time), record, None)));
}

fn report(ledger: &Ledger, mode: Mode, share: f64) -> Value {
    let options = Options {
        mode,
        enforce_share: EnforceShare::new(share).unwrap(),
        ..Options::default()
    };
    ledger.report(&Rules::strict(), &options, at(1000))
}

/// Of a report in mode enforce.
fn callers(ledger: &Ledger) -> Vec<Value> {
    report(ledger, Mode::Enforce, 1.0)["callers"]
        .as_array()
        .unwrap()
        .clone()
}

#[test]
fn a_broken_call_is_counted_with_when_it_came_and_how_it_was_answered() {
    let ledger = ledger();
    let refused = Record {
        status: Some(StatusCode::CONFLICT),
        ..record()
    };
    let unanswered = Record {
        status: None,
        ..record()
    };
    for (record, time) in [(record(), 5), (refused, 7), (unanswered, 9), (record(), 3)] {
        note(&ledger, &record, at(time));
    }
    let callers = callers(&ledger);
    let [caller] = callers.as_slice() else {
        panic!("{callers:?}");
    };
    assert_eq!(
        (&caller["caller"], &caller["named"]),
        (&json!("curl/8"), &json!(false))
    );
    let call = &caller["calls"][0];
    let instead = call["instead"].as_str().unwrap();
    assert!(
        instead.starts_with(&format!(
            "PATCH {TEMPLATE}\nContent-Type: application/json\n"
        )),
        "{instead}"
    );
    let mut call = call.clone();
    call.as_object_mut().unwrap().remove("instead");
    assert_eq!(
        call,
        json!({
            "method": "PATCH", "template": TEMPLATE, "rule": "participant", "outcome": "repaired",
            "repairs": ["fill"], "filled": ["/state"], "reason": null, "hint": null,
            "count": 4, "accepted": 2, "refused": 2,
            "would_have_helped": 0, "not_needed": 0, "unclear": 0,
            "first": "1970-01-01T00:00:05Z", "last": "1970-01-01T00:00:09Z",
        })
    );
}

#[test]
fn what_differs_in_anything_that_its_owner_must_know_is_another_call() {
    let ledger = ledger();
    let others = [
        record(),
        Record {
            user_agent: Some("other"),
            ..record()
        },
        Record {
            user_agent: None,
            ..record()
        },
        Record {
            user_agent: Some(" "),
            client: Some("curl/8"),
            ..record()
        },
        Record {
            method: &Method::PUT,
            ..record()
        },
        Record {
            template: "/x/{a}",
            ..record()
        },
        Record {
            rule: "other",
            ..record()
        },
        Record {
            outcome: Outcome::Observed,
            ..record()
        },
        Record {
            reason: Some(Reason::UpstreamFailed),
            ..record()
        },
        Record {
            repairs: &[Repair::Fill, Repair::Bom],
            ..record()
        },
        Record {
            filled: &["/state", "/routing/queue/id"],
            ..record()
        },
        Record {
            hint: Some("/a must be a string"),
            ..record()
        },
    ];
    // What is no property of the call makes no difference.
    let same = [
        Record {
            age: Some(Duration::from_secs(1)),
            snapshot: None,
            ..record()
        },
        Record {
            status: Some(StatusCode::OK),
            verdict: Some(Verdict::Unclear),
            ..record()
        },
        Record {
            dropped: &["/x".to_owned()],
            ..record()
        },
    ];
    for record in others.iter().chain(&same) {
        note(&ledger, record, at(1));
    }
    let callers = callers(&ledger);
    let calls: Vec<_> = callers
        .iter()
        .flat_map(|caller| caller["calls"].as_array().unwrap())
        .collect();
    assert_eq!(calls.len(), others.len());
    let mut counts: Vec<_> = calls
        .iter()
        .map(|call| call["count"].as_u64().unwrap())
        .collect();
    counts.sort_unstable();
    assert_eq!(counts.iter().sum::<u64>(), 15);
    assert_eq!(counts.last(), Some(&4));
    // The most frequent comes first, and a client is not taken for an agent that is called like it.
    assert_eq!(callers[0]["caller"], "curl/8");
    let named: Vec<_> = callers
        .iter()
        .filter(|caller| caller["named"] == true)
        .collect();
    assert_eq!((named.len(), &named[0]["caller"]), (1, &json!("curl/8")));
    assert!(callers.iter().any(|caller| caller["caller"] == "unknown"));
}

#[test]
fn what_is_not_broken_or_was_not_looked_at_is_no_call() {
    let ledger = ledger();
    note(
        &ledger,
        &Record {
            outcome: Outcome::Complete,
            ..record()
        },
        at(1),
    );
    for reason in [
        Reason::ModeOff,
        Reason::TooLarge,
        Reason::Overloaded,
        Reason::Coding,
        Reason::Signed,
    ] {
        let forwarded = Record {
            outcome: Outcome::Forwarded,
            reason: Some(reason),
            ..record()
        };
        note(&ledger, &forwarded, at(1));
    }
    assert_eq!(callers(&ledger), [] as [Value; 0]);
}

#[test]
fn the_longest_unseen_goes_first_and_is_counted() {
    let ledger = ledger();
    let names: Vec<_> = (0..CALLS + 10)
        .map(|number| format!("agent/{number}"))
        .collect();
    let note_of = |name: &str, time| {
        note(
            &ledger,
            &Record {
                user_agent: Some(name),
                ..record()
            },
            at(time),
        );
    };
    for name in &names[..CALLS] {
        note_of(name, 5);
    }
    // Seen again, at a time that is no later: the clock went back.
    note_of(&names[0], 1);
    for name in &names[CALLS..] {
        note_of(name, 5);
    }
    let report = report(&ledger, Mode::Enforce, 1.0);
    assert_eq!(report["forgotten"], 10);
    let callers = report["callers"].as_array().unwrap();
    assert_eq!(callers.len(), CALLS);
    let is_there = |name: &str| callers.iter().any(|caller| caller["caller"] == name);
    assert!(is_there(&names[0]) && is_there(&names[CALLS + 9]) && is_there(&names[11]));
    assert!(!is_there(&names[1]) && !is_there(&names[10]));
}

#[test]
fn a_caller_can_neither_fill_a_page_nor_write_to_a_terminal() {
    let ledger = ledger();
    let long = format!("ä{}", "x".repeat(5000));
    note(
        &ledger,
        &Record {
            user_agent: Some(&long),
            ..record()
        },
        at(1),
    );
    note(
        &ledger,
        &Record {
            user_agent: Some(&format!("{long}y")),
            ..record()
        },
        at(1),
    );
    let odd = Record {
        user_agent: Some("a\u{1b}[2J\nb\u{9b}"),
        hint: Some("/\u{7}"),
        ..record()
    };
    note(&ledger, &odd, at(1));
    let callers = callers(&ledger);
    assert_eq!(callers.len(), 2);
    assert_eq!(callers[0]["caller"].as_str().unwrap().chars().count(), 120);
    assert_eq!(callers[1]["caller"], "a\\u{1b}[2J\\nb\\u{9b}");
    assert_eq!(callers[1]["calls"][0]["hint"], "/\\u{7}");
}

#[test]
fn rules_are_counted_by_what_they_were_needed_for() {
    let ledger = ledger();
    let observed = |verdict| Record {
        outcome: Outcome::Observed,
        verdict,
        ..record()
    };
    for (record, time) in [
        (
            Record {
                outcome: Outcome::Complete,
                ..record()
            },
            9,
        ),
        (record(), 2),
        (observed(Some(Verdict::WouldHaveHelped)), 3),
        (observed(Some(Verdict::Unclear)), 4),
        (observed(None), 8),
        (
            Record {
                outcome: Outcome::Forwarded,
                hint: Some("x"),
                ..record()
            },
            8,
        ),
    ] {
        note(&ledger, &record, at(time));
    }
    let report = report(&ledger, Mode::Observe, 1.0);
    let mut rules = report["rules"].as_array().unwrap().iter();
    let rule = rules
        .clone()
        .find(|rule| rule["rule"] == "participant")
        .unwrap();
    let mut rule = rule.clone();
    let advice = rule.as_object_mut().unwrap().remove("advice").unwrap();
    assert_eq!(
        rule,
        json!({
            "rule": "participant", "mode": "observe", "enforce_share": 1.0, "verdict": "safe_to_enforce",
            "complete": 1, "repaired": 1, "observed": 3,
            "would_have_helped": 1, "not_needed": 0, "unclear": 1,
            "last_needed": "1970-01-01T00:00:04Z",
        })
    );
    assert!(
        advice.as_str().unwrap().contains("mode = \"enforce\""),
        "{advice}"
    );
    let untouched = rules.find(|rule| rule["rule"] == "web-instance").unwrap();
    assert_eq!(
        (&untouched["verdict"], &untouched["last_needed"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(report["since"], "1970-01-01T00:00:00Z");
}

/// The verdict of the rule, after so many of each kind.
fn verdict_of(counts: [u64; 3], mode: Mode, share: f64) -> Value {
    let ledger = ledger();
    let verdicts = [
        Verdict::WouldHaveHelped,
        Verdict::NotNeeded,
        Verdict::Unclear,
    ];
    for (verdict, count) in verdicts.into_iter().zip(counts) {
        let observed = Record {
            outcome: Outcome::Observed,
            verdict: Some(verdict),
            ..record()
        };
        (0..count).for_each(|_| note(&ledger, &observed, at(1)));
    }
    let report = report(&ledger, mode, share);
    let rules = report["rules"].as_array().unwrap();
    rules
        .iter()
        .find(|rule| rule["rule"] == "participant")
        .unwrap()
        .clone()
}

#[test]
fn only_a_rule_that_observes_has_a_verdict() {
    for (mode, share, expected) in [
        (Mode::Observe, 1.0, json!("safe_to_enforce")),
        (Mode::Enforce, 0.5, json!("safe_to_enforce")),
        (Mode::Enforce, 1.0, Value::Null),
        (Mode::Off, 0.5, Value::Null),
    ] {
        assert_eq!(
            verdict_of([1, 0, 0], mode, share)["verdict"],
            expected,
            "{mode:?} {share}"
        );
    }
    let advice = verdict_of([1, 0, 0], Mode::Enforce, 0.5)["advice"].clone();
    assert!(
        advice
            .as_str()
            .unwrap()
            .contains("raise enforce_share (now 0.5)"),
        "{advice}"
    );
}

proptest! {
    #[test]
    fn a_verdict_follows_from_the_counts(helped in 0..3_u64, not_needed in 0..3_u64, unclear in 0..3_u64) {
        let rule = verdict_of([helped, not_needed, unclear], Mode::Observe, 1.0);
        let expected = match (helped > 0, not_needed > 0, unclear > 0) {
            (true, false, _) => json!("safe_to_enforce"),
            (false, true, _) => json!("not_needed"),
            (true, true, _) => json!("mixed"),
            (false, false, true) => json!("unclear"),
            (false, false, false) => Value::Null,
        };
        prop_assert_eq!(&rule["verdict"], &expected);
        prop_assert_eq!(rule["advice"].is_null(), expected.is_null());
        prop_assert_eq!(&rule["unclear"], &json!(unclear));
    }
}

#[test]
fn a_configuration_that_is_read_again_and_again_does_not_fill_the_memory() {
    let ledger = ledger();
    for number in 0..RULES + 5 {
        note(
            &ledger,
            &Record {
                rule: &number.to_string(),
                ..record()
            },
            at(1),
        );
    }
    assert_eq!(ledger.copy().rules.len(), RULES);
    note(
        &ledger,
        &Record {
            rule: "0",
            ..record()
        },
        at(1),
    );
    assert_eq!(ledger.copy().rules["0"].repaired, 2);
}
