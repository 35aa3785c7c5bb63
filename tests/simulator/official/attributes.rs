//! Participant data has an endpoint of its own.

use patchwright::simulator::seed::{CALL, MESSAGE};
use serde_json::json;

use super::support::{MALFORMED, official, refused};
use crate::support::participant;

#[tokio::test]
async fn attributes_are_merged_by_name() {
    let api = official().await;
    let general = participant("", CALL, 1) + "/attributes";
    let first = api
        .patch(&general, "{\"attributes\":{\"a\":\"1\",\"b\":\"2\"}}")
        .await;
    assert_eq!((first.status, first.body.len()), (202, 0));
    let media = participant("/calls", CALL, 1) + "/attributes";
    let second = api
        .patch(&media, "{\"attributes\":{\"b\":\"3\",\"c\":\"\"}}")
        .await;
    assert_eq!(second.status, 202);
    let now = json!({ "language": "en", "a": "1", "b": "3", "c": "" });
    assert_eq!(second.json(), json!({ "attributes": now }));
    let shown = api
        .get(&format!("/api/v2/conversations/{CALL}"))
        .await
        .json();
    assert_eq!(shown["participants"][0]["attributes"], now);
    let written: Vec<_> = api
        .simulator
        .effects()
        .into_iter()
        .map(|e| json!(e.attributes))
        .collect();
    assert_eq!(
        written,
        [json!({ "a": "1", "b": "2" }), json!({ "b": "3", "c": "" })]
    );
}

#[tokio::test]
async fn null_is_refused_for_the_map_and_for_a_value() {
    let api = official().await;
    let code = "conversation.error.participant.attribute.null".to_owned();
    for family in ["", "/calls"] {
        let path = participant(family, CALL, 1) + "/attributes";
        for (body, field) in [
            ("{}", "attributes"),
            ("{\"attributes\":null}", "attributes"),
            ("{\"attributes\":{\"a\":\"1\",\"n\":null}}", "attributes.n"),
        ] {
            let answer = api.patch(&path, body).await;
            assert_eq!(
                refused(&answer),
                (400, code.clone(), vec![field.to_owned()]),
                "{body}"
            );
            let message = "Cannot update participant attribute map to a null value.";
            assert_eq!(answer.json()["message"], message);
        }
    }
    assert_eq!(api.simulator.effects(), []);
}

#[tokio::test]
async fn values_are_strings_and_nothing_is_beside_the_map() {
    let api = official().await;
    let path = participant("/calls", CALL, 1) + "/attributes";
    for body in [
        "{\"attributes\":{\"a\":1}}",
        "{\"attributes\":{\"a\":true}}",
        "{\"attributes\":{\"wrapup\":{}}}",
        "{\"attributes\":{\"a\":[]}}",
        "{\"attributes\":[]}",
        "{\"attributes\":\"a\"}",
        "{\"a\":\"1\"}",
        "{\"attributes\":{\"a\":\"1\"},\"state\":\"connected\"}",
        "{\"customAttributes\":{\"a\":\"1\"}}",
    ] {
        let answer = api.patch(&path, body).await;
        assert_eq!(
            refused(&answer),
            (400, "bad.request".to_owned(), vec![]),
            "{body}"
        );
        assert_eq!(answer.json()["message"], MALFORMED);
    }
    assert_eq!(api.simulator.effects(), []);
    // No other member counts, but a lone surrogate is a string still.
    let odd = "{\"attributes\":{\"s\":\"\\ud800\"}}";
    assert_eq!(api.patch(&path, odd).await.status, 202);
}

#[tokio::test]
async fn writing_nothing_shows_what_is_there() {
    let api = official().await;
    let path = participant("/messages", MESSAGE, 1) + "/attributes";
    for body in ["", "null", "{\"attributes\":{}}"] {
        let answer = api.patch(&path, body).await;
        assert_eq!(answer.status, 202, "{body:?}");
        assert_eq!(answer.json(), json!({ "attributes": { "language": "en" } }));
    }
    assert_eq!(api.simulator.effects(), []);
}
