//! Sixty real requests that the API refused, or did nothing with, and what becomes of them with the rules
//! for the published API. `tests/corpus/cases.json` has them with what is expected and, where nothing is
//! repaired, why; where a source shows no whole request, `shown` says what was made of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bytes::Bytes;
use http::Method;
use patchwright::simulator::{Effect, Received, seed};
use serde_json::{Map, Value, json};

use crate::support::{Answer, Caller, World};

/// What is expected of a case, and how the table calls it.
const COLUMNS: [(&str, &str); 5] = [
    ("straight", "accepted straight"),
    ("repaired", "repaired"),
    ("diagnosed", "diagnosed"),
    ("left", "left alone"),
    ("absent", "no request shown"),
];

/// How likely the corpus calls it that a proxy can repair a case.
const MARKS: [&str; 4] = ["yes", "partly", "no", "control"];

struct Case(Map<String, Value>);

impl Case {
    fn text(&self, key: &str) -> &str {
        self.0.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    async fn send(&self, caller: &Caller) -> Answer {
        let mut sending = caller.request(self.text("method").parse().unwrap(), self.text("path"));
        for (name, value) in self.0["headers"].as_object().unwrap() {
            sending = sending.header(name, value.as_str().unwrap());
        }
        let body = Bytes::copy_from_slice(self.text("body").as_bytes());
        sending.bearer(self.text("token")).body(body).send().await
    }

    /// What was asked for, as the simulator should have done it.
    fn asked(&self) -> Vec<Value> {
        self.0
            .get("effects")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    }
}

fn cases() -> Vec<Case> {
    let cases: Vec<Map<String, Value>> =
        serde_json::from_str(include_str!("../corpus/cases.json")).unwrap();
    cases.into_iter().map(Case).collect()
}

/// An effect in the words of the cases.
fn told(effect: &Effect, conversation: &str) -> Value {
    if effect.participant.is_empty() {
        return json!({ "set": effect.set });
    }
    assert_eq!(effect.conversation, conversation);
    let number = (1..=4).find(|&n| seed::participant(conversation, n) == effect.participant);
    let mut told = json!({ "participant": number });
    if !effect.attributes.is_empty() {
        told["attributes"] = json!(effect.attributes);
    }
    if let Some((from, to)) = &effect.state {
        told["state"] = json!([from, to]);
    }
    if !effect.set.is_empty() {
        told["set"] = json!(effect.set);
    }
    told
}

fn effects(world: &World, case: &Case) -> Vec<Value> {
    let effects = world.simulator.effects();
    effects
        .iter()
        .map(|effect| told(effect, case.text("conversation")))
        .collect()
}

/// Everything of a request but what belongs to its way.
fn arrived(request: &Received) -> (String, String, Bytes) {
    (
        request.method.to_string(),
        request.target.clone(),
        request.body.clone(),
    )
}

/// Sends a case both ways, each to a world of its own: what one does must not be there for the other.
async fn judge(case: &Case) {
    let (world, other) = (World::official().await, World::official().await);
    let proxied = case.send(&world.proxied).await;
    let straight = case.send(&other.straight).await;
    let (done, done_straight) = (effects(&world, case), effects(&other, case));
    let (id, report) = (case.text("id"), proxied.report());
    let context = format!("{id}: {} {} → {report}", straight.status, proxied.status);
    let is_accepted = (200..300).contains(&proxied.status);
    let expect = case.text("expect");
    if expect == "repaired" {
        assert!(straight.status >= 400, "{context}: nothing to repair");
        assert!(is_accepted, "{context} {:?}", proxied.body);
        assert!(proxied.says("outcome=repaired"), "{context}");
        assert_eq!(done, case.asked(), "{context}");
        return;
    }
    let requests = world.simulator.requests();
    // A lookup may have shown that it can't be repaired.
    let writes = requests
        .iter()
        .filter(|request| request.method != Method::GET);
    let sent: Vec<_> = writes.map(arrived).collect();
    let as_it_came: Vec<_> = other.simulator.requests().iter().map(arrived).collect();
    assert_eq!(sent, as_it_came, "{context}: one request, to the byte");
    assert_eq!(
        (proxied.status, &done),
        (straight.status, &done_straight),
        "{context}"
    );
    if requests.len() == sent.len() {
        assert_eq!(proxied.body, straight.body, "{context}: its answer");
    }
    match expect {
        "straight" => {
            assert!(is_accepted, "{context}");
            assert_eq!(done, case.asked(), "{context}");
        }
        "diagnosed" => {
            assert!(
                straight.status >= 400,
                "{context}: nothing is wrong with it"
            );
            let reason = format!("reason={}", case.text("reason"));
            assert!(
                proxied.says(&reason) && report.contains("hint=\""),
                "{context}"
            );
            assert_eq!(done, [Value::Null; 0], "{context}");
        }
        _ => assert!(!report.contains("repaired"), "{context}"),
    }
}

#[tokio::test]
async fn every_case_is_repaired_or_explained_and_nothing_is_done_that_nobody_asked_for() {
    let mut table: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let cases = cases();
    for case in &cases {
        let (id, expect) = (case.text("id"), case.text("expect"));
        let mark = MARKS.into_iter().find(|mark| *mark == case.text("mark"));
        let column = COLUMNS.into_iter().find(|(word, _)| *word == expect);
        let (_, column) = column.unwrap_or_else(|| panic!("{id}: {expect}"));
        if let Some(mark) = mark {
            *table.entry((mark, column)).or_default() += 1;
        }
        let needs_no_reason = matches!(expect, "repaired" | "straight");
        assert!(
            needs_no_reason || !case.text("why").is_empty(),
            "{id}: why?"
        );
        if expect != "absent" {
            judge(case).await;
        }
    }
    let table = markdown(&table);
    println!("{table}");
    let readme = include_str!("../../README.md");
    assert!(
        readme.contains(&table),
        "the README has another table than\n{table}"
    );
}

/// Cases by how they were marked and what becomes of them.
fn markdown(counts: &BTreeMap<(&str, &str), usize>) -> String {
    let names: Vec<_> = COLUMNS.iter().map(|(_, name)| *name).collect();
    let mut table = format!("| a proxy can repair it | {} | all |\n", names.join(" | "));
    let _ = writeln!(table, "|---|{}", "---|".repeat(names.len() + 1));
    for mark in MARKS {
        let row: Vec<_> = names
            .iter()
            .map(|name| counts.get(&(mark, *name)).copied())
            .collect();
        let all: usize = row.iter().flatten().sum();
        let row = row
            .iter()
            .map(|count| count.map_or_else(String::new, |count| count.to_string()));
        let row: Vec<_> = row.collect();
        let _ = writeln!(table, "| {mark} | {} | {all} |", row.join(" | "));
    }
    table
}

#[test]
fn of_the_cases_that_a_proxy_can_repair_none_is_given_up_but_those_that_show_no_request() {
    let cases = cases();
    let marked = |mark: &str| {
        cases
            .iter()
            .filter(|case| case.text("mark") == mark)
            .count()
    };
    assert_eq!(MARKS.map(marked), [18, 28, 11, 3], "all sixty are here");
    for case in cases.iter().filter(|case| case.text("mark") == "yes") {
        let expect = case.text("expect");
        assert!(
            matches!(expect, "repaired" | "absent"),
            "{}",
            case.text("id")
        );
    }
}
