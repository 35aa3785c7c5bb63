//! What operators see and do.

use http::Method;
use patchwright::simulator::seed::CALL;
use patchwright::simulator::{Fault, FaultKind};

use crate::support::{World, agent, within};

const BODY: &str = r#"{"attributes":{"note":"test"}}"#;

#[tokio::test]
async fn a_conversation_that_a_caller_reads_saves_its_lookup() {
    for (learn, lookups, snapshot) in [(true, 0, "snapshot=hit"), (false, 1, "snapshot=miss")] {
        let toml = format!("[cache]\nmax_age = \"60s\"\nlearn = {learn}");
        let world = World::with(&toml).await;
        let path = format!("/api/v2/conversations/{CALL}");
        let own = world.proxied.get(&path, "t").await;
        let straight = world.straight.get(&path, "t").await;
        assert_eq!((own.status, own.json()), (200, straight.json()));
        world.simulator.forget();
        let answer = world
            .proxied
            .patch(&agent("", CALL), "t", BODY)
            .send()
            .await;
        assert_eq!(answer.status, 202);
        assert!(answer.says(snapshot), "{}", answer.report());
        assert_eq!(world.saw(&Method::GET), lookups);
    }
}

#[tokio::test]
async fn an_operator_can_have_everything_forgotten() {
    let world = World::start().await;
    let patch = async || {
        world
            .proxied
            .patch(&agent("", CALL), "t", BODY)
            .send()
            .await
    };
    assert!(patch().await.says("snapshot=miss"));
    assert!(patch().await.says("snapshot=hit"));
    let forgotten = world
        .operator
        .request(Method::DELETE, "/cache")
        .send()
        .await;
    assert_eq!(forgotten.status, 204);
    assert!(patch().await.says("snapshot=miss"));
    // Never through the proxy: there it is a path like any other.
    let proxied = world
        .proxied
        .request(Method::DELETE, "/cache")
        .bearer("t")
        .send()
        .await;
    assert_eq!(
        (proxied.status, proxied.code().as_str()),
        (404, "not.found")
    );
    assert!(patch().await.says("snapshot=hit"));
    assert_eq!(world.saw(&Method::GET), 2);
}

#[tokio::test]
async fn recent_repairs_and_counters_tell_what_happened() {
    let world = World::start().await;
    let patch = |body: &'static str| {
        let patch = world.proxied.patch(&agent("", CALL), "t", body);
        patch.header("user-agent", "legacy-app/1.0").send()
    };
    patch(BODY).await;
    patch("no json").await;
    let fault = Fault::once(FaultKind::Status(503)).on(&Method::GET);
    world.simulator.fault(fault).unwrap();
    let other = world
        .proxied
        .patch(&agent("", CALL), "other", BODY)
        .send()
        .await;
    assert_eq!(other.status, 503);

    let repairs = world
        .operator
        .request(Method::GET, "/repairs")
        .send()
        .await
        .json();
    let repairs = repairs.as_array().unwrap();
    let column = |name: &str| {
        repairs
            .iter()
            .map(|one| one[name].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        column("outcome"),
        ["rejected", "forwarded", "repaired"],
        "newest first"
    );
    assert_eq!(column("status"), [503, 400, 202]);
    assert_eq!(
        column("user_agent")[1..],
        ["legacy-app/1.0", "legacy-app/1.0"]
    );
    assert_eq!(column("reason")[..2], ["lookup_failed", "not_json"]);
    let last = &repairs[2];
    assert_eq!(last["rule"], "participant");
    assert_eq!(
        last["filled"],
        serde_json::json!(["/state", "/routing/queue/id"])
    );
    assert!(
        last["snapshot"] == "miss" && last["age_ms"].is_u64(),
        "{last}"
    );
    let named = other.json()["contextId"].clone();
    assert_eq!(
        repairs[0]["id"], named,
        "an answer is found by its contextId"
    );

    let metrics = world.metrics().await;
    for line in [
        r#"patchwright_requests_total{rule="participant",outcome="repaired",reason="",status="202"} 1"#,
        r#"patchwright_requests_total{rule="participant",outcome="forwarded",reason="not_json",status="400"} 1"#,
        r#"patchwright_requests_total{rule="participant",outcome="rejected",reason="lookup_failed",status="503"} 1"#,
        r#"patchwright_repairs_total{rule="participant",repair="fill"} 1"#,
        r#"patchwright_snapshots_total{origin="miss"} 1"#,
        r#"patchwright_upstream_answers_total{upstream="api",status="202"} 1"#,
        r#"patchwright_upstream_answers_total{upstream="api",status="503"} 1"#,
        r#"patchwright_own_answers_total{code="patchwright.lookup.unavailable"} 1"#,
        "patchwright_in_flight 0",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
}

#[tokio::test]
async fn readiness_ends_with_the_draining_and_what_is_in_flight_is_finished() {
    let mut world = World::start().await;
    let ready = |world: &World| world.operator.request(Method::GET, "/readyz").send();
    assert_eq!(ready(&world).await.status, 200);
    let held = Fault::once(FaultKind::Hold).on(&Method::PATCH);
    world.simulator.fault(held).unwrap();
    let last = world.proxied.patch(&agent("", CALL), "t", BODY).send();
    let last = tokio::spawn(last);
    world.simulator.arrived(&Method::PATCH, 1).await;
    drop(world.proxy.stop.take());
    within("readiness to end", async {
        while ready(&world).await.status != 503 {}
    })
    .await;
    let health = world.operator.request(Method::GET, "/healthz").send().await;
    assert_eq!(health.status, 200);
    world.simulator.release();
    assert_eq!(within("the last answer", last).await.unwrap().status, 202);
    let ended = within("the end", world.proxy.ended).await;
    ended.unwrap().unwrap();
}
