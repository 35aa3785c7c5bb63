//! Attributes go where they belong.

use super::{CALLS, P, rows};

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
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
