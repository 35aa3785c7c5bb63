//! Looking in and steering from outside.

use http::Method;
use patchwright::simulator::seed::{self, CALL, MESSAGE};
use serde_json::json;

use crate::support::{Api, BEARER, participant};

#[tokio::test]
async fn what_arrived_is_shown_to_the_byte_but_never_the_token() {
    let api = Api::start().await;
    let path = participant("", CALL, 3);
    let body = "{ \"customAttributes\" : {\"n\":1.10} }\n";
    api.patch(&path, body).await;
    api.get(&format!("/api/v2/conversations/{CALL}?expand=x"))
        .await;
    let secret = "grant_type=client_credentials&client_id=app&client_secret=hush";
    api.send(Method::POST, "/oauth/token", &[], secret)
        .await
        .unwrap();
    api.send(Method::POST, "/prefix/oauth/token", &[], secret)
        .await
        .unwrap();
    let shown = api.control(Method::GET, "requests", "").await;
    let text = String::from_utf8(shown.body.to_vec()).unwrap();
    for secret in [BEARER, "some-token", "hush"] {
        assert!(!text.contains(secret), "{text}");
    }
    let shown = shown.json();
    let write = &shown["requests"][0];
    let template = "/api/v2/conversations/{conversationId}/participants/{participantId}";
    assert_eq!(write["method"], "PATCH");
    assert_eq!(write["target"], path);
    assert_eq!(write["template"], template);
    assert_eq!(write["body"], body);
    assert_eq!(write["status"], 400);
    assert!(
        write["headers"]
            .to_string()
            .contains("[\"content-type\",\"application/json\"]")
    );
    let get = &shown["requests"][1];
    assert_eq!(
        get["target"],
        format!("/api/v2/conversations/{CALL}?expand=x")
    );
    assert_eq!(get["token"], write["token"]);
    assert_eq!(get["token"].as_str().unwrap().len(), 12);
    let counted = json!({ "method": "PATCH", "template": template, "count": 1 });
    assert!(
        shown["counts"].as_array().unwrap().contains(&counted),
        "{shown}"
    );
}

#[tokio::test]
async fn effects_are_shown_and_forgotten_on_demand() {
    let api = Api::start().await;
    let path = participant("/web/instances", MESSAGE, 3);
    api.patch(
        &path,
        "{\"state\":\"disconnected\",\"attributes\":{\"a\":\"1\",\"b\":2}}",
    )
    .await;
    let shown = api.control(Method::GET, "effects", "").await.json();
    assert_eq!(shown["total"], 1);
    let effect = json!({
        "seq": 1,
        "request": 1,
        "method": "PATCH",
        "template": "/api/v2/conversations/web/instances/{conversationId}/participants/{participantId}",
        "conversation": MESSAGE,
        "participant": seed::participant(MESSAGE, 3),
        "state": ["connected", "disconnected"],
        "attributes": { "a": "1", "b": 2 },
    });
    assert_eq!(shown["effects"], json!([effect]));
    let later = api.control(Method::GET, "effects?after=1", "").await.json();
    assert_eq!(later, json!({ "total": 1, "effects": [] }));
    assert_eq!(
        api.control(Method::DELETE, "requests", "").await.status,
        204
    );
    let shown = api.control(Method::GET, "effects", "").await.json();
    assert_eq!(shown, json!({ "total": 0, "effects": [] }));
    let shown = api.control(Method::GET, "requests", "").await.json();
    assert_eq!(shown, json!({ "counts": [], "requests": [] }));
}

#[tokio::test]
async fn effects_have_a_short_address() {
    let api = Api::start().await;
    for _ in 0..2 {
        api.patch(&participant("", CALL, 1), "{\"state\":\"connected\"}")
            .await;
    }
    for query in ["", "?after=1"] {
        let long = format!("effects{query}");
        let long = api.control(Method::GET, &long, "").await;
        let short = api.get(&format!("/__effects{query}")).await;
        assert_eq!(short.json(), long.json(), "{query}");
        assert_eq!(short.json()["total"], 2, "{query}");
    }
    let forgotten = api.send(Method::DELETE, "/__effects", &[], "").await;
    assert_eq!(forgotten.unwrap().status, 204);
    assert_eq!(api.simulator.effects_total(), 0);
    // The requests are still known.
    assert_eq!(api.simulator.count(&Method::PATCH), 2);
}

#[tokio::test]
async fn a_scripted_change_comes_right_after_the_request_it_waits_for() {
    let api = Api::start().await;
    let agent = seed::participant(CALL, 3);
    let set =
        json!({ "conversation": CALL, "participant": agent, "state": "parked", "queue": "q2" });
    let after = json!({ "requests": 2, "method": "GET", "set": set }).to_string();
    assert_eq!(api.control(Method::POST, "after", &after).await.status, 204);
    let path = format!("/api/v2/conversations/calls/{CALL}");
    api.patch(&participant("", CALL, 3), "{}").await;
    for (state, queue) in [
        ("connected", seed::SUPPORT_QUEUE),
        ("connected", seed::SUPPORT_QUEUE),
        ("parked", "q2"),
    ] {
        let shown = api.get(&path).await.json();
        let agent = &shown["participants"][2];
        assert_eq!(
            (&agent["state"], &agent["queue"]["id"]),
            (&state.into(), &queue.into())
        );
    }
}

#[tokio::test]
async fn faults_are_set_and_cleared_from_outside() {
    let api = Api::start().await;
    let path = format!("/api/v2/conversations/{CALL}");
    let fault = "{\"kind\":\"503\",\"count\":2,\"method\":\"GET\"}";
    assert_eq!(api.control(Method::POST, "faults", fault).await.status, 204);
    assert_eq!(api.get(&path).await.status, 503);
    assert_eq!(api.control(Method::DELETE, "faults", "").await.status, 204);
    assert_eq!(api.get(&path).await.status, 200);
    let shown = api.control(Method::GET, "faults", "").await.json();
    assert_eq!(shown, json!({ "struck": [{ "kind": "503", "count": 1 }] }));
}

#[tokio::test]
async fn what_control_does_not_understand_it_refuses() {
    let api = Api::start().await;
    let state = format!("conversations/{CALL}/participants/nobody/state");
    let stray = "{\"requests\":1,\"set\":{\"conversation\":\"c\",\"participant\":\"p\"}}";
    for (method, path, body, status) in [
        (Method::GET, "nothing", "", 404),
        (Method::GET, "effects?after=x", "", 400),
        (Method::GET, "effects?before=1", "", 400),
        (Method::PUT, &state, "{\"state\":\"connected\"}", 404),
        (Method::POST, "after", stray, 404),
        (Method::POST, "after", "{", 400),
        (Method::POST, "faults", "{\"kind\":\"drop\"}", 400),
        (Method::POST, "faults", "{\"kind\":\"503\",\"rate\":7}", 400),
    ] {
        let refused = api.control(method, path, body).await;
        assert_eq!(refused.status, status, "{path} {body}");
        assert_eq!(refused.json()["status"], status);
    }
}

#[tokio::test]
async fn health_and_the_conversations_are_listed() {
    let api = Api::start().await;
    assert_eq!(
        api.control(Method::GET, "health", "").await.json(),
        json!({ "status": "ok" })
    );
    // Where `patchwright healthcheck` asks.
    assert_eq!(api.get("/healthz").await.json(), json!({ "status": "ok" }));
    let listed = api.control(Method::GET, "conversations", "").await.json();
    assert_eq!(listed.as_array().unwrap().len(), 6);
    let call = listed
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["id"] == CALL)
        .unwrap();
    assert_eq!(call["participants"][2]["state"], "connected");
    assert_eq!(api.simulator.requests().len(), 0);
}
