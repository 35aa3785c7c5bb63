//! What callers of the published API meant, row by row.

use std::fmt::Write as _;

use http::Method;

use crate::rule::Rules;

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
fn attributes_go_where_they_belong() {
    let to = format!("PATCH {P}/attributes");
    rows(&[
        (
            "PATCH",
            P,
            r#"{"attributes":{"a":"1"}}"#,
            &format!(r#"{to} {{"attributes":{{"a":"1"}}}}; reroute"#),
        ),
        (
            "PUT",
            CALLS,
            r#"{"customAttributes": {"a":"1"}}"#,
            &format!(r#"{to} {{"attributes": {{"a":"1"}}}}; rename reroute method"#),
        ),
        (
            "PATCH",
            P,
            r#"{"externalAttributes":{"a":1.10}}"#,
            &format!(r#"{to} {{"attributes":{{"a":"1.10"}}}}; rename stringify reroute"#),
        ),
        (
            "PATCH",
            P,
            r#"{"participant_attributes":{}}"#,
            &format!(r#"{to} {{"attributes":{{}}}}; rename reroute"#),
        ),
        (
            "PATCH",
            P,
            r#"{"data":{"a":true}}"#,
            &format!(r#"{to} {{"attributes":{{"a":"true"}}}}; rename stringify reroute"#),
        ),
        (
            "PATCH",
            P,
            r#"{"data":{"attributes":{"a":"x"}}}"#,
            &format!(r#"{to} {{"attributes":{{"a":"x"}}}}; unwrap reroute"#),
        ),
        (
            "PATCH",
            P,
            r#"{ "body" : {"attributes":{"a":"x"}} }"#,
            &format!(r#"{to} {{"attributes":{{"a":"x"}}}}; unwrap reroute"#),
        ),
        (
            "PATCH",
            P,
            r#"{"state":null,"attributes":{"a":"x"},"wrapup":null}"#,
            &format!(r#"{to} {{"attributes":{{"a":"x"}}}}; drop reroute"#),
        ),
        (
            "PATCH",
            P,
            r#"{"id":"p1","name":"n","calls":[{"state":"connected"}],"attributes":{"a":"x"},"queueId":"q"}"#,
            &format!(r#"{to} {{"attributes":{{"a":"x"}}}}; drop reroute"#),
        ),
        (
            "PUT",
            P,
            r#"{"externalContactId":"e","attributes":{"a":"x"}}"#,
            &format!(r#"{to} {{"attributes":{{"a":"x"}}}}; drop reroute method"#),
        ),
        (
            "POST",
            "/api/v2/conversations/voice/c1/participants/p1",
            r#"{"attributes":{"a":"x"}}"#,
            &format!(r#"{to} {{"attributes":{{"a":"x"}}}}; path reroute method"#),
        ),
        (
            "PATCH",
            "/conversations/web/instances/c1/participants/p1",
            r#"{"attributes":{"a":"x"}}"#,
            &format!(r#"{to} {{"attributes":{{"a":"x"}}}}; path reroute"#),
        ),
        (
            "PATCH",
            "/api/v2/conversations/webchat/c1/participants/p1/attributes",
            r#"{"a":"x"}"#,
            &format!(r#"{to} {{"attributes":{{"a":"x"}}}}; path wrap"#),
        ),
    ]);
    rows(&[
        (
            "PATCH",
            &format!("{P}/attributes"),
            r#"{"a":1,"b":"x"}"#,
            r#"PATCH = {"attributes":{"a":"1","b":"x"}}; wrap stringify"#,
        ),
        (
            "POST",
            &format!("{P}/attributes"),
            r#"{"attributes":{"n":1e400,"t":false}}"#,
            r#"PATCH = {"attributes":{"n":"1e400","t":"false"}}; stringify method"#,
        ),
        (
            "PATCH",
            &format!("{P}/attributes"),
            r#"{"attributes":{"a":"x"},"id":"p1"}"#,
            r#"PATCH = {"attributes":{"a":"x"}}; drop"#,
        ),
    ]);
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
fn what_could_be_meant_in_two_ways_goes_as_it_came() {
    let a = format!("{P}/attributes");
    let several = "several_participants: /participants names several participants";
    let missing = "participant_missing: the path names no participant";
    rows(&[
        (
            "PATCH",
            P,
            r#"{"attributes":{"a":{"b":1}}}"#,
            "nested_value: /attributes/a must be a string, not an object or a list",
        ),
        (
            "PATCH",
            P,
            r#"{"attributes":{"a/b~":[]}}"#,
            "nested_value: /attributes/a~1b~0 must be a string, not an object or a list",
        ),
        (
            "PATCH",
            P,
            r#"{"attributes":"x"}"#,
            "type_conflict: /attributes is of another type than the API has there",
        ),
        (
            "PATCH",
            P,
            r#"{"attributes":{},"attributes":{}}"#,
            "duplicate_member: /attributes is there twice, or beside another of its meaning",
        ),
        (
            "PATCH",
            P,
            r#"{"attributes":{},"customAttributes":{}}"#,
            "duplicate_member: /attributes is there twice, or beside another of its meaning",
        ),
        (
            "PATCH",
            P,
            r#"{"wrapupCode":"a","wrapup":{"code":"b"}}"#,
            "duplicate_member: /wrapup/code is there twice, or beside another of its meaning",
        ),
        (
            "PATCH",
            P,
            r#"{"wrapupCode":"a","wrapup":"b"}"#,
            "type_conflict: /wrapup/code is of another type than the API has there",
        ),
        (
            "PATCH",
            P,
            r#"{"attributes":{},"routing":{"queue":{"id":"q"},"skills":[]}}"#,
            "unknown_member: /routing is no member of this resource",
        ),
        (
            "PATCH",
            P,
            r#"{"attributes":{},"queueId":"q"}"#,
            "ambiguous: /queueId could be meant in two ways",
        ),
        (
            "PATCH",
            P,
            r#"{"id":"p2","attributes":{}}"#,
            "ambiguous: /id could be meant in two ways",
        ),
        (
            "PATCH",
            P,
            r#"{"id":"p1","state":"connected","attributes":{}}"#,
            "ambiguous: /state could be meant in two ways",
        ),
        (
            "PATCH",
            P,
            r#"{"id":"p1"}"#,
            "read_only: /id can only be read",
        ),
        (
            "PATCH",
            P,
            r#"{"status":"disconnected"}"#,
            "unknown_member: /status is no member of this resource",
        ),
        (
            "PATCH",
            P,
            r#"{"data":{"state":"disconnected"}}"#,
            "unknown_member: /data is no member of this resource",
        ),
        (
            "PATCH",
            P,
            r#"{"body":{"note":"x"}}"#,
            "unknown_member: /body is no member of this resource",
        ),
        ("PATCH", P, "[]", "not_object: the body is no JSON object"),
        (
            "PATCH",
            P,
            "{",
            "not_json: the body is not strict JSON in UTF-8",
        ),
        (
            "PATCH",
            &a,
            r#"{"state":"CA","zip":"1"}"#,
            "unknown_member: /state is no member of this resource",
        ),
        (
            "PATCH",
            &a,
            r#"{"attributes":{"wrapup":{"code":"x"}}}"#,
            "nested_value: /attributes/wrapup must be a string, not an object or a list",
        ),
        (
            "PATCH",
            "/api/v2/conversations/voice/c1",
            r#"{"participants":[{"id":"p1","attributes":{}},{"id":"p2","attributes":{}}]}"#,
            several,
        ),
        (
            "PATCH",
            C,
            r#"{"participants":[{"id":"p1","state":"disconnected"}]}"#,
            "ambiguous: /participants/0/state could be meant in two ways",
        ),
        (
            "PATCH",
            C,
            r#"{"participants":[{"id":"p1","attributes":{}}],"state":"disconnected"}"#,
            "ambiguous: /participants could be meant in two ways",
        ),
        (
            "PATCH",
            C,
            r#"{"participants":[{"id":"../x","attributes":{}}]}"#,
            missing,
        ),
        ("PATCH", C, r#"{"wrapupCode":{"id":"x"}}"#, missing),
        ("PATCH", C, r#"{"state":"closed"}"#, missing),
        (
            "PATCH",
            "/api/v2/conversations/calls/c1",
            r#"{"routing":{"queueId":"q"}}"#,
            missing,
        ),
        (
            "POST",
            "/api/v2/conversations/interactions/c1",
            r#"{"wrapUpCode":{"id":"x"}}"#,
            missing,
        ),
        (
            "PUT",
            "/api/v2/conversations/phone/participants/p1",
            r#"{"state":"disconnected"}"#,
            "conversation_missing: the path names no conversation",
        ),
        (
            "POST",
            &format!("{P}/disconnect"),
            r#"{"reason":"x"}"#,
            "no_such_resource: a participant is disconnected by PATCH with /state, which is \"disconnected\"",
        ),
        (
            "POST",
            &format!("{P}/remove"),
            r#"{"reason":"x"}"#,
            "no_such_resource: the API has no such resource",
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

/// `METHOD PATH` and a body, each in backticks, as often as they come.
fn in_backticks(cell: &str) -> Vec<(String, String)> {
    let pieces: Vec<_> = cell.split('`').skip(1).step_by(2).collect();
    let mut requests: Vec<(String, String)> = Vec::new();
    for piece in pieces {
        if piece.starts_with('{') {
            requests.last_mut().unwrap().1 = piece.to_owned();
        } else if piece.contains('…') {
            let line = piece.replace('…', "/api/v2/conversations");
            requests.push((line, String::new()));
        }
    }
    requests
}

#[test]
fn the_table_of_the_readme_is_so() {
    let readme = include_str!("../../../README.md");
    let (_, section) = readme.split_once("\n## The published API\n").unwrap();
    let (section, _) = section.split_once("\n### ").unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let mut count = 0;
    for row in rows {
        let cells: Vec<_> = row.split(" | ").collect();
        let [repair, from, to] = cells.as_slice() else {
            panic!("{row}");
        };
        // What stands in brackets is told of other requests.
        let from = from.split(" (").next().unwrap();
        let (line, body) = in_backticks(from).remove(0);
        let (method, path) = line.split_once(' ').unwrap();
        let method: Method = method.parse().unwrap();
        let sent = meant(repair.contains("after"), &method, path, &body);
        let expected: String = in_backticks(to)
            .into_iter()
            .map(|(line, body)| {
                let line = match line.split_once(' ') {
                    Some((method, to)) if to == path => format!("{method} ="),
                    _ => line,
                };
                format!("{line} {body}; ")
            })
            .collect();
        // The path to try after a 404 may be the one that it came by.
        let sent = sent.replace(&format!(" {path} "), " = ");
        let done = sent
            .strip_prefix(&expected)
            .unwrap_or_else(|| panic!("{row}\n{sent}"));
        let word = repair.split('`').nth(1).unwrap();
        assert!(done.split(' ').any(|done| done == word), "{row}\n{sent}");
        count += 1;
    }
    assert_eq!(count, 16);
}

#[test]
fn no_published_operation_is_taken_for_another() {
    let own = [
        "PATCH /api/v2/conversations/{conversationId}/participants/{participantId}",
        "PATCH /api/v2/conversations/{conversationId}/participants/{participantId}/attributes",
        "POST /api/v2/conversations/messages/{integrationId}/inbound/open/message",
    ];
    let media = [
        "calls",
        "callbacks",
        "emails",
        "messages",
        "cobrowsesessions",
    ];
    let mut expected: Vec<String> = own.map(str::to_owned).to_vec();
    for media in media {
        let conversation = format!("PATCH /api/v2/conversations/{media}/{{conversationId}}");
        let participant = format!("{conversation}/participants/{{participantId}}");
        expected.extend([
            format!("{participant}/attributes"),
            format!("{participant}/communications/{{communicationId}}"),
            participant,
            conversation,
        ]);
    }
    let rules = Rules::official();
    let mut matched: Vec<_> = include_str!("../../../tests/corpus/published.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter(|line| {
            let (method, path) = line.split_once(' ').unwrap();
            let path: Vec<_> = path
                .split('/')
                .map(|s| if s.starts_with('{') { "id" } else { s })
                .collect();
            rules
                .find(&method.parse().unwrap(), &path.join("/"))
                .is_some()
        })
        .map(str::to_owned)
        .collect();
    matched.sort();
    expected.sort();
    assert_eq!(matched, expected);
}

/// The README's own rule, over the pack.
#[test]
fn a_disconnect_of_one_can_be_narrowed_and_other_ones_stay() {
    let readme = include_str!("../../../README.md");
    let (_, rule) = readme
        .split_once("[[rule]]\nname = \"disconnect-one\"")
        .unwrap();
    let (rule, _) = rule.split_once("```").unwrap();
    let text = format!("[[rule]]\nname = \"disconnect-one\"{rule}");
    let specs = crate::rule::pack::Specs::parse("README.md", &text).unwrap();
    let rules = Rules::compile(specs.sources(), specs.rules(), specs.diagnoses()).unwrap();
    let path = format!("{C}/disconnect");
    for (body, to, method) in [
        (r#"{"participantIds":["p1"]}"#, Some(P), Method::PATCH),
        ("{}", None, Method::POST),
        (r#"{"participantIds":[]}"#, None, Method::POST),
    ] {
        let found = rules.find(&Method::POST, &path).unwrap();
        let meant = rules
            .meant(&found, &Method::POST, body.as_bytes(), |_, _| true)
            .unwrap();
        assert_eq!(
            (meant.path.as_deref(), &meant.method),
            (to, &method),
            "{body}"
        );
        let sent = if to.is_some() {
            r#"{"state":"disconnected"}"#
        } else {
            body
        };
        assert_eq!(std::str::from_utf8(&meant.sends[0].body).unwrap(), sent);
    }
    for body in [
        r#"{"participantIds":["p1","p2"]}"#,
        r#"{"participantIds":["p1"],"x":1}"#,
    ] {
        let found = rules.find(&Method::POST, &path).unwrap();
        assert!(
            rules
                .meant(&found, &Method::POST, body.as_bytes(), |_, _| true)
                .is_err(),
            "{body}"
        );
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
