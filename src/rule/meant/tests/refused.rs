//! What could be meant in two ways goes as it came.

use super::{C, P, rows};

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
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
