//! Callers that the proxy knows, and what they are given.

use http::Method;
use patchwright::simulator::{Data, Options};

use crate::support::{Answer, World};

const PARTICIPANT: &str = "/api/v2/conversations/c1/participants/p1";
const BODY: &str = r#"{"attributes":{"note":"test"}}"#;

/// Only who logs in as `id-a` sees it.
const DATA: &str = r#"{"conversations":[{"id":"c1","tokens":["simulated.id-a"],"participants":[
    {"id":"p1","purpose":"agent","queue":{"id":"queue-of-a"},
     "communications":[{"id":"l1","media":"call","state":"connected"}]}]}]}"#;

/// `a` and `b`, by the keys `key-a` and `key-b`, each with a credential of its own.
fn clients() -> String {
    let client = |name: &str, digest: &str| {
        format!(
            "[[client]]\nname = '{name}'\napi_keys = ['{digest}']\ncredential = '{name}'\n\
             [[credential]]\nname = '{name}'\nclient_id = 'id-{name}'\nclient_secret = 's'\nupstream = 'api'\n"
        )
    };
    client("a", KEY_A) + &client("b", KEY_B)
}

const KEY_A: &str = "f10f781241e2246678b6b45c857069208152a53863e47fac33f607ab405006f4";
const KEY_B: &str = "a30534a53b23547377ddccbd1ac85a8a84c13db43493c16e55a6abc7b0eba634";

async fn world() -> World {
    let options = Options {
        data: Data::parse(DATA).unwrap(),
        ..Options::default()
    };
    World::of(&clients(), options).await
}

async fn patch(world: &World, key: &str) -> Answer {
    let request = world.proxied.request(Method::PATCH, PARTICIPANT);
    let request = request.header("content-type", "application/json");
    request
        .header("x-patchwright-key", key)
        .body(BODY)
        .send()
        .await
}

#[tokio::test]
async fn a_client_without_a_token_is_repaired_with_the_one_that_it_is_given() {
    let world = world().await;
    let first = patch(&world, "key-a").await;
    assert_eq!(first.status, 202, "{}", first.text());
    assert!(first.says("outcome=repaired"), "{}", first.report());
    let second = patch(&world, "key-a").await;
    assert!(second.says("snapshot=hit"), "{}", second.report());
    // One login, one lookup, and both with the same token.
    assert_eq!(world.saw(&Method::POST), 1);
    assert_eq!(world.saw(&Method::GET), 1);
    let requests = world.simulator.requests();
    let tokens: Vec<_> = requests
        .iter()
        .filter_map(|one| one.token.as_ref())
        .collect();
    assert_eq!(tokens.len(), 3);
    assert!(tokens.iter().all(|token| *token == tokens[0]));
    for request in &requests {
        assert!(!request.headers.contains_key("x-patchwright-key"));
    }
    let metrics = world.metrics().await;
    for line in [
        r#"patchwright_client_requests_total{client="a",result="admitted"} 2"#,
        r#"patchwright_credential_fetches_total{credential="a",result="ok"} 1"#,
        r#"patchwright_credential_fetches_total{credential="b",result="ok"} 0"#,
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
}

#[tokio::test]
async fn what_was_looked_up_for_one_credential_is_not_known_to_another() {
    let world = world().await;
    assert_eq!(patch(&world, "key-a").await.status, 202);
    let other = patch(&world, "key-b").await;
    assert_eq!(other.status, 404);
    assert!(
        other.says("reason=participant_unknown"),
        "{}",
        other.report()
    );
    let shown = format!("{:?} {}", other.headers, other.text());
    assert!(!shown.contains("queue-of-a"), "{shown}");
}

#[tokio::test]
async fn a_stranger_is_refused_in_the_apis_own_format() {
    let world = world().await;
    let answer = patch(&world, "key-c").await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.code(), "patchwright.client.unknown");
    assert!(world.simulator.requests().is_empty());
}
