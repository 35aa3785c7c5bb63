//! The two requests that people ask about.

use http::Method;
use patchwright::simulator::seed::{CALL, MESSAGE, SUPPORT_QUEUE};
use serde_json::json;

use crate::support::{World, agent};

#[tokio::test]
async fn custom_attributes_on_a_participant_are_refused_straight_and_accepted_through_the_proxy() {
    let world = World::start().await;
    let (path, body) = (agent("", CALL), r#"{"customAttributes":{"note":"test"}}"#);

    let straight = world.straight.patch(&path, "t", body).send().await;
    assert_eq!(
        (straight.status, straight.code().as_str()),
        (400, "bad.request")
    );
    let refusal = straight.json();
    let message = "customAttributes is not a valid field for this endpoint";
    assert_eq!(refusal["message"], message);
    // A fuller structure is expected, and this is what is missing of it.
    let details = refusal["details"].as_array().unwrap();
    let missing = details
        .iter()
        .filter(|detail| detail["errorCode"] == "missing");
    let missing: Vec<_> = missing.map(|detail| &detail["fieldName"]).collect();
    assert_eq!(missing, ["state", "routing"]);

    let proxied = world.proxied.patch(&path, "t", body).send().await;
    assert_eq!((proxied.status, proxied.body.len()), (202, 0));
    let age = age(proxied.report());
    let report = format!(
        "rule=\"participant\", outcome=repaired, repairs=(fill), \
         filled=(\"/state\" \"/routing/queue/id\"), snapshot=miss, age={age}"
    );
    assert_eq!(proxied.report(), report);
    let sent = &world.patches()[1];
    let expected = format!(
        r#"{{"state":"connected","routing":{{"queue":{{"id":"{SUPPORT_QUEUE}"}}}},"customAttributes":{{"note":"test"}}}}"#
    );
    assert_eq!(
        (sent.target.as_str(), sent.body.as_ref()),
        (path.as_str(), expected.as_bytes())
    );
    assert_eq!(
        sent.token,
        world.patches()[0].token,
        "the caller's own token"
    );
    assert!(!sent.headers.contains_key("patchwright"));
    assert_eq!(world.saw(&Method::GET), 1);

    let effect = &world.simulator.effects()[0];
    assert_eq!(effect.state, None, "a fill gives no order");
    assert_eq!(effect.attributes["note"], json!("test"));
}

#[tokio::test]
async fn attributes_on_a_web_instance_are_refused_straight_and_accepted_through_the_proxy() {
    for prefix in ["/api/v2", ""] {
        let world = World::start().await;
        let path = agent("/web/instances", MESSAGE).replacen("/api/v2", prefix, 1);
        let body = r#"{"attributes":{"note":"test"}}"#;

        let straight = world.straight.patch(&path, "t", body).send().await;
        assert_eq!(straight.status, 400);
        let message = "Invalid request body. Missing required property: 'state'.";
        assert_eq!(straight.json()["message"], message);

        let proxied = world.proxied.patch(&path, "t", body).send().await;
        assert_eq!(proxied.status, 202);
        let (rule, age) = (
            if prefix.is_empty() {
                "web-instance-bare"
            } else {
                "web-instance"
            },
            age(proxied.report()),
        );
        let report = format!(
            "rule=\"{rule}\", outcome=repaired, repairs=(fill), filled=(\"/state\"), \
             snapshot=miss, age={age}"
        );
        assert_eq!(proxied.report(), report);
        let expected = r#"{"state":"connected","attributes":{"note":"test"}}"#;
        assert_eq!(world.patches()[1].body, expected);
        assert_eq!(
            world.simulator.effects()[0].attributes["note"],
            json!("test")
        );
    }
}

#[tokio::test]
async fn what_curl_sends_by_default_is_mended_too() {
    let world = World::start().await;
    let path = agent("/calls", CALL);
    let send = |to: &crate::support::Caller| {
        to.request(Method::PATCH, &path)
            .bearer("t")
            .header("content-type", "application/x-www-form-urlencoded")
            .body("{\"attributes\":{}}")
            .send()
    };
    let straight = send(&world.straight).await;
    assert_eq!(straight.status, 400);
    let message = "Invalid Content-Type. Expected 'application/json'.";
    assert_eq!(straight.json()["message"], message);
    let proxied = send(&world.proxied).await;
    assert_eq!(proxied.status, 202);
    assert!(
        proxied.says("repairs=(fill content-type)"),
        "{}",
        proxied.report()
    );
    let types = &world.patches()[1].headers;
    let types: Vec<_> = types.get_all("content-type").iter().collect();
    assert_eq!(types, ["application/json"]);
}

/// The age that a report ends with, in milliseconds.
fn age(report: &str) -> u64 {
    let (_, age) = report.rsplit_once("age=").unwrap();
    age.parse().unwrap()
}
