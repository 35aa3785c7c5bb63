//! `patchwright explain --rules official` tells what the proxy does, and what is wrong at length.

use std::io::Write as _;

use tempfile::NamedTempFile;

use crate::support::patchwright;

const P: &str = "/api/v2/conversations/c1/participants/p1";

async fn explain(arguments: &[&str], path: &str) -> String {
    let all = [&["explain", "--rules", "official"], arguments, &[path]].concat();
    let output = patchwright(&all).await;
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    // Repaired, nothing to do, wrong, or it can't be known yet: explained in any case.
    let code = output.status.code();
    assert!(matches!(code, Some(0 | 3 | 4 | 5)), "{said}");
    said
}

/// The lines of a text, in this order, others between them.
#[track_caller]
fn tells(said: &str, lines: &[&str]) {
    let mut rest = said.lines();
    for line in lines {
        assert!(
            rest.any(|other| other == *line),
            "{line:?} is not there, or too late, in\n{said}"
        );
    }
}

fn file(text: &str) -> (NamedTempFile, String) {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let name = file.path().to_str().unwrap().to_owned();
    (file, name)
}

#[tokio::test]
async fn both_requests_that_one_becomes_are_shown() {
    let body = r#"{"attributes":{"a":1},"state":"disconnected"}"#;
    let path = "/api/v2/conversations/voice/c1/participants/p1";
    let json = "Content-Type: application/json";
    let said = explain(&["-X", "PUT", "-H", json, "-d", body], path).await;
    tells(
        &said,
        &[
            "rule       voice",
            "first",
            &format!("- PUT {path}"),
            &format!("+ PATCH {P}/attributes"),
            r#"+ {"attributes":{"a":"1"}}"#,
            "then, if that is accepted",
            "+ PATCH /api/v2/conversations/calls/c1/participants/p1",
            r#"+ {"state":"disconnected"}"#,
        ],
    );
    let raw = explain(&["--raw", "-d", body], path).await;
    assert_eq!(
        raw,
        "{\"attributes\":{\"a\":\"1\"}}\n{\"state\":\"disconnected\"}"
    );
}

#[tokio::test]
async fn what_is_wrong_is_told_with_the_right_call_for_this_participant() {
    let said = explain(&["-d", r#"{"attributes":{"wrapup":{"code":"x"}}}"#], P).await;
    tells(
        &said,
        &[
            "wrong      nested_value: /attributes/wrapup must be a string, not an object or a list",
            "A wrap-up code is not an attribute:",
            &format!("PATCH {P}"),
        ],
    );
    let said = explain(&["-d", r#"{"muted":true}"#], P).await;
    assert!(!said.contains("wrong"), "{said}");
}

#[tokio::test]
async fn what_becomes_of_a_refusal_is_shown() {
    let body = r#"{"state":"DISCONNECTED"}"#;
    let (_named, named) = file(r#"{"status":400,"message":"Value [DISCONNECTED] is not valid"}"#);
    let raw = explain(&["--raw", "-d", body, "--answer", &named], P).await;
    assert_eq!(raw, r#"{"state":"disconnected"}"#);
    let raw = explain(&["--raw", "-d", body], P).await;
    assert_eq!(raw, body, "nobody has refused it yet");
    let (_known, known) = file(r#"{"status":400,"code":"not.a.user","message":"m"}"#);
    let said = explain(&["-d", r#"{"held":true}"#, "--answer", &known], P).await;
    assert!(said.contains("reason=user_needed"), "{said}");
    assert!(said.contains("Log in as the user"), "{said}");
}

#[tokio::test]
async fn a_queue_that_is_named_hangs_on_the_conversation() {
    let body = r#"{"attributes":{"a":"1"},"routing":{"queue":{"id":"q1"}}}"#;
    let said = explain(&["-d", body], P).await;
    tells(
        &said,
        &[
            "current?   /routing/queue/id",
            "lookup     GET /api/v2/conversations/c1",
        ],
    );
    for (queue, sent) in [("q1", r#"{"attributes":{"a":"1"}}"#), ("q2", body)] {
        let participant = format!(r#"{{"participants":[{{"id":"p1","queueId":"{queue}"}}]}}"#);
        let (_conversation, name) = file(&participant);
        let raw = explain(&["--raw", "-d", body, "--conversation", &name], P).await;
        assert_eq!(raw, sent, "in {queue}");
        let said = explain(&["-d", body, "--conversation", &name], P).await;
        assert_eq!(
            said.contains("wrong      ambiguous"),
            queue == "q2",
            "{said}"
        );
    }
}

#[tokio::test]
async fn the_exit_code_says_whether_it_would_be_repaired() {
    let named = r#"{"attributes":{"a":"1"},"routing":{"queue":{"id":"q1"}}}"#;
    let (_gone, gone) = file("{");
    for (arguments, code) in [
        (&["-d", r#"{"attributes":{"a":1}}"#, P][..], 0),
        (&["-d", r#"{"state":"DISCONNECTED"}"#, P], 0),
        (&["-d", r#"{"muted":true}"#, P], 3),
        (&["-X", "GET", "/api/v2/users/me"], 3),
        (&["-d", r#"{"attributes":{"wrapup":{"code":"x"}}}"#, P], 4),
        (&["-d", "no JSON", P], 4),
        (&["-d", named, P], 5),
        (&["--raw", "-d", r#"{"muted":true}"#, P], 0),
        (&["--raw", "-d", named, P], 2),
        (&["-d", "@/nowhere", P], 1),
        (&["--har", &gone], 2),
    ] {
        let mut all = vec!["explain", "--rules", "official"];
        if !arguments.contains(&"--har") {
            // One that is missing would be set, which is a repair.
            all.extend(["-H", "Content-Type: application/json"]);
        }
        all.extend(arguments);
        let output = patchwright(&all).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?} {said}");
    }
}
