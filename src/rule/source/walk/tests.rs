use proptest::prelude::*;
use serde_json::{Value, json};

use super::tour::{MOST_DEPTH, MOST_DIGITS};
use super::*;
use crate::rule::pack::{Pack, Specs};
use crate::rule::source::Source;

fn spec(participants: &str, id: &str, state: &[&str]) -> SourceSpec {
    let state = state.iter().map(|&path| path.to_owned()).collect();
    SourceSpec {
        learn: true,
        name: "c".into(),
        get: "/c/{conversationId}".into(),
        participants: participants.into(),
        id: id.into(),
        fields: vec![
            ("state".into(), state),
            (
                "queue".into(),
                vec!["$.queue.id".into(), "$.queueId".into()],
            ),
        ],
    }
}

fn usual() -> SourceSpec {
    spec(
        "$.participants[*]",
        "$.id",
        &[
            "$.state",
            "$['calls','chats'][*].state",
            "$.deep[*][*].state",
        ],
    )
}

fn compile(spec: &SourceSpec) -> Source {
    Source::compile(spec, |key, problem| panic!("{key}: {problem}")).unwrap()
}

/// What both ways take from an answer.
fn both(spec: &SourceSpec, answer: &str) -> (Option<Conversation>, Option<Conversation>) {
    let walked = Walk::compile(spec).unwrap().extract(answer.as_bytes());
    (walked, compile(spec).query(answer.as_bytes()).ok())
}

#[test]
fn every_source_of_the_packs_is_walked() {
    for pack in [Pack::Strict, Pack::Official] {
        let rules = Specs::built_in(pack).unwrap();
        for source in rules.sources() {
            assert!(Walk::compile(source).is_some(), "{}", source.name);
        }
    }
}

#[test]
fn paths_whose_order_is_another_are_left_to_the_queries() {
    for (participants, id, state) in [
        ("$.participants", "$.id", "$.state"),
        ("$[*].participants[*]", "$.id", "$.state"),
        ("$.participants[*]", "$.ids[*]", "$.state"),
        ("$.participants[*]", "$", "$.state"),
        ("$.participants[*]", "$.id", "$"),
        ("$.participants[*]", "$.id", "$..state"),
        ("$.participants[*]", "$.id", "$[*].state"),
        ("$.participants[*]", "$.id", "$.a['b','c']"),
        ("$.participants[*]", "$.id", "$['a','a'].state"),
    ] {
        let spec = spec(participants, id, &[state]);
        assert!(
            Walk::compile(&spec).is_none(),
            "{participants} {id} {state}"
        );
    }
}

#[test]
fn what_is_out_of_the_ordinary_is_left_to_the_queries() {
    let deep = format!(
        r#"{{"participants":[{{"id":"p","x":{}{}}}]}}"#,
        "[".repeat(120),
        "]".repeat(120)
    );
    for answer in [
        r#"{"participants":{"a":{"id":"p"}}}"#,
        r#"{"participants":[{"id":"p","state":"a","state":"b"}]}"#,
        r#"{"participants":[],"participants":[{"id":"p"}]}"#,
        r#"{"participants":[{"id":"p","state":"\ud83d"}]}"#,
        r#"{"participants":[{"id":"p"}]"#,
        r#"{"participants":[{"id":"p"}]} x"#,
        r#"{"participants":[{"id":"p",}]}"#,
        r#"{"participants":[{"id" "p"}]}"#,
        "\u{feff}{}",
        "",
        &deep,
    ] {
        let walked = Walk::compile(&usual()).unwrap().extract(answer.as_bytes());
        assert_eq!(walked, None, "{answer}");
    }
    let latin1 = b"{\"participants\":[{\"id\":\"p\",\"x\":\"\xe9\"}]}";
    assert_eq!(Walk::compile(&usual()).unwrap().extract(latin1), None);
}

#[test]
fn long_names_are_told_apart() {
    let (long, longer) = ("n".repeat(70), "n".repeat(71));
    let spec = spec("$.participants[*]", "$.id", &[&format!("$.{long}")]);
    let answer = format!(r#"{{"participants":[{{"id":"p","{longer}":"a","{long}":"b"}}]}}"#);
    let (walked, queried) = both(&spec, &answer);
    assert_eq!(walked, queried);
    let conversation = walked.unwrap();
    let participant = conversation.participant("p").unwrap();
    assert_eq!(participant.value(0), Some("b".into()));
}

#[test]
fn depth_is_counted_from_the_root() {
    let answer = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        format!(r#"{{"participants":[{{"id":"p","x":{open}{close}}}]}}"#)
    };
    // The innermost is empty, and three are around them.
    let (walked, queried) = both(&usual(), &answer(MOST_DEPTH - 2));
    assert!(walked.is_some());
    assert_eq!(walked, queried);
    assert_eq!(both(&usual(), &answer(MOST_DEPTH - 1)).0, None);
}

#[test]
fn escapes_and_white_space_change_nothing() {
    let answer = " {\n\"\\u0070articipants\" : [ {\t\"id\":\"p\\n1\" , \"queue\" : { \"i\\u0064\" : \"q\\\"\" } } , {} ] } \r\n";
    let (walked, queried) = both(&usual(), answer);
    assert_eq!(walked, queried);
    let conversation = walked.unwrap();
    let participant = conversation.participant("p\n1").unwrap();
    assert_eq!(
        [participant.value(0), participant.value(1)],
        [None, Some("q\"".into())]
    );
}

fn word() -> impl Strategy<Value = Value> {
    let words = [
        "connected",
        "disconnected",
        "terminated",
        "alerting",
        "",
        "p1",
        "é\u{1f600}",
        "a\"b\\",
    ];
    prop_oneof![
        8 => proptest::sample::select(words.to_vec()).prop_map(Value::from),
        1 => Just(json!("x".repeat(257))),
        1 => Just(Value::Null),
        1 => any::<i32>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
    ]
}

fn tree() -> impl Strategy<Value = Value> {
    let names = [
        "id",
        "state",
        "calls",
        "chats",
        "deep",
        "queue",
        "queueId",
        "participants",
        "other",
    ];
    word().prop_recursive(5, 60, 5, move |inner| {
        let name = proptest::sample::select(names.to_vec()).prop_map(str::to_owned);
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            proptest::collection::btree_map(name, inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    /// The walk reads what the queries read, or leaves it to them.
    #[test]
    fn the_walk_is_the_queries(participants in proptest::collection::vec(tree(), 0..5), rest in tree()) {
        let answer = json!({ "other": rest, "participants": participants }).to_string();
        let (walked, queried) = both(&usual(), &answer);
        if let Some(walked) = walked {
            prop_assert_eq!(Some(walked), queried);
        }
    }

    /// Also of texts that are nearly JSON.
    #[test]
    fn no_text_is_taken_for_more_than_it_is(participants in proptest::collection::vec(tree(), 1..3), at in any::<proptest::sample::Index>(), byte in any::<u8>()) {
        let mut answer = json!({ "participants": participants }).to_string().into_bytes();
        let at = at.index(answer.len());
        answer[at] = byte;
        if let Some(walked) = Walk::compile(&usual()).unwrap().extract(&answer) {
            let queried = compile(&usual()).query(&answer);
            // A number may be too large for the tree only.
            prop_assert!(queried.is_err() || queried == Ok(walked));
        }
    }
}

#[test]
fn a_number_that_may_be_out_of_range_is_left_to_the_queries() {
    let answer =
        |number: &str| format!(r#"{{"participants":[{{"id":"p","state":"x","n":{number}}}]}}"#);
    let walk = Walk::compile(&usual()).unwrap();
    for number in ["0", "-1.25", "12345678901234567890123"] {
        assert!(
            walk.extract(answer(number).as_bytes()).is_some(),
            "{number}"
        );
    }
    for number in ["1e400", "1E1", &"9".repeat(MOST_DIGITS + 2)] {
        assert!(
            walk.extract(answer(number).as_bytes()).is_none(),
            "{number}"
        );
    }
}
