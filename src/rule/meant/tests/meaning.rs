//! What a name means beside others.

use super::{C, CALLS, P, rows};

/// Documents of another behaviour ask for state and queue as they are now. Here a state is a command.
#[test]
fn a_body_that_tells_what_the_participant_is_gives_no_command() {
    let ambiguous = "ambiguous: /state could be meant in two ways";
    let routing = r#""routing":{"queue":{"id":"q"}}"#;
    rows(&[
        (
            "PATCH",
            P,
            &format!(r#"{{"customAttributes":{{"a":"1"}},"state":"connected",{routing}}}"#),
            ambiguous,
        ),
        (
            "PATCH",
            CALLS,
            &format!(r#"{{"state":"disconnected",{routing},"attributes":{{}}}}"#),
            ambiguous,
        ),
    ]);
}

#[test]
fn an_object_with_a_name_of_another_meaning_is_no_map_of_attributes() {
    let a = format!("{P}/attributes");
    for (path, body) in [
        (a.as_str(), r#"{"id":"p1","tier":"gold"}"#),
        (
            &a,
            r#"{"conversationId":"c1","participantId":"p1","tier":"gold"}"#,
        ),
        (&a, r#"{"customAttributes":"{\"a\":1}"}"#),
        (&a, r#"{"body":"{\"attributes\":{}}"}"#),
        (&a, r#"{"wrapUpCode":"w1"}"#),
        (&a, r#"{"state":"disconnected"}"#),
        (P, r#"{"data":{"id":"p2","tier":"gold"}}"#),
        (P, r#"{"data":{"type":"participant","id":"p1"}}"#),
        (P, r#"{"data":{"status":"disconnected"}}"#),
        (P, r#"{"data":{"action":"disconnect"}}"#),
    ] {
        let said = super::meant(false, &http::Method::PATCH, path, body);
        let is_repaired = said.starts_with("PATCH");
        assert!(!is_repaired, "{path} {body}: {said}");
    }
}

/// Serialisers write null for what was never set.
#[test]
fn a_null_asks_for_nothing_and_stands_in_no_ones_way() {
    let to = format!("PATCH {P}/attributes");
    rows(&[
        (
            "PATCH",
            P,
            r#"{"attributes":null,"muted":true}"#,
            r#"PATCH = {"muted":true}; drop"#,
        ),
        (
            "PATCH",
            P,
            r#"{"attributes":null,"muted":true,"resumeTime":null}"#,
            r#"PATCH = {"muted":true,"resumeTime":null}; drop"#,
        ),
        (
            "PATCH",
            P,
            r#"{"attributes":null}"#,
            r#"PATCH = {"attributes":null}; "#,
        ),
        (
            "PATCH",
            P,
            r#"{"attributes":null,"customAttributes":{"a":"1"}}"#,
            &format!(r#"{to} {{"attributes":{{"a":"1"}}}}; drop rename reroute"#),
        ),
        (
            "PATCH",
            P,
            r#"{"wrapup":null,"wrapUpCode":{"id":"w"}}"#,
            r#"PATCH = {"wrapup":{"code":"w"}}; drop rename"#,
        ),
    ]);
}

#[test]
fn an_end_that_a_medium_is_told_is_for_that_medium() {
    let body = r#"{"participants":[{"id":"p1","action":"disconnect"}]}"#;
    let end = r#"{"state":"disconnected"}; unwrap path rename"#;
    let messages = "/api/v2/conversations/messages/c1/participants/p1";
    let family = |name: &str| format!("/api/v2/conversations/{name}/c1");
    for (path, to) in [
        (C.to_owned(), P),
        (family("interactions"), P),
        (family("voice"), CALLS),
        (family("calls"), CALLS),
        (family("webmessaging"), messages),
    ] {
        rows(&[("PATCH", &path, body, &format!("PATCH {to} {end}"))]);
    }
    rows(&[(
        "PATCH",
        &family("emails"),
        body,
        "ambiguous: /participants/0/action could be meant in two ways",
    )]);
}

#[test]
fn what_is_wrong_is_called_as_the_caller_calls_it() {
    rows(&[
        (
            "PATCH",
            P,
            r#"{"customAttributes":{"a":{"b":1}}}"#,
            "nested_value: /customAttributes/a must be a string, not an object or a list",
        ),
        (
            "PATCH",
            C,
            r#"{"participants":[{"id":"p1","a/b":1}]}"#,
            "ambiguous: /participants/0/a~1b could be meant in two ways",
        ),
    ]);
}
