//! Laws of the rules for the published API, over its simulator in memory: whatever a caller sends, nothing is
//! done that it did not ask for, nothing it asked for gets lost on the way, and what the API takes arrives as
//! it came.

mod json;
mod passage;
mod requests;

use std::collections::HashMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::Value;

use json::Leaf;
use passage::{Passage, Write, passages};
use patchwright::simulator::Effect;
use requests::{Asked, requests};

/// Names that callers give attributes.
const ATTRIBUTES: [&str; 5] = [
    "attributes",
    "customAttributes",
    "externalAttributes",
    "participant_attributes",
    "participantAttributes",
];

impl Asked {
    fn leaves(&self) -> Vec<Leaf> {
        self.body
            .as_ref()
            .map(json::Json::leaves)
            .unwrap_or_default()
    }

    /// Whom it names.
    fn names(&self, participant: &str) -> bool {
        if let Some(named) = &self.participant {
            return named == participant;
        }
        let leaves = self.leaves();
        let names = self.body.as_ref().map(json::Json::names);
        leaves.iter().any(|leaf| leaf.text == participant)
            || names.is_some_and(|names| names.iter().any(|name| name == participant))
    }

    fn asks_for_state(&self, to: &str) -> bool {
        let says = |leaf: &Leaf| match leaf.name() {
            "state" => leaf.text.eq_ignore_ascii_case(to),
            "action" => leaf.text == "disconnect" && to == "disconnected",
            _ => false,
        };
        let is_path = self.path.ends_with("/disconnect") && to == "disconnected";
        let leaves = self.leaves();
        let mut commands = leaves.iter().filter(|leaf| is_command(leaf));
        is_path || commands.any(says)
    }

    /// A command, and what it was given.
    fn asks_for(&self, command: &str, value: &Value) -> bool {
        let leaves = self.leaves();
        let mut commands = leaves.iter().filter(|leaf| is_command(leaf));
        match value {
            Value::Bool(on) => {
                commands.any(|leaf| leaf.name() == command && leaf.text == on.to_string())
            }
            Value::Object(members) => members.values().all(|value| {
                let below = leaves.iter().filter(|leaf| is_command(leaf));
                below
                    .into_iter()
                    .any(|leaf| leaf.text == plain(value) && of_command(leaf, command))
            }),
            value => commands.any(|leaf| leaf.text == plain(value)),
        }
    }

    fn asks_for_attribute(&self, name: &str, value: &Value) -> bool {
        let bare = self.path.ends_with("/attributes");
        self.leaves().iter().any(|leaf| {
            (bare || is_attribute(leaf))
                && leaf.name() == name
                && Some(leaf.text.as_str()) == value.as_str()
        })
    }

    fn asks_for_effect(&self, effect: &Effect) -> bool {
        let attributes = &effect.attributes;
        effect.conversation == self.conversation
            && self.names(&effect.participant)
            && effect
                .state
                .as_ref()
                .is_none_or(|(_, to)| self.asks_for_state(to))
            && effect
                .set
                .iter()
                .all(|(name, value)| self.asks_for(name, value))
            && attributes
                .iter()
                .all(|(name, value)| self.asks_for_attribute(name, value))
    }

    /// Whether a write is the request as it came.
    fn is(&self, write: &Write) -> bool {
        let mut headers = write.headers.iter();
        (&write.method, &write.path, &write.body[..])
            == (&self.method, &self.path, self.text().as_bytes())
            && write.headers.len() == self.headers.len()
            && headers.all(|(name, value)| {
                let mut came = self.headers.iter();
                came.any(|(own, text)| name == own && value == text)
            })
    }
}

/// Whether a leaf may be an attribute. `data` may hold some, or the whole body.
fn is_attribute(leaf: &Leaf) -> bool {
    leaf.stands_below("data") || !is_command(leaf)
}

/// Whether a leaf may be a command.
fn is_command(leaf: &Leaf) -> bool {
    !ATTRIBUTES.into_iter().any(|name| leaf.stands_below(name))
}

fn of_command(leaf: &Leaf, command: &str) -> bool {
    let mut names = leaf.pointer.split('/');
    match command {
        "wrapup" => names.any(|name| ["wrapup", "wrapUpCode", "wrapupCode"].contains(&name)),
        _ => true,
    }
}

/// A scalar's text.
fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Whether what stood at `leaf` is one of the members that the report says were left out. Of a body that was
/// unwrapped the report has the pointers inside.
fn is_dropped(leaf: &Leaf, dropped: &[String]) -> bool {
    let way = format!("{}/", leaf.pointer);
    let mut dropped = dropped.iter().filter(|name| name.starts_with('/'));
    dropped.any(|pointer| way.contains(&format!("{pointer}/")))
}

/// What a caller said, as the API spells it.
fn arrived(leaf: &Leaf, sent: &[String]) -> bool {
    let ended = format!("{}ed", leaf.text);
    sent.iter().any(|text| {
        text.eq_ignore_ascii_case(&leaf.text) || leaf.name() == "action" && *text == ended
    })
}

/// Every word of what was sent, duplicates included, which a parser would not show.
fn sent(passage: &Passage) -> Vec<String> {
    let mut sent = Vec::new();
    for write in &passage.writes {
        let body = str::from_utf8(&write.body).unwrap();
        let words = body.split(['"', ',', ':', '{', '}', '[', ']']);
        sent.extend(words.map(str::trim).map(str::to_owned));
        sent.extend(write.path.split('/').map(str::to_owned));
    }
    sent
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_500) })]

    #[test]
    fn nothing_happens_that_no_member_of_the_callers_asks_for(requests in requests()) {
        for (asked, passage) in requests.iter().zip(passages(&requests)) {
            // What the API does with the request as it came is between the two of them.
            if passage.straight.is_accepted() {
                prop_assert_eq!(passage.answer.done(), passage.straight.done(), "{} {} {}", asked.method, asked.path, asked.text());
                continue;
            }
            for effect in &passage.answer.effects {
                prop_assert!(asked.asks_for_effect(effect), "{} {} {}: {:#?}", asked.method, asked.path, asked.text(), passage);
            }
        }
    }

    #[test]
    fn nothing_is_written_to_a_whole_conversation_that_the_caller_did_not_write_there(requests in requests()) {
        for (asked, passage) in requests.iter().zip(passages(&requests)) {
            for write in &passage.writes {
                let below = write.path.contains("/participants/");
                prop_assert!(below || asked.is(write), "{} {}: {:#?}", asked.path, asked.text(), passage);
            }
        }
    }

    #[test]
    fn what_the_api_takes_arrives_once_and_as_it_came(requests in requests()) {
        for (asked, passage) in requests.iter().zip(passages(&requests)) {
            let is_as_it_came = passage.writes.len() == 1 && asked.is(&passage.writes[0]);
            if passage.straight.is_accepted() || passage.report.outcome != "repaired" {
                prop_assert!(is_as_it_came, "{} {}: {:#?}", asked.path, asked.text(), passage);
                prop_assert_eq!(passage.answer.status, passage.straight.status);
                prop_assert_eq!(passage.answer.done(), passage.straight.done());
            } else {
                prop_assert!(!is_as_it_came, "{} {}: {:#?}", asked.path, asked.text(), passage);
            }
        }
    }

    #[test]
    fn nothing_that_was_asked_for_is_lost_without_a_word(requests in requests()) {
        for (asked, passage) in requests.iter().zip(passages(&requests)) {
            if passage.report.outcome != "repaired" || !passage.answer.is_accepted() {
                continue;
            }
            let sent = sent(&passage);
            for leaf in asked.leaves() {
                let is_there = arrived(&leaf, &sent) || is_dropped(&leaf, &passage.report.dropped);
                prop_assert!(is_there, "{} of {} {}: {:#?}", leaf.pointer, asked.path, asked.text(), passage);
            }
        }
    }

    #[test]
    fn no_request_is_sent_twice(requests in requests()) {
        for (asked, passage) in requests.iter().zip(passages(&requests)) {
            // At most two parts, and after a rejection once more.
            prop_assert!(passage.writes.len() <= 3, "{} {}: {:#?}", asked.path, asked.text(), passage);
            for (index, write) in passage.writes.iter().enumerate() {
                let again = passage.writes[..index].iter().any(|other| {
                    (&other.method, &other.path, &other.body, &other.headers)
                        == (&write.method, &write.path, &write.body, &write.headers)
                });
                prop_assert!(!again, "{} {}: {:#?}", asked.path, asked.text(), passage);
            }
            for effect in &passage.answer.effects {
                let same = passage.answer.effects.iter().filter(|other| {
                    other.participant == effect.participant && other.template == effect.template
                });
                prop_assert_eq!(same.count(), 1, "{} {}: {:#?}", asked.path, asked.text(), passage);
            }
        }
    }
}

/// The laws would hold for idle rules, too: these work.
#[test]
fn the_requests_reach_every_repair_and_reason_often() {
    let mut runner = TestRunner::deterministic();
    let mut counts = HashMap::<String, u32>::new();
    for _ in 0..2_000 {
        let requests = requests().new_tree(&mut runner).unwrap().current();
        for passage in passages(&requests) {
            let Passage { report, writes, .. } = &passage;
            let accepted = if passage.answer.is_accepted() {
                "accepted"
            } else {
                "refused"
            };
            *counts
                .entry(format!("{} {accepted}", report.outcome))
                .or_default() += 1;
            *counts
                .entry(format!("{} writes", writes.len()))
                .or_default() += 1;
            for kind in report.repairs.iter().chain(&report.reason) {
                *counts.entry(kind.clone()).or_default() += 1;
            }
        }
    }
    println!("{counts:#?}");
    for word in [
        "complete accepted",
        "repaired accepted",
        "forwarded refused",
        "2 writes",
        "3 writes",
        "reroute",
        "rename",
        "split",
        "stringify",
        "wrap",
        "unwrap",
        "drop",
        "method",
        "path",
        "case",
        "content-type",
        "nested_value",
        "unknown_member",
        "unknown_value",
        "ambiguous",
        "read_only",
        "duplicate_member",
        "several_participants",
        "participant_missing",
        "no_such_resource",
        "user_needed",
        "participant_ended",
        "wrapup_code_unknown",
    ] {
        assert!(
            counts.get(word).is_some_and(|&count| count >= 5),
            "{word}: {counts:#?}"
        );
    }
}
