//! Writes that end or move more than a PATCH of one participant should.

use http::Method;
use patchwright::simulator::seed::{
    CALL, CHAT, COBROWSE, EMAIL, MESSAGE, SALES_QUEUE, participant as id,
};
use serde_json::json;

use super::support::{MALFORMED, MIXED, mixed, official, refused, send, send_as, state};
use crate::support::participant;

const DISCONNECTED: &str = "{\"state\":\"disconnected\"}";

#[tokio::test]
async fn ending_a_conversation_ends_all_of_everybody_and_shows_in_the_effects() {
    for (method, path, body, status) in [
        (Method::PATCH, "calls/mixed", DISCONNECTED, 200),
        (Method::PATCH, "emails/mixed", DISCONNECTED, 200),
        (Method::PATCH, "messages/mixed", DISCONNECTED, 200),
        (Method::POST, "mixed/disconnect", "{\"attributes\":", 202),
    ] {
        let api = official().await;
        api.simulator.insert(mixed());
        let full = format!("/api/v2/conversations/{path}");
        let answer = send(&api, method.clone(), &full, body).await;
        assert_eq!(answer.status, status, "{path}");
        if status == 200 {
            assert_eq!(
                answer.json()["participants"][1]["emails"][0]["state"],
                "disconnected"
            );
        } else {
            assert!(answer.body.is_empty(), "{path}");
        }
        for name in ["call", "message", "email"] {
            for one in ["p1", "p2"] {
                assert_eq!(
                    state(&api, MIXED, &format!("{one}-{name}")).await,
                    "disconnected"
                );
            }
        }
        let effects = api.simulator.effects();
        let touched: Vec<_> = effects
            .iter()
            .map(|e| (e.seq, e.request, e.participant.as_str()))
            .collect();
        assert_eq!(touched, [(1, 1, "p1"), (2, 1, "p2")], "{path}");
        assert!(
            effects
                .iter()
                .all(|effect| effect.state.is_some() && effect.conversation == MIXED)
        );
        // What has ended does not end again.
        assert_eq!(
            send(&api, method, &full, body).await.status,
            status,
            "{path}"
        );
        assert_eq!(api.simulator.effects_total(), 2, "{path}");
    }
}

#[tokio::test]
async fn those_who_have_ended_are_not_among_the_effects() {
    let api = official().await;
    let path = format!("/api/v2/conversations/{CALL}/disconnect");
    assert_eq!(send(&api, Method::POST, &path, "").await.status, 202);
    let touched: Vec<_> = api
        .simulator
        .effects()
        .into_iter()
        .map(|e| e.participant)
        .collect();
    assert_eq!(touched, [1, 3, 4].map(|n| id(CALL, n)));
}

#[tokio::test]
async fn a_conversation_takes_no_other_write_than_its_end() {
    let api = official().await;
    for body in [
        "{}",
        "{\"state\":\"connected\"}",
        "{\"state\":\"disconnected\",\"participants\":[]}",
        "{\"participants\":[{\"id\":\"p\"}]}",
        "{\"attributes\":{}}",
        "{\"state\":\"DISCONNECTED\"}",
        "",
    ] {
        for (family, conversation) in [
            ("calls", CALL),
            ("emails", EMAIL),
            ("messages", MESSAGE),
            ("cobrowsesessions", COBROWSE),
        ] {
            let path = format!("/api/v2/conversations/{family}/{conversation}");
            assert_eq!(
                send(&api, Method::PATCH, &path, body).await.error().0,
                400,
                "{path} {body}"
            );
        }
    }
    for (path, allow) in [(CALL.to_owned(), "GET"), (format!("chats/{CHAT}"), "GET")] {
        let path = format!("/api/v2/conversations/{path}");
        let answer = send(&api, Method::PATCH, &path, DISCONNECTED).await;
        assert_eq!(
            (answer.error().0, answer.headers["allow"].to_str().unwrap()),
            (405, allow)
        );
    }
    let put = send(
        &api,
        Method::PUT,
        &format!("/api/v2/conversations/calls/{CALL}"),
        "{}",
    )
    .await;
    assert_eq!(
        (put.status, &put.headers["allow"]),
        (405, &"GET, PATCH".parse().unwrap())
    );
    let path = format!("/api/v2/conversations/calls/{CALL}");
    let client = send_as(
        &api,
        "Bearer simulated.app",
        Method::PATCH,
        &path,
        DISCONNECTED,
    )
    .await;
    assert_eq!(refused(&client).1, "not.a.user");
    assert_eq!(api.simulator.effects(), []);
}

#[tokio::test]
async fn a_transfer_sets_the_queue() {
    let body = json!({ "queueId": SALES_QUEUE, "transferType": "Unattended" });
    for path in [
        participant("", CALL, 3) + "/replace",
        participant("", CALL, 3) + "/replace/queue",
        participant("/calls", CALL, 3) + "/replace",
    ] {
        let api = official().await;
        for (wrong, status) in [("{}", 400), ("{\"queue\":\"q\"}", 400), ("", 400)] {
            assert_eq!(
                send(&api, Method::POST, &path, wrong).await.error().0,
                status,
                "{path}"
            );
        }
        let answer = send(&api, Method::POST, &path, &body.to_string()).await;
        assert_eq!((answer.status, answer.body.len()), (202, 0), "{path}");
        let effects = api.simulator.effects();
        assert_eq!(effects.len(), 1, "{path}");
        assert_eq!(effects[0].set["queue"], SALES_QUEUE);
        assert_eq!(
            (effects[0].method.as_str(), &effects[0].state),
            ("POST", &None)
        );
        let shown = api
            .get(&format!("/api/v2/conversations/{CALL}"))
            .await
            .json();
        assert_eq!(shown["participants"][2]["queueId"], SALES_QUEUE);
        let ended = path.replace(&id(CALL, 3), &id(CALL, 2));
        assert_eq!(
            send(&api, Method::POST, &ended, &body.to_string())
                .await
                .error()
                .0,
            400
        );
    }
}

#[tokio::test]
async fn tags_touch_no_participant() {
    let api = official().await;
    let path = format!("/api/v2/conversations/{CALL}/tags");
    let answer = send(&api, Method::PUT, &path, "{\"externalTag\":\"crm-1\"}").await;
    assert_eq!(answer.status, 202);
    let effect = &api.simulator.effects()[0];
    assert_eq!(
        (effect.conversation.as_str(), effect.participant.as_str()),
        (CALL, "")
    );
    assert_eq!(effect.set["tags"], json!({ "externalTag": "crm-1" }));
    assert_eq!(
        send(&api, Method::PUT, &path, "{\"tags\":[]}")
            .await
            .error()
            .0,
        400
    );
    assert_eq!(
        send(&api, Method::PATCH, &path, "{}").await.headers["allow"],
        "PUT"
    );
}

#[tokio::test]
async fn a_customer_writes_through_an_integration() {
    let api = official().await;
    let path = "/api/v2/conversations/messages/integration-1/inbound/open/message";
    let message = json!({
        "channel": {
            "from": { "id": "customer", "nickname": "Alex" },
            "to": { "id": "t" },
            "messageId": "m",
            "time": "2026-01-05T10:00:00Z",
            "type": "Private",
            "platform": "Open",
            "metadata": { "customAttributes": { "crmId": "123" } },
        },
        "direction": "Inbound",
        "type": "Text",
        "text": "hello",
    });
    let answer = send(&api, Method::POST, path, &message.to_string()).await;
    assert_eq!((answer.status, answer.json()), (202, message));
    let effect = &api.simulator.effects()[0];
    let set = json!({
        "integration": "integration-1",
        "from": "customer",
        "text": "hello",
        "customAttributes": { "crmId": "123" },
    });
    assert_eq!(json!(effect.set), set);
    assert_eq!(
        (effect.conversation.as_str(), effect.participant.as_str()),
        ("", "")
    );
    for body in [
        "{}",
        "{\"channel\":{}}",
        "{\"channel\":{\"from\":{}}}",
        "{\"channel\":{\"from\":{\"id\":\"\"}}}",
        "{\"channel\":{\"from\":{\"id\":\"c\"}},\"customAttributes\":{}}",
        "{\"channel\":{\"from\":{\"id\":\"c\"},\"customAttributes\":{}}}",
        "{\"channel\":{\"from\":{\"id\":\"c\"},\"metadata\":{\"customAttributes\":{\"n\":1}}}}",
    ] {
        let refused = send(&api, Method::POST, path, body).await.error();
        assert_eq!(refused, (400, MALFORMED.to_owned()), "{body}");
    }
    assert_eq!(api.simulator.effects_total(), 1);
}
