//! Which upstream a request leads to, and what the API's SDKs send to a gateway.

use http::{Method, Request};
use http_body_util::Full;
use patchwright::simulator::seed::CALL;

use super::bursts::http2;
use crate::support::{Peer, World, agent, within};

const BODY: &str = r#"{"attributes":{"note":"test"}}"#;

/// SDKs with `path_params_api` and `path_params_login`: the API and its login are hosts of their own.
const GATEWAY: &str = r#"
[[upstream]]
name = "api"
url = "http://UPSTREAM"
prefix = "/genesys/api-host"
strip_prefix = true
[[upstream]]
name = "login"
url = "http://UPSTREAM/login"
prefix = "/genesys/login-host"
strip_prefix = true
"#;

#[tokio::test]
async fn what_an_sdk_sends_to_its_gateway_arrives_without_the_prefix() {
    let world = World::with(GATEWAY).await;
    let granted = world
        .proxied
        .request(Method::POST, "/genesys/login-host/oauth/token")
        .header("authorization", "Basic YXBwOnNlY3JldA==")
        .header("content-type", "application/x-www-form-urlencoded")
        .body("grant_type=client_credentials")
        .send()
        .await;
    assert_eq!(granted.status, 200);
    let token = granted.json()["access_token"].as_str().unwrap().to_owned();

    let path = agent("/calls", CALL);
    let target = format!("/genesys/api-host{path}?x=%2F&y");
    let patched = world.proxied.patch(&target, &token, BODY).send().await;
    assert_eq!(patched.status, 202);
    assert!(patched.says("outcome=repaired"), "{}", patched.report());
    let targets: Vec<_> = world
        .simulator
        .requests()
        .into_iter()
        .map(|one| one.target)
        .collect();
    let conversation = format!("/api/v2/conversations/calls/{CALL}");
    assert_eq!(
        targets,
        [
            "/login/oauth/token",
            &conversation,
            &format!("{path}?x=%2F&y")
        ]
    );
    let hosts = world.simulator.requests();
    let own = world.upstream.to_string();
    assert!(hosts.iter().all(|one| one.headers["host"] == own.as_str()));
}

#[tokio::test]
async fn a_path_that_leads_nowhere_is_told_what_would() {
    let world = World::with(GATEWAY).await;
    for path in [
        "/",
        "/genesys",
        "/genesys/api-hostile/x",
        "/Genesys/api-host/x",
    ] {
        let answer = world.proxied.patch(path, "t", BODY).send().await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (404, "patchwright.route.unknown")
        );
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(message.contains("/genesys/api-host"), "{message}");
        assert_eq!(answer.report(), "");
    }
    assert_eq!(world.simulator.requests().len(), 0);
}

#[tokio::test]
async fn without_stripping_the_upstream_sees_the_whole_path_and_the_longest_prefix_wins() {
    let toml = r#"
[[upstream]]
name = "all"
url = "http://UPSTREAM"
[[upstream]]
name = "nobody"
url = "http://127.0.0.1:9"
prefix = "/api/v2/conversations/chats"
"#;
    let world = World::with(toml).await;
    let answer = world
        .proxied
        .patch(&agent("", CALL), "t", BODY)
        .send()
        .await;
    assert_eq!(answer.status, 202);
    let chats = world
        .proxied
        .get("/api/v2/conversations/chats/c1", "t")
        .await;
    assert_eq!(chats.code(), "patchwright.upstream.unreachable");
    let metrics = world.metrics().await;
    let counted = r#"patchwright_upstream_answers_total{upstream="nobody",status="none"} 1"#;
    assert!(metrics.contains(counted), "{metrics}");
}

/// Two regions, one of which has a prefix for everything.
const REGIONS: &str = r#"
[[upstream]]
name = "dublin"
url = "http://UPSTREAM/dublin"
[[upstream]]
name = "tokyo"
host = ["Tokyo.example", "[::1]"]
url = "http://UPSTREAM/tokyo"
prefix = "/api"
"#;

#[tokio::test]
async fn the_host_chooses_the_region_however_it_is_said() {
    let world = World::with(REGIONS).await;
    let path = "/api/v2/users/me";
    for (target, host, region) in [
        (path, "tokyo.example", "/tokyo"),
        (path, "TOKYO.example.:8080", "/tokyo"),
        (path, "[::1]:8080", "/tokyo"),
        (path, "other.example", "/dublin"),
        // RFC 9112 section 3.2.2: an absolute target says it in the place of `Host`.
        (
            "http://tokyo.example/api/v2/users/me",
            "other.example",
            "/tokyo",
        ),
        (
            "http://other.example/api/v2/users/me",
            "tokyo.example",
            "/dublin",
        ),
    ] {
        let mut caller = Peer::connect(world.proxy.address).await;
        let head = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        caller.send(head).await;
        caller.message().await;
        let last = world.simulator.requests().pop().unwrap();
        assert_eq!(last.target, format!("{region}{path}"), "{target} {host}");
    }
    let mut caller = http2(&world).await;
    for (host, region) in [("tokyo.example:80", "/tokyo"), ("other.example", "/dublin")] {
        let request = Request::get(format!("http://{host}{path}"));
        let answer = caller.send_request(request.body(Full::default()).unwrap());
        within("an answer", answer).await.unwrap();
        let last = world.simulator.requests().pop().unwrap();
        assert_eq!(last.target, format!("{region}{path}"), "HTTP/2, {host}");
    }
}

#[tokio::test]
async fn what_one_region_has_no_path_for_reaches_no_other() {
    let world = World::with(REGIONS).await;
    let mut caller = Peer::connect(world.proxy.address).await;
    caller
        .send("GET /oauth/token HTTP/1.1\r\nHost: tokyo.example\r\n\r\n")
        .await;
    let (head, body) = caller.message().await;
    assert_eq!(head.status(), 404);
    assert!(body.contains("known prefixes: /api\""), "{body}");
    assert_eq!(world.simulator.requests().len(), 0);
}
