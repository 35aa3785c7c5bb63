use proptest::prelude::*;
use serde_json::Value;

use super::*;

const POINTERS: [&str; 3] = ["/state", "/routing/queue/id", "/routing/language"];
const VALUES: [&str; 3] = ["connected", "q\"\\7", "é"];

fn targets() -> Targets {
    Targets::new(POINTERS).unwrap()
}

fn fill(body: &str) -> Result<String, PlanError> {
    let targets = Targets::new(["/state", "/routing/queue/id"]).unwrap();
    let plan = Plan::new(body.as_bytes(), &targets)?;
    Ok(String::from_utf8(plan.splice(|target| Some(["connected", "q"][target]))).unwrap())
}

#[test]
fn gaps_are_filled_in_place() {
    for (body, sent) in [
        (
            "{}",
            r#"{"state":"connected","routing":{"queue":{"id":"q"}}}"#,
        ),
        (
            "{ }",
            r#"{"state":"connected","routing":{"queue":{"id":"q"}} }"#,
        ),
        (
            r#" {"a":1} "#,
            r#" {"state":"connected","routing":{"queue":{"id":"q"}},"a":1} "#,
        ),
        (
            r#"{"state":null}"#,
            r#"{"routing":{"queue":{"id":"q"}},"state":"connected"}"#,
        ),
        (
            r#"{"routing":null,"x":1}"#,
            r#"{"state":"connected","routing":{"queue":{"id":"q"}},"x":1}"#,
        ),
        (
            r#"{"routing":{},"state":"x"}"#,
            r#"{"routing":{"queue":{"id":"q"}},"state":"x"}"#,
        ),
        (
            r#"{"routing":{"queue":null},"state":""}"#,
            r#"{"routing":{"queue":{"id":"q"}},"state":""}"#,
        ),
        (
            r#"{"routing":{"queue":{"id":null}},"state":5}"#,
            r#"{"routing":{"queue":{"id":"q"}},"state":5}"#,
        ),
        (
            r#"{"routing":{"p":1,"queue":{"n":2}},"state":[]}"#,
            r#"{"routing":{"p":1,"queue":{"id":"q","n":2}},"state":[]}"#,
        ),
        (
            "\u{feff}{}",
            r#"{"state":"connected","routing":{"queue":{"id":"q"}}}"#,
        ),
        (
            r#"{"\u0073tate":"x","routing":{"queue":{"id":1}}}"#,
            r#"{"\u0073tate":"x","routing":{"queue":{"id":1}}}"#,
        ),
    ] {
        assert_eq!(fill(body).unwrap(), sent, "{body}");
    }
}

#[test]
fn what_could_mean_two_things_is_not_edited() {
    for (body, error) in [
        (r#"{"state":"a","state":"b"}"#, PlanError::DuplicateMember),
        (
            r#"{"state":null,"\u0073tate":null}"#,
            PlanError::DuplicateMember,
        ),
        (
            r#"{"routing":{},"routing":{"queue":{"id":1}}}"#,
            PlanError::DuplicateMember,
        ),
        (r#"{"routing":"q"}"#, PlanError::TypeConflict),
        (r#"{"routing":[]}"#, PlanError::TypeConflict),
        (r#"{"routing":{"queue":"q"}}"#, PlanError::TypeConflict),
        ("[]", PlanError::Scan(ScanError::NotObject)),
        ("{", PlanError::Scan(ScanError::NotJson)),
    ] {
        assert_eq!(fill(body).unwrap_err(), error, "{body}");
    }
}

#[test]
fn what_is_not_known_stays_a_gap() {
    let targets = targets();
    let plan = Plan::new(br#"{"state":null,"routing":null}"#, &targets).unwrap();
    let sent = plan.splice(|target| (target == 2).then_some("en"));
    assert_eq!(sent, br#"{"state":null,"routing":{"language":"en"}}"#);
    assert_eq!(plan.splice(|_| None), br#"{"state":null,"routing":null}"#);
    assert_eq!(plan.gaps().collect::<Vec<_>>(), [0, 1, 2]);
    assert!(!plan.sends_a_target());
}

/// Removes what was inserted and puts back what was replaced.
fn undo(body: &[u8], sent: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 0;
    for edit in edits {
        out.extend_from_slice(&sent[at..edit.inserted.start]);
        out.extend_from_slice(&body[edit.replaced.clone()]);
        at = edit.inserted.end;
    }
    out.extend_from_slice(&sent[at..]);
    out
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    let name = prop_oneof![
        Just("state".to_owned()),
        Just("routing".to_owned()),
        Just("queue".to_owned()),
        Just("id".to_owned()),
        Just("language".to_owned()),
        ".{0,4}",
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(name.clone(), inner, 0..5)
                .prop_map(|all| Value::Object(all.into_iter().collect())),
        ]
    })
}

/// A JSON text with spacing, escapes and a byte-order mark that a plain serialiser doesn't write.
fn text() -> impl Strategy<Value = String> {
    (json(), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(value, pretty, bom, escape)| {
            let mut text = if pretty {
                format!(" {value:#}\n")
            } else {
                value.to_string()
            };
            if escape {
                text = text.replace("state", "st\\u0061te").replace('/', "\\/");
            }
            if bom { format!("\u{feff}{text}") } else { text }
        },
    )
}

fn known(mask: u8) -> impl Fn(usize) -> Option<&'static str> {
    move |target| (mask >> target & 1 == 1).then(|| VALUES[target])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn removing_what_was_inserted_gives_back_the_input(body in text(), mask in 0u8..8) {
        let targets = targets();
        if let Ok(plan) = Plan::new(body.as_bytes(), &targets) {
            let mut edits = Vec::new();
            let sent = plan.splice_with_edits(known(mask), |edit| edits.push(edit));
            prop_assert_eq!(undo(body.as_bytes(), &sent, &edits), body.as_bytes());
            for edit in &edits {
                let replaced = &body.as_bytes()[edit.replaced.clone()];
                prop_assert!([&b""[..], b"null", BOM].contains(&replaced));
            }
            if plan.is_complete() && !plan.has_bom() {
                prop_assert_eq!(sent, body.as_bytes());
            }
        }
    }

    #[test]
    fn the_output_parses_has_every_fill_and_is_complete(body in text()) {
        let targets = targets();
        if let Ok(plan) = Plan::new(body.as_bytes(), &targets) {
            let before: Value = serde_json::from_str(body.trim_start_matches('\u{feff}')).unwrap();
            let sent = plan.splice(known(7));
            let after: Value = serde_json::from_slice(&sent).unwrap();
            for (target, pointer) in POINTERS.iter().enumerate() {
                let sent_by_caller = before.pointer(pointer).filter(|value| !value.is_null());
                let expected = sent_by_caller.cloned().unwrap_or_else(|| Value::from(VALUES[target]));
                prop_assert_eq!(after.pointer(pointer), Some(&expected), "{}", pointer);
            }
            let again = Plan::new(&sent, &targets).unwrap();
            prop_assert!(again.is_complete() && !again.has_bom());
            prop_assert_eq!(again.splice(known(7)), sent);
        }
    }

    #[test]
    fn a_plan_is_made_for_every_object_that_has_room(value in json()) {
        let targets = targets();
        let plan = Plan::new(value.to_string().as_bytes(), &targets).map(|_| ());
        let is_room = |pointer: &str| value.pointer(pointer).is_none_or(|v| v.is_object() || v.is_null());
        let expected = if !value.is_object() {
            Err(PlanError::Scan(ScanError::NotObject))
        } else if is_room("/routing") && (!value["routing"].is_object() || is_room("/routing/queue")) {
            Ok(())
        } else {
            Err(PlanError::TypeConflict)
        };
        prop_assert_eq!(plan, expected);
    }
}
