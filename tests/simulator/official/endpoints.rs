//! Which paths there are.

use http::Method;
use patchwright::rule::pack::Pack;
use patchwright::simulator::seed::{CALL, CHAT, MESSAGE};
use patchwright::simulator::{Data, Media, Options};
use serde_json::json;

use super::support::{mixed, official, send, send_as};
use crate::support::{Api, participant};

#[tokio::test]
async fn paths_that_only_forums_know_are_not_found() {
    let api = official().await;
    for path in [
        participant("/web/instances", MESSAGE, 3),
        participant("/web/instances", MESSAGE, 3).replacen("/api/v2", "", 1),
        participant("/voice", CALL, 3),
        participant("/chats", CHAT, 3) + "/attributes",
        participant("/chats", CHAT, 3) + "/communications/x",
        participant("", CALL, 3) + "/disconnect",
        participant("", CALL, 3) + "/",
        participant("", CALL, 3) + "/parkingstate",
        participant("/emails", CALL, 3) + "/consult",
        participant("/videos", CALL, 3),
        format!("/api/v2/conversations/{CALL}/attributes"),
        "/api/v2/conversations/participants/p".to_owned(),
        "/api/v2/conversations//participants/p".to_owned(),
        "/api/v2/interactions/c/participants/p".to_owned(),
        format!("/conversations/{CALL}/participants/p"),
    ] {
        for method in [Method::PATCH, Method::PUT, Method::GET] {
            // Also without a bearer: what is not there is not guarded.
            let answer = api.send(method, &path, &[], "{}").await.unwrap();
            assert_eq!(answer.error().0, 404, "{path}");
            assert!(!answer.headers.contains_key("allow"), "{path}");
        }
    }
}

#[tokio::test]
async fn conversations_are_shown_as_the_strict_upstream_shows_them() {
    let (official, strict) = (official().await, Api::start().await);
    for path in [
        CALL.to_owned(),
        format!("calls/{CALL}"),
        format!("chats/{CHAT}"),
    ] {
        let path = format!("/api/v2/conversations/{path}");
        let shown = official.get(&path).await;
        assert_eq!(shown.status, 200, "{path}");
        assert_eq!(shown.json(), strict.get(&path).await.json(), "{path}");
    }
    let other_media = format!("/api/v2/conversations/emails/{CALL}");
    assert_eq!(official.get(&other_media).await.error().0, 404);
}

#[tokio::test]
async fn who_may_not_see_may_not_write_and_is_told_so_first() {
    let data = "{\"conversations\":[{\"id\":\"c\",\"tokens\":[\"ada\"],\"denied\":[\"eve\"],
        \"participants\":[{\"id\":\"p\",\"purpose\":\"agent\",
        \"communications\":[{\"id\":\"x\",\"media\":\"call\",\"state\":\"connected\"}]}]}]}";
    let api = Api::with(Options {
        rules: Pack::Official,
        data: Data::parse(data).unwrap(),
        ..Options::default()
    })
    .await;
    for (token, status) in [("ada", 400), ("eve", 403), ("bob", 404)] {
        for path in ["c/participants/p", "calls/c/participants/p/attributes"] {
            let (bearer, path) = (
                format!("Bearer {token}"),
                format!("/api/v2/conversations/{path}"),
            );
            let answer = send_as(&api, &bearer, Method::PATCH, &path, "{\"x\":1}").await;
            assert_eq!(answer.error().0, status, "{token} {path}");
        }
    }
}

#[tokio::test]
async fn who_has_none_of_the_media_is_not_below_its_path() {
    let api = official().await;
    let mut conversation = mixed();
    conversation.participants[1]
        .communications
        .retain(|one| one.media != Media::Call);
    api.simulator.insert(conversation);
    for (path, status) in [
        ("calls/mixed/participants/p1", 202),
        ("calls/mixed/participants/p2", 404),
        ("emails/mixed/participants/p2", 202),
        ("mixed/participants/p2", 202),
    ] {
        let path = format!("/api/v2/conversations/{path}/attributes");
        let answer = api.patch(&path, "{\"attributes\":{}}").await;
        assert_eq!(answer.status, status, "{path}");
    }
}

#[tokio::test]
async fn effects_are_shown_at_their_short_address() {
    let api = official().await;
    api.patch(&participant("/calls", CALL, 3), "{\"muted\":true}")
        .await;
    api.patch(
        &(participant("", CALL, 1) + "/attributes"),
        "{\"attributes\":{\"k\":\"v\"}}",
    )
    .await;
    let shown = api.get("/__effects").await.json();
    assert_eq!(shown["total"], 2);
    assert_eq!(shown["effects"][0]["set"], json!({ "muted": true }));
    assert_eq!(shown["effects"][1]["attributes"], json!({ "k": "v" }));
    assert!(shown["effects"][1].get("set").is_none());
    let later = api.get("/__effects?after=1").await.json();
    assert_eq!(later["effects"], json!([shown["effects"][1]]));
    assert_eq!(
        send(&api, Method::DELETE, "/__effects", "").await.status,
        204
    );
    assert_eq!(
        api.get("/__effects").await.json(),
        json!({ "total": 0, "effects": [] })
    );
}
