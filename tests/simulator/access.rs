//! Who may see what, and how often.

use std::num::NonZeroU32;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use patchwright::simulator::seed::CALL;
use patchwright::simulator::{Data, Options, Simulator};
use tower::ServiceExt;

use crate::support::{Api, participant};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

#[tokio::test]
async fn without_a_bearer_nothing_is_shown_or_done() {
    let api = Api::start().await;
    let path = format!("/api/v2/conversations/{CALL}");
    for headers in [
        &[][..],
        &[("authorization", "Bearer ")],
        &[("authorization", "Bearer")],
        &[("authorization", "Basic eDp5")],
    ] {
        let refused = api.send(Method::GET, &path, headers, "").await.unwrap();
        assert_eq!(refused.error().0, 401, "{headers:?}");
        let path = participant("", CALL, 3);
        let refused = api.send(Method::PATCH, &path, headers, "{}").await.unwrap();
        assert_eq!(refused.error().0, 401, "{headers:?}");
    }
}

#[tokio::test]
async fn a_token_sees_only_what_is_visible_to_it() {
    let data = "{\"conversations\":[{\"id\":\"c\",\"tokens\":[\"ada\",\"simulated.app\"],\"denied\":[\"eve\"],
        \"participants\":[{\"id\":\"p\",\"purpose\":\"agent\",
        \"communications\":[{\"id\":\"x\",\"media\":\"call\",\"state\":\"connected\"}]}]}]}";
    let data = Data::parse(data).unwrap();
    let api = Api::with(Options {
        data,
        ..Options::default()
    })
    .await;
    for (token, seen, written) in [
        ("ada", 200, 202),
        ("simulated.app", 200, 202),
        ("eve", 403, 403),
        ("bob", 404, 404),
    ] {
        let bearer = format!("bearer {token}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
        ];
        let get = api
            .send(Method::GET, "/api/v2/conversations/c", &headers, "")
            .await;
        assert_eq!(get.unwrap().status, seen, "{token}");
        let path = "/api/v2/conversations/c/participants/p";
        let written_to = api
            .send(Method::PATCH, path, &headers, "{\"state\":\"connected\"}")
            .await;
        assert_eq!(written_to.unwrap().status, written, "{token}");
    }
    let seed = format!("/api/v2/conversations/{CALL}");
    assert_eq!(api.get(&seed).await.status, 404);
}

#[tokio::test]
async fn a_client_gets_the_same_token_by_header_and_by_form() {
    let api = Api::start().await;
    let basic = [FORM, ("authorization", "Basic YXBwOnNlY3JldA==")];
    let form = "grant_type=client_credentials&client_id=app&client_secret=s%26t";
    for (path, headers, body) in [
        ("/oauth/token", &basic[..], "grant_type=client_credentials"),
        (
            "/login/oauth/token",
            &basic[..],
            "grant_type=client_credentials",
        ),
        ("/oauth/token", &[FORM], form),
    ] {
        let granted = api.send(Method::POST, path, headers, body).await.unwrap();
        assert_eq!(granted.status, 200, "{body}");
        assert_eq!(granted.json()["access_token"], "simulated.app");
        assert_eq!(granted.json()["token_type"], "bearer");
        assert!(granted.json()["expires_in"].is_u64());
    }
    let no_secret = [FORM, ("authorization", "Basic YXBwOg==")];
    for (headers, body, error) in [
        (&basic[..], "grant_type=password", "unsupported_grant_type"),
        (
            &no_secret,
            "grant_type=client_credentials",
            "invalid_client",
        ),
        (&[FORM], "grant_type=client_credentials", "invalid_client"),
        (
            &[FORM],
            "grant_type=client_credentials&client_id=app",
            "invalid_client",
        ),
    ] {
        let refused = api
            .send(Method::POST, "/oauth/token", headers, body)
            .await
            .unwrap();
        assert_eq!(refused.json()["error"], error, "{body}");
    }
}

async fn get(simulator: &Simulator, token: &str) -> Response<Full<Bytes>> {
    let request = Request::get(format!("/api/v2/conversations/{CALL}"))
        .header("authorization", format!("Bearer {token}"))
        .body(Empty::<Bytes>::new());
    simulator.clone().oneshot(request.unwrap()).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn above_the_rate_limit_a_token_is_told_when_to_come_back() {
    let rate_limit = NonZeroU32::new(2);
    let simulator = Simulator::new(Options {
        rate_limit,
        ..Options::default()
    });
    for count in ["1", "2"] {
        let answer = get(&simulator, "a").await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["inin-ratelimit-count"], count);
        assert_eq!(answer.headers()["inin-ratelimit-allowed"], "2");
        assert_eq!(answer.headers()["inin-ratelimit-reset"], "60");
    }
    tokio::time::advance(Duration::from_millis(500)).await;
    let refused = get(&simulator, "a").await;
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["retry-after"], "60");
    assert_eq!(refused.headers()["inin-ratelimit-count"], "3");
    let body = refused.into_body().collect().await.unwrap().to_bytes();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["code"], "too.many.requests.retry.after");
    let message = "Rate limit exceeded the maximum. Retry the request in [60] seconds";
    assert_eq!(body["message"], message);
    assert_eq!(get(&simulator, "b").await.status(), 200);
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(get(&simulator, "a").await.status(), 200);
}

#[tokio::test]
async fn without_a_limit_none_is_announced() {
    let answer = get(&Simulator::new(Options::default()), "a").await;
    assert!(!answer.headers().contains_key("inin-ratelimit-allowed"));
}
