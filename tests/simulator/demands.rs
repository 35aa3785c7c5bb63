//! What the strict upstream demands of a PATCH.

use http::Method;
use patchwright::simulator::seed::{self, CALL, CALLBACK, CHAT, EMAIL, MESSAGE};

use crate::support::{Api, BEARER, participant};

const NO_STATE: &str = "Invalid request body. Missing required property: 'state'.";
const CONFLICT: &str = "The request conflicts with the current state of the target resource.";

fn complete(state: &str, queue: &str) -> String {
    format!(
        "{{\"state\":\"{state}\",\"routing\":{{\"queue\":{{\"id\":\"{queue}\"}}}},\"attributes\":{{\"k\":\"v\"}}}}"
    )
}

#[tokio::test]
async fn the_first_forum_request_is_refused_and_accepted_once_complete() {
    let api = Api::start().await;
    let path = participant("", CALL, 3);
    let refused = api
        .patch(&path, "{\"customAttributes\":{\"crmId\":\"123\"}}")
        .await;
    let message = "customAttributes is not a valid field for this endpoint".to_owned();
    assert_eq!(refused.error(), (400, message));
    let details = refused.json()["details"].to_string();
    assert!(details.contains("\"fieldName\":\"state\""), "{details}");
    assert!(details.contains("\"fieldName\":\"routing\""), "{details}");
    assert_eq!(api.simulator.effects(), []);

    let full = complete("connected", seed::SUPPORT_QUEUE).replace("attributes", "customAttributes");
    let accepted = api.patch(&path, full).await;
    assert_eq!((accepted.status, accepted.body.len()), (202, 0));
    let effects = api.simulator.effects();
    assert_eq!(effects[0].attributes["k"], "v");
    assert_eq!(effects[0].state, None);
    let shown = api
        .get(&format!("/api/v2/conversations/{CALL}"))
        .await
        .json();
    assert_eq!(shown["participants"][2]["attributes"]["k"], "v");
}

#[tokio::test]
async fn the_second_forum_request_is_refused_and_accepted_with_its_state() {
    let api = Api::start().await;
    let with_prefix = participant("/web/instances", MESSAGE, 3);
    let without = with_prefix.replacen("/api/v2", "", 1);
    for path in [with_prefix, without] {
        let refused = api
            .patch(&path, "{\"attributes\":{\"supervisorNote\":\"test\"}}")
            .await;
        assert_eq!(refused.error(), (400, NO_STATE.to_owned()), "{path}");
        assert_eq!(refused.json()["code"], "bad.request");
        let accepted = api
            .patch(
                &path,
                "{\"state\":\"connected\",\"attributes\":{\"a\":\"b\"}}",
            )
            .await;
        assert_eq!(accepted.status, 202, "{path}");
    }
}

#[tokio::test]
async fn the_media_paths_demand_what_the_general_one_does() {
    let api = Api::start().await;
    for (family, conversation, state, queue) in [
        ("", CALL, "connected", seed::SUPPORT_QUEUE),
        ("/calls", CALL, "connected", seed::SUPPORT_QUEUE),
        ("/callbacks", CALLBACK, "alerting", seed::SUPPORT_QUEUE),
        ("/chats", CHAT, "alerting", seed::SALES_QUEUE),
        ("/emails", EMAIL, "connected", seed::SALES_QUEUE),
        ("/messages", MESSAGE, "connected", seed::SALES_QUEUE),
        (
            "/cobrowsesessions",
            seed::COBROWSE,
            "connected",
            seed::SALES_QUEUE,
        ),
    ] {
        let path = participant(family, conversation, 3);
        assert_eq!(
            api.patch(&path, "{\"attributes\":{}}").await.error(),
            (400, NO_STATE.to_owned())
        );
        let body = format!("{{\"state\":\"{state}\"}}");
        let (status, message) = api.patch(&path, body).await.error();
        assert!(
            status == 400 && message.contains("'routing'"),
            "{path}: {message}"
        );
        assert_eq!(
            api.patch(&path, complete(state, queue)).await.status,
            202,
            "{path}"
        );
    }
}

#[tokio::test]
async fn who_has_no_queue_or_has_ended_needs_only_a_state() {
    let api = Api::start().await;
    let customer = participant("", CALL, 1);
    assert_eq!(
        api.patch(&customer, "{\"state\":\"connected\"}")
            .await
            .status,
        202
    );
    let ended = participant("", CALL, 2);
    assert_eq!(
        api.patch(&ended, "{\"state\":\"disconnected\"}")
            .await
            .status,
        202
    );
    assert_eq!(
        api.patch(&ended, "{}").await.error(),
        (400, NO_STATE.to_owned())
    );
}

#[tokio::test]
async fn of_two_communications_the_live_one_counts() {
    let api = Api::start().await;
    let path = participant("/calls", CALL, 4);
    let ended = api
        .patch(&path, complete("disconnected", seed::SUPPORT_QUEUE))
        .await;
    // The live call was hung up; for the other one nothing would have changed.
    assert_eq!(ended.status, 202);
    let from_to = ("connected".to_owned(), "disconnected".to_owned());
    assert_eq!(api.simulator.effects()[0].state, Some(from_to));
}

#[tokio::test]
async fn a_body_without_json_as_its_content_type_is_refused() {
    let api = Api::start().await;
    let path = participant("", CALL, 3);
    let body = complete("connected", seed::SUPPORT_QUEUE);
    let bearer = ("authorization", BEARER);
    for headers in [
        &[bearer][..],
        &[bearer, ("content-type", "text/plain")],
        &[
            bearer,
            ("content-type", "application/x-www-form-urlencoded"),
        ],
        &[
            bearer,
            ("content-type", "application/json"),
            ("content-encoding", "gzip"),
        ],
    ] {
        let refused = api
            .send(Method::PATCH, &path, headers, body.clone())
            .await
            .unwrap();
        assert_eq!(refused.error().0, 400, "{headers:?}");
    }
    let charset = [bearer, ("content-type", "application/json; charset=utf-8")];
    let accepted = api
        .send(Method::PATCH, &path, &charset, body)
        .await
        .unwrap();
    assert_eq!(accepted.status, 202);
}

#[tokio::test]
async fn attributes_must_be_an_object_and_the_body_strict_json() {
    let api = Api::start().await;
    let path = participant("", CALL, 1);
    for body in [
        "{\"state\":\"connected\",\"attributes\":[]}",
        "{\"state\":\"connected\",\"attributes\":\"text\"}",
        "\u{feff}{\"state\":\"connected\"}",
        "{\"state\":\"connected\",}",
        "[]",
        "",
    ] {
        assert_eq!(api.patch(&path, body).await.error().0, 400, "{body}");
    }
    let odd = "{\"attributes\":{\"n\":1e400,\"s\":\"\\ud800\",\"i\":12345678901234567890123},\"state\":\"connected\"}";
    assert_eq!(api.patch(&path, odd).await.status, 202);
    assert_eq!(api.simulator.requests().last().unwrap().body, odd);
}

#[tokio::test]
async fn a_state_that_was_read_too_early_conflicts() {
    let api = Api::start().await;
    let path = participant("", CALLBACK, 3);
    let agent = seed::participant(CALLBACK, 3);
    let body = complete("alerting", seed::SUPPORT_QUEUE);
    assert!(api.simulator.set_state(CALLBACK, &agent, "connected"));
    let stale = api.patch(&path, body).await;
    assert_eq!(stale.error(), (409, CONFLICT.to_owned()));
    assert_eq!(stale.json()["code"], "general.conflict");
    let other_queue = complete("connected", seed::SALES_QUEUE);
    assert_eq!(
        api.patch(&path, other_queue).await.error(),
        (409, CONFLICT.to_owned())
    );
    assert_eq!(api.simulator.effects(), []);
}

#[tokio::test]
async fn a_legal_step_is_taken_and_shown() {
    let api = Api::start().await;
    let path = participant("/callbacks", CALLBACK, 3);
    assert_eq!(
        api.patch(&path, complete("connected", seed::SUPPORT_QUEUE))
            .await
            .status,
        202
    );
    let shown = api
        .get(&format!("/api/v2/conversations/callbacks/{CALLBACK}"))
        .await
        .json();
    assert_eq!(shown["participants"][1]["state"], "connected");
    let back = complete("alerting", seed::SUPPORT_QUEUE);
    assert_eq!(api.patch(&path, back).await.error().0, 409);
}

#[tokio::test]
async fn the_attributes_endpoint_takes_strings_and_changes_nothing_else() {
    let api = Api::start().await;
    let general = participant("", CALL, 3) + "/attributes";
    let accepted = api.patch(&general, "{\"attributes\":{\"a\":\"1\"}}").await;
    assert_eq!((accepted.status, accepted.body.len()), (202, 0));
    let media = participant("/calls", CALL, 3) + "/attributes";
    let shown = api.patch(&media, "{\"attributes\":{\"b\":\"2\"}}").await;
    assert_eq!(shown.status, 202);
    assert_eq!(
        shown.json(),
        serde_json::json!({ "attributes": { "a": "1", "b": "2" } })
    );
    let nested = api.patch(&media, "{\"attributes\":{\"wrapup\":{}}}").await;
    assert_eq!(nested.error().0, 400);
    assert_eq!(api.simulator.effects_total(), 2);
}

#[tokio::test]
async fn other_paths_participants_and_methods_are_not_found() {
    let api = Api::start().await;
    let body = || complete("connected", seed::SUPPORT_QUEUE);
    for path in [
        participant("/emails", CALL, 3),
        participant("/web/instances", CALL, 3),
        participant("", CALL, 9),
        participant("", "c0ffee00-0000-4000-8000-000000000000", 3),
        participant("", CALL, 3) + "/communications",
        "/api/v2/users/me".to_owned(),
    ] {
        assert_eq!(api.patch(&path, body()).await.error().0, 404, "{path}");
    }
    let bearer = [("authorization", BEARER)];
    let put = api
        .send(Method::PUT, &participant("", CALL, 3), &bearer, body())
        .await
        .unwrap();
    assert_eq!(put.error().0, 404);
}

#[tokio::test]
async fn a_body_without_end_is_refused() {
    let api = Api::start().await;
    let refused = api
        .patch(&participant("", CALL, 3), vec![b' '; (16 << 20) + 1])
        .await;
    assert_eq!(refused.error(), (413, "Maximum bytes: 16777216".to_owned()));
}
