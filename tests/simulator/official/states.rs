//! `state` is an order: pick up, or hang up.

use patchwright::simulator::seed::{CALL, CALLBACK, CHAT, EMAIL, participant as id};
use serde_json::Value;

use super::support::{MIXED, communication, mixed, official, refused, state};
use crate::support::{Api, participant};

const CONNECTED: &str = "{\"state\":\"connected\"}";
const DISCONNECTED: &str = "{\"state\":\"disconnected\"}";
const NO_ACTIVE: &str = "conversation.error.participant.no.active.conversations";

fn steps(api: &Api) -> Vec<(String, Option<(String, String)>)> {
    let effects = api.simulator.effects().into_iter();
    effects
        .map(|effect| (effect.participant, effect.state))
        .collect()
}

fn step(from: &str, to: &str) -> (String, String) {
    (from.to_owned(), to.to_owned())
}

#[tokio::test]
async fn connected_answers_what_waits_and_changes_nothing_else() {
    for (state, answered) in [
        ("alerting", true),
        ("contacting", true),
        ("dialing", true),
        ("offering", true),
        ("parked", true),
        ("connected", false),
        ("transmitting", false),
    ] {
        for family in ["", "/calls"] {
            let api = official().await;
            assert!(api.simulator.set_state(CALL, &id(CALL, 3), state));
            let answer = api.patch(&participant(family, CALL, 3), CONNECTED).await;
            assert_eq!((answer.status, answer.body.len()), (202, 0), "{state}");
            let expected = (id(CALL, 3), Some(step(state, "connected")));
            let expected = answered.then_some(expected);
            assert_eq!(steps(&api), Vec::from_iter(expected), "{family} {state}");
        }
    }
}

#[tokio::test]
async fn an_email_is_answered_once() {
    let api = official().await;
    for family in ["", "/emails"] {
        let path = participant(family, EMAIL, 3);
        let (status, code, _) = refused(&api.patch(&path, CONNECTED).await);
        assert_eq!(
            (status, code.as_str()),
            (400, "postino.error.answer.not.alerting")
        );
    }
    assert!(api.simulator.set_state(EMAIL, &id(EMAIL, 3), "alerting"));
    let answer = api
        .patch(&participant("/emails", EMAIL, 3), CONNECTED)
        .await;
    assert_eq!(answer.status, 202);
    assert_eq!(
        steps(&api),
        [(id(EMAIL, 3), Some(step("alerting", "connected")))]
    );
}

#[tokio::test]
async fn disconnected_ends_what_the_path_shows() {
    for (path, ended) in [
        (
            "/api/v2/conversations/mixed/participants/p1",
            &["call", "message", "email"][..],
        ),
        (
            "/api/v2/conversations/calls/mixed/participants/p1",
            &["call"],
        ),
        (
            "/api/v2/conversations/messages/mixed/participants/p1",
            &["message"],
        ),
        (
            "/api/v2/conversations/emails/mixed/participants/p1/communications/p1-email",
            &["email"],
        ),
    ] {
        let api = official().await;
        api.simulator.insert(mixed());
        let answer = api.patch(path, DISCONNECTED).await;
        assert!(matches!(answer.status, 200 | 202), "{path}");
        for (name, before) in [
            ("call", "connected"),
            ("message", "connected"),
            ("email", "alerting"),
        ] {
            let expected = if ended.contains(&name) {
                "disconnected"
            } else {
                before
            };
            let shown = state(&api, MIXED, &format!("p1-{name}")).await;
            assert_eq!(shown, expected, "{path} {name}");
            assert_eq!(state(&api, MIXED, &format!("p2-{name}")).await, before);
        }
        assert_eq!(api.simulator.effects().len(), 1, "{path}");
        assert_eq!(api.simulator.effects()[0].participant, "p1");
    }
}

#[tokio::test]
async fn a_communication_of_another_media_is_not_below_the_path() {
    let api = official().await;
    api.simulator.insert(mixed());
    let path = "/api/v2/conversations/calls/mixed/participants/p1/communications/p1-email";
    assert_eq!(api.patch(path, DISCONNECTED).await.error().0, 404);
    let ended = path.replace("p1-email", "p1-ended");
    let (status, code, _) = refused(&api.patch(&ended, DISCONNECTED).await);
    assert_eq!(
        (status, code.as_str()),
        (400, "conversation.error.call.disconnected")
    );
}

#[tokio::test]
async fn who_has_ended_takes_no_orders_but_after_call_work() {
    let api = official().await;
    let code = patchwright::simulator::seed::WRAPUP_CODES[0];
    for (path, expected) in [
        (
            participant("/calls", CALL, 2),
            "conversation.error.call.disconnected",
        ),
        (participant("", CALL, 2), NO_ACTIVE),
    ] {
        for body in [
            CONNECTED,
            DISCONNECTED,
            "{\"muted\":true}",
            "{\"held\":false}",
            "{\"recording\":true}",
        ] {
            let (status, code, fields) = refused(&api.patch(&path, body).await);
            assert_eq!((status, code.as_str()), (400, expected), "{path} {body}");
            assert_eq!(fields, [] as [&str; 0]);
        }
        let wrapup = format!("{{\"wrapup\":{{\"code\":\"{code}\"}}}}");
        assert_eq!(api.patch(&path, wrapup).await.status, 202);
        let attributes = "{\"attributes\":{\"late\":\"yes\"}}";
        assert_eq!(
            api.patch(&(path + "/attributes"), attributes).await.status,
            202
        );
    }
    assert_eq!(api.simulator.effects().len(), 4);
    for (family, conversation) in [("/callbacks", CALLBACK), ("/emails", EMAIL)] {
        assert!(
            api.simulator
                .set_state(conversation, &id(conversation, 3), "terminated")
        );
        let (_, code, _) = refused(
            &api.patch(&participant(family, conversation, 3), CONNECTED)
                .await,
        );
        assert_eq!(code, NO_ACTIVE, "{family}");
    }
}

#[tokio::test]
async fn a_word_that_is_no_state_is_told_which_are() {
    let api = official().await;
    for (path, status) in [
        (participant("", CALL, 3), 400),
        (communication("/calls", CALL, 3), 400),
    ] {
        for word in [
            "DISCONNECTED",
            "active",
            "Connected",
            "outdated_sdk_version",
            "",
        ] {
            let answer = api.patch(&path, format!("{{\"state\":\"{word}\"}}")).await;
            assert_eq!(
                refused(&answer),
                (status, "invalid.value".to_owned(), vec![])
            );
            let message = format!(
                "Value [{word}] is not valid for field type [State]. Allowable values are: alerting, \
                 dialing, contacting, offering, connected, disconnected, terminated, converting, \
                 uploading, transmitting, parked, none"
            );
            assert_eq!(answer.json()["message"], Value::from(message));
        }
    }
}

#[tokio::test]
async fn only_two_states_can_be_asked_for() {
    let api = official().await;
    for state in ["alerting", "dialing", "parked", "terminated", "none"] {
        let body = format!("{{\"state\":\"{state}\"}}");
        let (status, message) = api
            .patch(&participant("", CALL, 3), body.clone())
            .await
            .error();
        assert_eq!(status, 400, "{state}");
        assert!(message.contains("connected or disconnected") && message.contains(state));
        let only = refused(&api.patch(&communication("/calls", CALL, 3), body).await);
        assert_eq!(
            only,
            (400, "communication.state.required".to_owned(), vec![])
        );
    }
    for body in [
        CONNECTED,
        "{}",
        "{\"muted\":true}",
        "{\"state\":\"disconnected\",\"held\":true}",
    ] {
        let (_, code, _) = refused(&api.patch(&communication("/calls", CALL, 3), body).await);
        assert_eq!(code, "communication.state.required", "{body}");
    }
    assert_eq!(api.simulator.effects(), []);
}

#[tokio::test]
async fn a_chat_is_reached_by_the_general_path_alone() {
    let api = official().await;
    let removed = participant("/chats", CHAT, 3);
    for path in [removed.clone(), removed + "/attributes"] {
        assert_eq!(api.patch(&path, CONNECTED).await.error().0, 404);
    }
    assert_eq!(
        api.get(&format!("/api/v2/conversations/chats/{CHAT}"))
            .await
            .status,
        200
    );
    assert_eq!(
        api.patch(&participant("", CHAT, 3), CONNECTED).await.status,
        202
    );
    assert_eq!(
        steps(&api),
        [(id(CHAT, 3), Some(step("alerting", "connected")))]
    );
}
