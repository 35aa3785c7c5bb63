//! Every published PATCH with a participant in its path: the smallest body that it takes, and what it
//! does with it.

use http::Method;
use patchwright::simulator::seed::{CALL, CALLBACK, COBROWSE, EMAIL, MESSAGE};
use serde_json::{Value, json};

use super::support::{JSON, MALFORMED, communication, official, refused};
use crate::support::{Api, BEARER, participant};

/// One operation on the agent of a seed conversation.
pub(super) struct Row {
    pub(super) path: String,
    pub(super) body: &'static str,
    pub(super) needs_body: bool,
    status: u16,
    /// The answer's body; none when it is null.
    answer: Value,
    /// State, attributes and commands of the one effect; none when it is null.
    effect: Value,
}

fn row(path: String, body: &'static str, (status, answer): (u16, Value), effect: Value) -> Row {
    Row {
        path,
        body,
        needs_body: true,
        status,
        answer,
        effect,
    }
}

fn muted(path: String) -> Row {
    let effect = json!([null, {}, { "muted": true }]);
    row(path, "{\"muted\":true}", (202, Value::Null), effect)
}

fn attributes(path: String) -> Row {
    let answer = if path == participant("", CALL, 3) {
        Value::Null
    } else {
        json!({ "attributes": { "k": "v" } })
    };
    let body = "{\"attributes\":{\"k\":\"v\"}}";
    let effect = json!([null, { "k": "v" }, {}]);
    row(path + "/attributes", body, (202, answer), effect)
}

fn hung_up(path: String, from: &str) -> Row {
    let effect = json!([[from, "disconnected"], {}, {}]);
    let body = "{\"state\":\"disconnected\"}";
    row(path, body, (200, json!({})), effect)
}

fn parked(path: &str) -> Row {
    let effect = json!([["connected", "parked"], {}, { "parkingstate": { "state": "parked" } }]);
    let path = format!("{path}/parkingstate");
    row(path, "{\"state\":\"parked\"}", (204, Value::Null), effect)
}

/// All 23, as they are numbered where their facts are kept.
pub(super) fn rows() -> Vec<Row> {
    let optional = |row: Row| Row {
        needs_body: false,
        ..row
    };
    let action = "{\"destination\":\"d\"}";
    let speak_to = "{\"speakTo\":\"BOTH\"}";
    let after = "{\"afterCallWorkRequired\":true}";
    let call = participant("/calls", CALL, 3);
    let email = participant("/emails", EMAIL, 3);
    let message = participant("/messages", MESSAGE, 3);
    let callback = participant("/callbacks", CALLBACK, 3);
    let cobrowse = participant("/cobrowsesessions", COBROWSE, 3);
    vec![
        muted(participant("", CALL, 3)),
        attributes(participant("", CALL, 3)),
        muted(call.clone()),
        attributes(call.clone()),
        hung_up(communication("/calls", CALL, 3), "connected"),
        optional(row(
            communication("/calls", CALL, 3) + "/postflowaction",
            action,
            (202, Value::Null),
            json!([null, {}, { "postflowaction": { "destination": "d" } }]),
        )),
        row(
            call.clone() + "/consult",
            speak_to,
            (200, json!({})),
            json!([null, {}, { "consult": { "speakTo": "BOTH" } }]),
        ),
        muted(call + "/user/u"),
        muted(callback.clone()),
        attributes(callback),
        hung_up(communication("/callbacks", CALLBACK, 3), "alerting"),
        muted(email.clone()),
        attributes(email.clone()),
        hung_up(communication("/emails", EMAIL, 3), "connected"),
        parked(&email),
        optional(muted(message.clone())),
        optional(attributes(message.clone())),
        hung_up(communication("/messages", MESSAGE, 3), "connected"),
        parked(&message),
        optional(muted(cobrowse.clone())),
        optional(attributes(cobrowse)),
        hung_up(communication("/cobrowsesessions", COBROWSE, 3), "connected"),
        row(
            communication("/aftercallwork", CALL, 3),
            after,
            (200, json!({ "afterCallWorkRequired": true })),
            json!([null, {}, { "afterCallWorkRequired": true }]),
        ),
    ]
}

/// The effects as state, attributes and commands.
fn effects(api: &Api) -> Vec<Value> {
    let effects = api.simulator.effects().into_iter();
    effects
        .map(|effect| json!([effect.state, effect.attributes, effect.set]))
        .collect()
}

#[tokio::test]
async fn each_carries_out_its_smallest_body() {
    assert_eq!(rows().len(), 23);
    for row in rows() {
        let api = official().await;
        let answer = api.patch(&row.path, row.body).await;
        assert_eq!(answer.status, row.status, "{}", row.path);
        let body = if answer.body.is_empty() {
            Value::Null
        } else {
            answer.json()
        };
        assert_eq!(body, row.answer, "{}", row.path);
        assert_eq!(effects(&api), [row.effect], "{}", row.path);
        let effect = &api.simulator.effects()[0];
        assert_eq!((effect.request, effect.method.as_str()), (1, "PATCH"));
        assert!(row.path.contains(&effect.conversation), "{}", row.path);
        assert!(row.path.contains(&effect.participant), "{}", row.path);
        assert!(!effect.template.contains(CALL), "{}", effect.template);
        assert!(effect.template.contains("{participantId}"));
    }
}

#[tokio::test]
async fn each_refuses_what_it_cannot_read_and_names_no_field() {
    for row in rows() {
        let api = official().await;
        let unknown = row.body.replacen('{', "{\"unknown\":1,", 1);
        for body in [unknown.as_str(), "[]", "\"text\"", "{", "\u{feff}{}"] {
            let answer = api.patch(&row.path, body.to_owned()).await;
            let expected = (400, "bad.request".to_owned(), Vec::new());
            assert_eq!(refused(&answer), expected, "{} {body}", row.path);
            assert_eq!(answer.json()["message"], MALFORMED);
        }
        assert_eq!(effects(&api), [] as [Value; 0], "{}", row.path);
    }
}

#[tokio::test]
async fn each_knows_whether_its_body_may_be_left_out() {
    for row in rows() {
        let api = official().await;
        for body in ["", "null"] {
            let answer = api.patch(&row.path, body).await;
            let expected = if row.needs_body { 400 } else { 202 };
            assert_eq!(answer.status, expected, "{} {body:?}", row.path);
        }
        assert_eq!(effects(&api), [] as [Value; 0], "{}", row.path);
    }
}

#[tokio::test]
async fn each_wants_one_content_type_which_is_json() {
    let bearer = ("authorization", BEARER);
    for row in rows() {
        let api = official().await;
        for headers in [
            &[bearer][..],
            &[bearer, ("content-type", "text/plain")],
            &[bearer, ("content-type", "application/json-patch+json")],
            &[bearer, JSON, JSON],
            &[bearer, JSON, ("content-encoding", "gzip")],
        ] {
            let sent = api.send(Method::PATCH, &row.path, headers, row.body);
            let (status, code, _) = refused(&sent.await.unwrap());
            let expected = (415, "unsupported.media.type");
            assert_eq!(
                (status, code.as_str()),
                expected,
                "{} {headers:?}",
                row.path
            );
        }
        let charset = [bearer, ("content-type", "Application/JSON; charset=utf-8")];
        let sent = api.send(Method::PATCH, &row.path, &charset, row.body);
        assert_eq!(sent.await.unwrap().status, row.status, "{}", row.path);
    }
}

#[tokio::test]
async fn each_has_its_method_alone() {
    let api = official().await;
    for row in rows() {
        for method in [Method::GET, Method::PUT, Method::POST, Method::DELETE] {
            // Before the bearer is asked for.
            let sent = api.send(method.clone(), &row.path, &[JSON], row.body);
            let answer = sent.await.unwrap();
            assert_eq!(answer.error().0, 405, "{method} {}", row.path);
            assert_eq!(answer.headers["allow"], "PATCH", "{}", row.path);
        }
    }
}

#[tokio::test]
async fn each_knows_its_conversations_participants_and_communications() {
    let api = official().await;
    for row in rows() {
        let segments: Vec<_> = row.path.split('/').collect();
        let at = |name| segments.iter().position(|one| *one == name);
        let ids = [
            at("participants").map(|at| at - 2),
            at("participants"),
            at("communications"),
        ];
        for id in ids.into_iter().flatten().map(|before| before + 1) {
            let mut segments = segments.clone();
            segments[id] = "c0ffee00-0000-4000-8000-000000000000";
            let path = segments.join("/");
            assert_eq!(api.patch(&path, row.body).await.error().0, 404, "{path}");
        }
        let sent = api.send(Method::PATCH, &row.path, &[JSON], row.body);
        assert_eq!(sent.await.unwrap().error().0, 401, "{}", row.path);
    }
    assert_eq!(api.simulator.effects(), []);
}
