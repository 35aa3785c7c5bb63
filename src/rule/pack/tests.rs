use http::Method;
use serde_json_path::JsonPath;

use super::*;
use crate::rule::spec::Timing;

const USER: &str = r#"
[[source]]
name = "conversation"
get = "/v3/{conversationId}"
fields = { state = "$.state" }

[[rule]]
name = "participant"
paths = [
  "/v3/{conversationId}/participants/{participantId}",
]
sources = ["conversation"]
mode = "observe"
[rule.fill]
"/state" = "state"

[[rule]]
name = "mine"
paths = ["/mine"]
"#;

fn faults_of(text: &str) -> String {
    Specs::parse("user.toml", text).unwrap_err().to_string()
}

#[test]
fn the_built_in_packs_mend_the_type_and_look_up_conversations() {
    for (name, pack) in Pack::NAMES {
        assert_eq!(name, pack.name());
        let specs = Specs::built_in(pack).unwrap();
        for rule in specs.rules() {
            if pack == Pack::Strict {
                assert_eq!(rule.content_type.as_deref(), Some("application/json"));
                assert_eq!(rule.methods, [Method::PATCH]);
            }
            for source in &rule.sources {
                let known = specs.sources().iter().find(|known| known.name == *source);
                let known = known.unwrap_or_else(|| panic!("{name}: {source}"));
                assert!(known.get.contains("{conversationId}"), "{source}");
            }
            assert!(
                rule.fill.is_empty() || !rule.sources.is_empty(),
                "{}",
                rule.name
            );
        }
    }
}

#[test]
fn every_field_that_the_strict_rules_fill_is_read_somewhere_among_their_sources() {
    let specs = Specs::built_in(Pack::Strict).unwrap();
    assert_eq!(specs.rules().len(), 9);
    for rule in specs.rules() {
        for (pointer, field) in &rule.fill {
            let first = rule.sources.first().unwrap();
            let source = specs.sources().iter().find(|s| s.name == *first).unwrap();
            let read = source.fields.iter().any(|(name, _)| name == field);
            assert!(read, "{}: {pointer} = {field} from {first}", rule.name);
        }
    }
}

#[test]
fn the_state_queries_of_the_strict_pack_reach_every_kind_of_communication() {
    let specs = Specs::built_in(Pack::Strict).unwrap();
    let conversation = specs
        .sources()
        .iter()
        .find(|s| s.name == "conversation")
        .unwrap();
    let (_, queries) = conversation
        .fields
        .iter()
        .find(|(name, _)| name == "state")
        .unwrap();
    let union = JsonPath::parse(&queries[1]).unwrap();
    for kind in [
        "calls",
        "callbacks",
        "emails",
        "messages",
        "chats",
        "cobrowsesessions",
        "internalMessages",
        "screenshares",
        "socialExpressions",
        "videos",
        "screenMonitorings",
    ] {
        let participant = serde_json::json!({ "id": "p", kind: [{ "state": "connected" }] });
        let found = union.query(&participant).exactly_one();
        assert_eq!(
            found.ok().and_then(|v| v.as_str()),
            Some("connected"),
            "{kind}"
        );
    }
    for source in specs.sources() {
        for (_, queries) in &source.fields {
            for query in queries {
                assert!(JsonPath::parse(query).is_ok(), "{}: {query}", source.name);
            }
        }
    }
}

#[test]
fn the_official_pack_fills_nothing_and_reads_queues_alone() {
    let specs = Specs::built_in(Pack::Official).unwrap();
    for source in specs.sources() {
        let fields: Vec<_> = source
            .fields
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(fields, ["queue"]);
        assert!(!source.learn, "passing answers cost nothing");
    }
    for rule in specs.rules() {
        assert!(rule.fill.is_empty());
        assert!(rule.sources.is_empty() || !rule.reshape.drop_current.is_empty());
    }
}

#[test]
fn an_entry_of_the_same_name_replaces_in_place_and_a_new_one_is_appended() {
    let mut specs = Specs::built_in(Pack::Strict).unwrap();
    let before: Vec<_> = specs.rules().iter().map(|rule| rule.name.clone()).collect();
    specs.merge(Specs::parse("user.toml", USER).unwrap());
    let names: Vec<_> = specs.rules().iter().map(|rule| rule.name.clone()).collect();
    assert_eq!(names[..before.len()], before);
    assert_eq!(names[before.len()..], ["mine"]);
    assert_eq!(specs.sources()[0].get, "/v3/{conversationId}");
    assert_eq!(
        specs.rules()[0].paths,
        ["/v3/{conversationId}/participants/{participantId}"]
    );
    // Replaced as a whole: what the pack's own rule said is gone.
    assert_eq!(specs.rules()[0].content_type, None);
}

#[test]
fn what_a_rule_does_not_say_has_its_default() {
    let specs = Specs::parse("user.toml", USER).unwrap();
    let rule = &specs.rules()[1];
    assert_eq!(rule.methods, [Method::PATCH]);
    assert_eq!(rule.timing, Timing::Eager);
    assert!(rule.fill.is_empty() && rule.sources.is_empty() && rule.mode.is_none());
    let source = &specs.sources()[0];
    assert_eq!(
        (source.participants.as_str(), source.id.as_str()),
        ("$.participants[*]", "$.id")
    );
}

#[test]
fn a_fault_found_while_compiling_is_reported_where_the_key_was_written() {
    let mut specs = Specs::built_in(Pack::Strict).unwrap();
    specs.merge(Specs::parse("user.toml", USER).unwrap());
    let last = specs.rules().len() - 1;
    for (table, index, key, place) in [
        (
            "source",
            0,
            "fields.state[0]",
            "user.toml:5: source \"conversation\".fields.state[0]: no",
        ),
        (
            "rule",
            0,
            "paths",
            "user.toml:9: rule \"participant\".paths: no",
        ),
        (
            "rule",
            0,
            "paths[0]",
            "user.toml:10: rule \"participant\".paths[0]: no",
        ),
        (
            "rule",
            0,
            "fill./state",
            "user.toml:15: rule \"participant\".fill./state: no",
        ),
        (
            "rule",
            0,
            "fill./nowhere",
            "user.toml:14: rule \"participant\".fill./nowhere: no",
        ),
        (
            "rule",
            last,
            "methods",
            "user.toml:17: rule \"mine\".methods: no",
        ),
    ] {
        let key = key.to_owned();
        let problem = "no".to_owned();
        let fault = SpecFault {
            table,
            index,
            key,
            problem,
        };
        assert_eq!(specs.locate(&fault).to_string(), place);
    }
    let fault = SpecFault {
        table: "rule",
        index: 1,
        key: "paths".into(),
        problem: "no".into(),
    };
    let text = specs.locate(&fault).to_string();
    assert!(text.starts_with("built-in rules \"strict\":"), "{text}");
    assert!(
        text.ends_with(": rule \"calls-participant\".paths: no"),
        "{text}"
    );
}

#[test]
fn faulty_entries_say_everything_that_is_wrong_with_them() {
    let text = r#"
[[rule]]
name = "a b"
methods = ["patch"]
timing = "later"
fill = { "/state" = 1 }
resend_on = [400, 401, 500]
content_type = "json"
pahts = ["/x"]
[[source]]
get = ""
"#;
    let faults = faults_of(text);
    for part in [
        "user.toml:2: rule[0].paths: is missing",
        "user.toml:3: rule[0].name: expected a name",
        "user.toml:4: rule[0].methods[0]: expected a method in capitals",
        "user.toml:5: rule[0].timing: expected \"eager\" or \"on-reject\"",
        "user.toml:6: rule[0].fill./state: expected",
        "user.toml:7: rule[0].resend_on[1]: 401 may not be here",
        "user.toml:7: rule[0].resend_on[2]: 500 may not be here",
        "user.toml:8: rule[0].content_type: expected a media type",
        "user.toml:9: rule[0].pahts: unknown key; did you mean \"paths\"?",
        "user.toml:10: source[0].name: is missing",
        "user.toml:10: source[0].fields: is missing",
        "user.toml:11: source[0].get: expected a string such as",
    ] {
        assert!(faults.contains(part), "{part} in:\n{faults}");
    }
}

#[test]
fn two_entries_of_one_file_may_not_share_a_name() {
    let rule = "[[rule]]\nname = \"x\"\npaths = [\"/x\"]\n";
    assert_eq!(
        faults_of(&format!("{rule}{rule}")),
        "user.toml:5: rule \"x\".name: is taken by the rule at user.toml:2"
    );
}

#[test]
fn only_definite_rejections_are_resent() {
    for status in [400, 409, 415, 422] {
        assert_eq!(definite_rejection(status.try_into().unwrap()), Ok(()));
    }
    for status in [200, 302, 401, 403, 404, 408, 429, 500, 502, 503, 504] {
        assert!(
            definite_rejection(status.try_into().unwrap()).is_err(),
            "{status}"
        );
    }
}
