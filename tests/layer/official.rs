//! The rules for the published API, with an upstream that answers as it is told.

use http::Request;
use http_body_util::Full;
use patchwright::layer::options::Options;
use patchwright::rule::Rules;

use crate::fake::{Fake, P, Proxy};

const ACCEPTED: &str = r#"{"accepted":true}"#;

fn official(fake: &Fake) -> Proxy {
    Proxy::with(fake, Rules::official(), Options::default())
}

fn naming(field: &str) -> String {
    format!(r#"{{"status":400,"message":"no","details":[{{"fieldName":"{field}"}}]}}"#)
}

#[tokio::test]
async fn what_was_sent_is_what_a_rejection_is_about() {
    let a = format!("{P}/attributes");
    for (path, body, field, last) in [
        (
            P,
            r#"{"body":{"state":"DISCONNECTED"}}"#,
            "state",
            r#"{"state":"disconnected"}"#,
        ),
        (
            a.as_str(),
            r#"{"customAttributes":{"a":"1","b":null}}"#,
            "attributes.b",
            r#"{"attributes":{"a":"1"}}"#,
        ),
        (
            P,
            r#"{"attributes":{"a":"1","b":null}}"#,
            "attributes.b",
            r#"{"attributes":{"a":"1"}}"#,
        ),
    ] {
        let fake = Fake::new("connected");
        fake.answers(400, &naming(field));
        let answer = official(&fake).patch(path, body).await;
        assert_eq!(answer.status, 202, "{body}: {}", answer.report);
        assert_eq!(fake.bodies().last().map(String::as_str), Some(last));
        assert_eq!(fake.writes().len(), 2, "{body}");
    }
}

#[tokio::test]
async fn of_several_nulls_only_the_one_that_was_named_goes_and_this_time_only() {
    let fake = Fake::new("connected");
    let proxy = official(&fake);
    fake.answers(400, &naming("muted"));
    let answer = proxy
        .patch(P, r#"{"muted":null,"held":true,"resumeTime":null}"#)
        .await;
    assert!(answer.says(r#"dropped=("/muted")"#), "{}", answer.report);
    let valid = r#"{"muted":null,"state":"connected"}"#;
    assert!(proxy.patch(P, valid).await.says("outcome=complete"));
    assert_eq!(
        fake.bodies()[1..],
        [r#"{"held":true,"resumeTime":null}"#, valid]
    );
}

#[tokio::test]
async fn what_is_demanded_is_remembered_when_it_helped() {
    for (second, remembered) in [(503, false), (404, false), (202, true)] {
        let fake = Fake::new("connected");
        let proxy = official(&fake);
        fake.answers(400, &naming("state"));
        fake.answers(second, ACCEPTED);
        let body = r#"{"state":"DISCONNECTED"}"#;
        assert_eq!(proxy.patch(P, body).await.status, second);
        proxy.patch(P, body).await;
        let third = fake.bodies().swap_remove(2);
        assert_eq!(third.contains("DISCONNECTED"), !remembered, "{second}");
    }
}

/// The value of an attribute may be what another member is rejected for.
#[tokio::test]
async fn the_part_that_was_refused_is_not_sent_again_as_it_was() {
    let fake = Fake::new("connected");
    fake.answers(
        400,
        r#"{"status":400,"message":"Value of 'state' is too long"}"#,
    );
    let body = r#"{"attributes":{"state":"CA"},"state":"DISCONNECTED"}"#;
    let answer = official(&fake).patch(P, body).await;
    assert_eq!(answer.status, 400);
    assert_eq!(fake.bodies(), [r#"{"attributes":{"state":"CA"}}"#]);
}

#[tokio::test]
async fn a_request_that_is_taken_is_not_said_to_be_wrong() {
    let path = "/api/v2/conversations/messages/c1/participants/p1";
    for body in ["", "null"] {
        let fake = Fake::new("connected");
        let taken = official(&fake).patch(path, body).await;
        assert!(taken.says("outcome=complete"), "{body:?}: {}", taken.report);
        fake.answers(400, r#"{"status":400,"message":"malformed"}"#);
        let refused = official(&fake).patch(path, body).await;
        let reason = if body.is_empty() {
            "not_json"
        } else {
            "not_object"
        };
        assert!(
            refused.says(&format!("reason={reason}")),
            "{}",
            refused.report
        );
        assert_eq!(refused.says(r#"hint="the body is empty""#), body.is_empty());
    }
}

#[tokio::test]
async fn a_wrong_path_is_told_whatever_the_body_is() {
    let c = "/api/v2/conversations";
    for (path, reason) in [
        (format!("{c}/c1/participants/p1/remove"), "no_such_resource"),
        (format!("{c}/phone/participants/p1"), "conversation_missing"),
        (format!("{c}/c1/attributes"), "participant_missing"),
        (format!("{c}/c1"), "participant_missing"),
    ] {
        for body in ["", "[]", "{"] {
            let fake = Fake::new("connected");
            fake.answers(404, r#"{"status":404,"message":"not found"}"#);
            let answer = official(&fake).patch(&path, body).await;
            let reason = format!("reason={reason}");
            assert!(answer.says(&reason), "{path} {body:?}: {}", answer.report);
        }
    }
}

/// A participant that is not there says nothing of the body.
#[tokio::test]
async fn a_refusal_of_the_path_or_the_size_is_not_explained_by_the_body() {
    for status in [404, 413] {
        let fake = Fake::new("connected");
        fake.answers(status, r#"{"message":"no"}"#);
        let answer = official(&fake).patch(P, r#"{"attributes":{"a":[]}}"#).await;
        assert!(!answer.says("reason="), "{status}: {}", answer.report);
    }
    let fake = Fake::new("connected");
    fake.answers(404, r#"{"message":"no"}"#);
    let path = "/api/v2/conversations/voice/c1/participants/p1";
    let answer = official(&fake)
        .patch(path, r#"{"attributes":{"a":[]}}"#)
        .await;
    assert!(answer.says("reason=nested_value"), "{}", answer.report);
}

#[tokio::test]
async fn what_was_left_out_is_told_or_counted() {
    let nulls: Vec<_> = (0..100).map(|n| format!(r#""n{n}":null"#)).collect();
    let body = format!(r#"{{"attributes":{{"a":"1"}},{}}}"#, nulls.join(","));
    let fake = Fake::new("connected");
    let answer = official(&fake).patch(P, &body).await;
    assert!(
        answer.report.contains(r#""/n63" "+36")"#),
        "{}",
        answer.report
    );
}

#[tokio::test]
async fn two_marks_are_no_mark() {
    let fake = Fake::new("connected");
    let mut body = b"\xef\xbb\xbf\xef\xbb\xbf".to_vec();
    body.extend_from_slice(br#"{"attributes":{"a":"1"}}"#);
    for rules in [Rules::official(), Rules::strict()] {
        let request = Request::patch(P).header("authorization", "Bearer t");
        let request = request.body(Full::from(body.clone())).unwrap();
        let proxy = Proxy::with(&fake, rules, Options::default());
        proxy.send(request).await;
        assert_eq!(fake.all().pop().unwrap().bytes, body);
    }
}

#[tokio::test]
async fn what_would_wait_is_observed_too() {
    let options = Options {
        mode: patchwright::layer::options::Mode::Observe,
        ..Options::default()
    };
    let path = "/api/v2/conversations/calls/c1/participants/p1/attributes";
    let fake = Fake::new("connected");
    fake.answers(404, r#"{"message":"not found"}"#);
    let proxy = Proxy::with(&fake, Rules::official(), options);
    let answer = proxy.patch(path, r#"{"attributes":{"a":"1"}}"#).await;
    assert!(answer.says("outcome=observed"), "{}", answer.report);
    assert!(answer.says("repairs=(path)"), "{}", answer.report);
    assert_eq!(fake.writes().len(), 1);
}

#[tokio::test]
async fn a_queue_that_is_another_is_not_left_out() {
    let queue = |id: &str| format!(r#"{{"participants":[{{"id":"p1","queueId":"{id}"}}]}}"#);
    let body = r#"{"attributes":{"a":"1","b":null},"routing":{"queue":{"id":"q"}}}"#;
    for (before, after, sent) in [
        (
            "q",
            "q",
            vec![
                r#"{"attributes":{"a":"1","b":null}}"#,
                r#"{"attributes":{"a":"1"}}"#,
            ],
        ),
        // It was the participant's own until the first try.
        ("q", "other", vec![r#"{"attributes":{"a":"1","b":null}}"#]),
        ("other", "other", vec![body]),
    ] {
        let fake = Fake::new("connected");
        fake.conversation(&queue(before));
        fake.changes_with_a_write(&queue(after));
        fake.answers(400, &naming("attributes.b"));
        let request = Request::patch(P)
            .header("authorization", "Bearer t")
            .header("content-type", "application/json")
            .header("cache-control", "no-cache");
        let request = request.body(Full::from(body)).unwrap();
        official(&fake).send(request).await;
        assert_eq!(fake.bodies(), sent, "{before} {after}");
    }
}
