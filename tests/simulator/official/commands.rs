//! The other members of a participant PATCH.

use http::Method;
use patchwright::simulator::seed::{
    CALL, CALLBACK, EMAIL, MESSAGE, WRAPUP_CODES, participant as id,
};
use serde_json::json;

use super::support::{JSON, communication, official, refused};
use crate::support::{BEARER, participant};

#[tokio::test]
async fn switches_are_switched_and_shown() {
    let api = official().await;
    let path = participant("/calls", CALL, 3);
    let body = "{\"muted\":true,\"held\":true,\"recording\":true,\"wrapupSkipped\":true,\
                \"resumeTime\":\"2026-01-05T10:00:00Z\"}";
    assert_eq!(api.patch(&path, body).await.status, 202);
    let effect = &api.simulator.effects()[0];
    let sent: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(json!(effect.set), sent);
    assert_eq!(effect.state, None);
    let shown = api
        .get(&format!("/api/v2/conversations/calls/{CALL}"))
        .await
        .json();
    for name in ["muted", "held", "recording"] {
        assert_eq!(shown["participants"][2][name], true, "{name}");
        assert_eq!(shown["participants"][0][name], false, "{name}");
    }
}

#[tokio::test]
async fn null_is_absent_and_nothing_is_no_effect() {
    let api = official().await;
    for body in [
        "{}",
        "{\"state\":null,\"wrapup\":null,\"confined\":null}",
        "{\"muted\":true,\"muted\":null}",
    ] {
        for path in [participant("", CALL, 3), participant("/calls", CALL, 2)] {
            let answer = api.patch(&path, body).await;
            assert_eq!((answer.status, answer.body.len()), (202, 0), "{body}");
        }
    }
    assert_eq!(api.simulator.effects(), []);
}

#[tokio::test]
async fn wrong_types_are_malformed() {
    let api = official().await;
    for body in [
        "{\"state\":1}",
        "{\"muted\":\"true\"}",
        "{\"held\":0}",
        "{\"resumeTime\":5}",
        "{\"wrapup\":\"code\"}",
        "{\"wrapup\":{\"code\":5}}",
        "{\"wrapup\":{\"tags\":\"a\"}}",
        "{\"wrapup\":{\"durationSeconds\":1.5}}",
        "{\"wrapup\":{\"wrapupCode\":\"x\"}}",
        "{\"attributes\":{}}",
        "{\"customAttributes\":{\"crmId\":\"123\"}}",
        "{\"routing\":{\"queue\":{\"id\":\"q\"}}}",
        "{\"muted\":1,\"state\":\"nonsense\"}",
    ] {
        let expected = (400, "bad.request".to_owned(), vec![]);
        assert_eq!(
            refused(&api.patch(&participant("", CALL, 3), body).await),
            expected,
            "{body}"
        );
    }
    assert_eq!(api.simulator.effects(), []);
}

#[tokio::test]
async fn a_wrapup_needs_a_code_that_there_is() {
    let api = official().await;
    let path = participant("/calls", CALL, 3);
    for wrapup in [
        "{}",
        "{\"notes\":\"n\"}",
        "{\"provisional\":false}",
        "{\"code\":null}",
    ] {
        let answer = api.patch(&path, format!("{{\"wrapup\":{wrapup}}}")).await;
        let expected = (
            400,
            "conversation.error.wrapup.code.required".to_owned(),
            vec![],
        );
        assert_eq!(refused(&answer), expected, "{wrapup}");
    }
    let unknown = api
        .patch(
            &path,
            "{\"wrapup\":{\"code\":\"nope\",\"provisional\":true}}",
        )
        .await;
    assert_eq!(
        unknown.error(),
        (400, "Invalid wrap-up code id.".to_owned())
    );
    assert_eq!(api.simulator.effects(), []);
    let full = json!({
        "code": WRAPUP_CODES[1], "name": "n", "notes": "o", "tags": ["t"], "durationSeconds": 5,
        "endTime": "2026-01-05T10:00:00Z", "provisional": false, "disableEndTimeUpdates": true,
    });
    for wrapup in [full, json!({ "provisional": true })] {
        let body = json!({ "wrapup": wrapup }).to_string();
        assert_eq!(api.patch(&path, body).await.status, 202, "{wrapup}");
        assert_eq!(
            api.simulator.effects().last().unwrap().set["wrapup"],
            wrapup
        );
    }
}

#[tokio::test]
async fn what_cannot_be_done_now_says_so() {
    let api = official().await;
    let confined = api
        .patch(&participant("/calls", CALL, 3), "{\"confined\":false}")
        .await;
    let code = "conversation.error.cannot.confine.party".to_owned();
    assert_eq!(refused(&confined), (400, code, vec!["confined".to_owned()]));
    for family in ["", "/callbacks"] {
        let path = participant(family, CALLBACK, 3);
        for body in ["{\"held\":true}", "{\"state\":\"connected\",\"held\":true}"] {
            let code = "conversation.error.hold.alerting".to_owned();
            assert_eq!(
                refused(&api.patch(&path, body).await),
                (400, code, vec![]),
                "{body}"
            );
        }
    }
    let muted = api
        .patch(&participant("", CALLBACK, 3), "{\"muted\":true}")
        .await;
    assert_eq!(muted.status, 202);
    assert_eq!(api.simulator.effects_total(), 1);
}

#[tokio::test]
async fn endpoints_of_one_command_want_their_words() {
    let api = official().await;
    let call = communication("/calls", CALL, 3);
    let consult = participant("/calls", CALL, 3) + "/consult";
    let park = participant("/messages", MESSAGE, 3) + "/parkingstate";
    let after = communication("/aftercallwork", CALL, 3);
    let ended = communication("/aftercallwork", CALL, 2);
    for (path, body, code) in [
        (&consult, "{\"speakTo\":\"both\"}", "invalid.value"),
        (&consult, "{\"consultingUserId\":\"u\"}", "bad.request"),
        (&park, "{\"state\":\"alerting\"}", "bad.request"),
        (&park, "{\"state\":\"PARKED\"}", "invalid.value"),
        (
            &park,
            "{\"resumeTime\":\"2026-01-05T10:00:00Z\"}",
            "bad.request",
        ),
        (&after, "{}", "bad.request"),
        (
            &after,
            "{\"afterCallWorkRequired\":\"true\"}",
            "bad.request",
        ),
        (
            &ended,
            "{\"afterCallWorkRequired\":true}",
            "conversation.error.participant.no.active.conversations",
        ),
        (
            &(call + "/postflowaction"),
            "{\"destination\":\" \"}",
            "bad.request",
        ),
    ] {
        let (status, found, _) = refused(&api.patch(path, body).await);
        assert_eq!((status, found.as_str()), (400, code), "{path} {body}");
    }
    assert_eq!(api.simulator.effects(), []);
}

#[tokio::test]
async fn what_is_parked_comes_back() {
    let api = official().await;
    let path = participant("/emails", EMAIL, 3) + "/parkingstate";
    // Parked twice is parked once.
    for state in ["connected", "parked", "parked", "connected"] {
        let answer = api.patch(&path, format!("{{\"state\":\"{state}\"}}")).await;
        assert_eq!((answer.status, answer.body.len()), (204, 0), "{state}");
    }
    // No more than the two that changed something.
    assert_eq!(api.simulator.effects_total(), 2);
    let effects = api.simulator.effects();
    let states: Vec<_> = effects
        .into_iter()
        .filter_map(|effect| effect.state)
        .collect();
    let step = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    assert_eq!(
        states,
        [step("connected", "parked"), step("parked", "connected")]
    );
    assert!(api.simulator.set_state(EMAIL, &id(EMAIL, 3), "alerting"));
    assert_eq!(
        api.patch(&path, "{\"state\":\"parked\"}").await.error().0,
        400
    );
}

#[tokio::test]
async fn a_body_that_is_left_out_needs_no_content_type() {
    let api = official().await;
    let bearer = ("authorization", BEARER);
    let path = participant("/messages", MESSAGE, 3);
    let empty = api.send(Method::PATCH, &path, &[bearer], "").await.unwrap();
    assert_eq!(empty.status, 202);
    let null = api
        .send(Method::PATCH, &path, &[bearer], "null")
        .await
        .unwrap();
    assert_eq!(null.error().0, 415);
    let null = api
        .send(Method::PATCH, &path, &[bearer, JSON], "null")
        .await;
    assert_eq!(null.unwrap().status, 202);
    assert_eq!(api.simulator.effects(), []);
}
