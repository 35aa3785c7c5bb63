//! What callers of the published API meant, row by row.

use std::fmt::Write as _;

use http::Method;

use crate::rule::Rules;

mod attributes;
mod meaning;
mod published;
mod readme;
mod refused;

const C: &str = "/api/v2/conversations/c1";
const P: &str = "/api/v2/conversations/c1/participants/p1";
const CALLS: &str = "/api/v2/conversations/calls/c1/participants/p1";

/// The requests that are sent for one, `METHOD PATH BODY` each, or what is wrong with it. With `demanded`
/// no step waits any longer.
fn meant(demanded: bool, method: &Method, path: &str, body: &str) -> String {
    let rules = Rules::official();
    let Some(found) = rules.find(method, path) else {
        return "no rule".to_owned();
    };
    match rules.meant(&found, method, body.as_bytes(), |_, _| !demanded) {
        Err(diagnosis) => format!("{}: {}", diagnosis.flaw, diagnosis.hint),
        Ok(meant) => {
            let mut text = String::new();
            for send in &meant.sends {
                let path = send.path.as_deref().unwrap_or("=");
                let body = std::str::from_utf8(&send.body).unwrap();
                let _ = write!(text, "{} {path} {body}; ", meant.method);
            }
            let repairs: Vec<_> = meant.repairs.iter().map(|repair| repair.as_str()).collect();
            text + &repairs.join(" ")
        }
    }
}

#[track_caller]
fn rows(rows: &[(&str, &str, &str, &str)]) {
    for (method, path, body, expected) in rows {
        let method = method.parse().unwrap();
        assert_eq!(
            meant(false, &method, path, body),
            *expected,
            "{method} {path} {body}"
        );
    }
}

#[test]
fn what_the_api_takes_stays_as_it_is() {
    for (path, body) in [
        (CALLS, r#"{"muted":true}"#),
        (P, r#"{"state":"disconnected"}"#),
        (
            P,
            r#" {"wrapup" : {"code":"x","notes":"n"} , "held":false} "#,
        ),
        (P, "{}"),
        (
            &format!("{CALLS}/communications/x"),
            r#"{"state":"disconnected"}"#,
        ),
        (
            &format!("{P}/attributes"),
            r#"{"attributes":{"POS-ID":"1234","é":"ü","":""}}"#,
        ),
        (&format!("{P}/attributes"), r#"{ "attributes" : { } }"#),
        (
            &format!("{CALLS}/attributes"),
            r#"{"attributes":{"a":"1","a":"2"}}"#,
        ),
        (
            "/api/v2/conversations/calls/c1",
            r#"{"state":"disconnected"}"#,
        ),
    ] {
        rows(&[("PATCH", path, body, &format!("PATCH = {body}; "))]);
    }
}

#[test]
fn a_body_for_two_resources_is_sent_in_two_requests() {
    rows(&[
        (
            "PATCH",
            P,
            r#"{"state":"disconnected", "attributes":{"a":1}, "muted":true}"#,
            &format!(
                r#"PATCH {P}/attributes {{"attributes":{{"a":"1"}}}}; PATCH = {{"state":"disconnected", "muted":true}}; stringify reroute split"#
            ),
        ),
        (
            "PATCH",
            "/api/v2/conversations/phone/c1/participants/p1",
            r#"{"wrapUpCode":"w","attributes":{"a":"1"}}"#,
            &format!(
                r#"PATCH {P}/attributes {{"attributes":{{"a":"1"}}}}; PATCH {CALLS} {{"wrapup":{{"code":"w"}}}}; path rename reroute split"#
            ),
        ),
    ]);
}

#[test]
fn commands_get_the_name_and_the_path_that_the_api_has() {
    rows(&[
        (
            "PATCH",
            P,
            r#"{"wrapUpCode":"w"}"#,
            r#"PATCH = {"wrapup":{"code":"w"}}; rename"#,
        ),
        (
            "PATCH",
            P,
            r#"{"wrapupCode":{"id":"w","name":"n"}}"#,
            r#"PATCH = {"wrapup":{"code":"w","name":"n"}}; rename"#,
        ),
        (
            "PATCH",
            P,
            r#"{"wrapupCode":"w","wrapup":{"notes":"n"}}"#,
            r#"PATCH = {"wrapup":{"code":"w","notes":"n"}}; rename"#,
        ),
        (
            "PATCH",
            P,
            r#"{"action":"disconnect"}"#,
            r#"PATCH = {"state":"disconnected"}; rename"#,
        ),
        (
            "POST",
            CALLS,
            r#"{"held":true}"#,
            r#"PATCH = {"held":true}; method"#,
        ),
        (
            "PATCH",
            "/api/v2/conversations/messaging/c1/participants/p1",
            r#"{"state":"disconnected"}"#,
            r#"PATCH /api/v2/conversations/messages/c1/participants/p1 {"state":"disconnected"}; path"#,
        ),
        (
            "PATCH",
            "/api/v2/conversations/conversations/c1/participants/p1",
            r#"{"held":true}"#,
            &format!(r#"PATCH {P} {{"held":true}}; path"#),
        ),
        (
            "POST",
            &format!("{P}/disconnect"),
            "",
            &format!(r#"PATCH {P} {{"state":"disconnected"}}; method path"#),
        ),
        (
            "POST",
            &format!("{P}/disconnect"),
            " {} ",
            &format!(r#"PATCH {P} {{"state":"disconnected"}}; method path"#),
        ),
        (
            "POST",
            "/api/v2/conversations/messages/i1/inbound/open/message",
            r#"{"channel":{"from":{"id":"a"}},"metadata":{"customAttributes":{"r":"5"}},"text":"t"}"#,
            r#"POST = {"channel":{"metadata":{"customAttributes":{"r":"5"}},"from":{"id":"a"}},"text":"t"}; rename"#,
        ),
        (
            "POST",
            "/api/v2/conversations/messages/i1/inbound/open/message",
            r#"{"channel":{"from":{"id":"a"}},"metadata":{"rating":"5"},"text":"t"}"#,
            r#"POST = {"channel":{"from":{"id":"a"}},"metadata":{"rating":"5"},"text":"t"}; "#,
        ),
    ]);
}

#[test]
fn an_envelope_of_one_participant_goes_to_that_participant() {
    let to = format!("PATCH {P}/attributes");
    rows(&[
        (
            "PATCH",
            "/api/v2/conversations/voice/c1",
            r#"{"participants":[{"id":"p1","attributes":{"a":"x"}}]}"#,
            &format!(r#"{to} {{"attributes":{{"a":"x"}}}}; unwrap method path reroute"#)
                .replace(" method", ""),
        ),
        (
            "PUT",
            C,
            r#"{"attributes":{"participantAttributes":{"p1":{"a":"x"}}}}"#,
            &format!(r#"{to} {{"attributes":{{"a":"x"}}}}; unwrap method path reroute"#),
        ),
        (
            "PATCH",
            "/api/v2/conversations/conversations/c1",
            r#"{"participants": [ {"action":"disconnect", "participantId":"p1"} ]}"#,
            &format!(r#"PATCH {P} {{"state":"disconnected"}}; unwrap path rename"#),
        ),
        (
            "PATCH",
            "/api/v2/conversations/calls/c1",
            r#"{"participants":[{"id":"p1","customAttributes":{"a":1}}]}"#,
            &format!(r#"{to} {{"attributes":{{"a":"1"}}}}; unwrap path rename stringify reroute"#),
        ),
    ]);
}

#[test]
fn what_the_api_might_take_waits_for_its_rejection() {
    let a = format!("{CALLS}/attributes");
    for (path, body, expected) in [
        (
            P,
            r#"{"state":"DISCONNECTED"}"#,
            r#"PATCH = {"state":"disconnected"}; case"#.to_owned(),
        ),
        (
            P,
            r#"{"state":"Connected","muted":null}"#,
            r#"PATCH = {"state":"connected"}; case drop"#.to_owned(),
        ),
        (
            P,
            r#"{"muted":null}"#,
            r#"PATCH = {"muted":null}; "#.to_owned(),
        ),
        (
            P,
            r#"{"state":"active"}"#,
            r#"PATCH = {"state":"active"}; "#.to_owned(),
        ),
        (
            &a,
            r#"{"attributes":{"a":null,"b":"x"}}"#,
            format!(r#"PATCH {P}/attributes {{"attributes":{{"b":"x"}}}}; drop path"#),
        ),
    ] {
        assert_eq!(
            meant(false, &Method::PATCH, path, body),
            format!("PATCH = {body}; ")
        );
        assert_eq!(meant(true, &Method::PATCH, path, body), expected);
    }
}

#[test]
fn rules_that_lead_in_a_circle_end() {
    let pack = r#"
        [[rule]]
        name = "a"
        paths = ["/a/{x}"]
        path = "/b/{x}"
        [[rule]]
        name = "b"
        paths = ["/b/{x}"]
        path = "/a/{x}"
    "#;
    let specs = crate::rule::pack::Specs::parse("t", pack).unwrap();
    let rules = Rules::compile(specs.sources(), specs.rules(), specs.diagnoses()).unwrap();
    let found = rules.find(&Method::PATCH, "/a/1").unwrap();
    let meant = rules
        .meant(&found, &Method::PATCH, b"{}", |_, _| true)
        .unwrap();
    assert_eq!(meant.sends.len(), 1);
}
