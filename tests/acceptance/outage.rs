//! An upstream that is in trouble for a while.

use std::time::Duration;

use http::Method;
use patchwright::simulator::seed::{CALL, CALLBACK, CHAT, EMAIL, MESSAGE};
use patchwright::simulator::{Fault, FaultKind};

use crate::support::{Answer, Caller, Process, World, agent, within};

const BODY: &str = r#"{"attributes":{"note":"test"}}"#;
const CONVERSATIONS: [&str; 5] = [CALL, CALLBACK, CHAT, EMAIL, MESSAGE];

/// Nothing is remembered for long, so that every PATCH needs a lookup.
const SHORT: &str =
    "[cache]\nmax_age = \"1ms\"\n[breaker]\nopen = \"250ms\"\nmax_open = \"500ms\"\n";

async fn control(world: &World, method: Method, what: &str) {
    let path = format!("/__control/{what}");
    let answer = world.straight.request(method, &path).send().await;
    assert!(answer.status < 300, "{}", answer.text());
}

async fn patch(world: &World, conversation: &str, token: &str) -> Answer {
    let path = agent("", conversation);
    world.proxied.patch(&path, token, BODY).send().await
}

/// Requests until one is repaired again.
async fn healed(world: &World) {
    within("a repair", async {
        while patch(world, CALL, "a").await.status != 202 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn an_outage_of_lookups_is_felt_by_few_and_ends_by_itself() {
    for kind in [FaultKind::Status(503), FaultKind::DropBefore] {
        let world = World::with(SHORT).await;
        let fault = Fault::once(kind).on(&Method::GET).times(None);
        world.simulator.fault(fault).unwrap();
        let started = tokio::time::Instant::now();
        for round in 0..60 {
            let conversation = CONVERSATIONS[round % CONVERSATIONS.len()];
            let token = ["a", "b", "c"][round % 3];
            let answer = patch(&world, conversation, token).await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (503, "patchwright.lookup.unavailable")
            );
            assert_eq!(answer.headers["retry-after"], "1");
            for member in ["outcome=rejected", "reason=lookup_failed"] {
                assert!(answer.says(member), "{}", answer.report());
            }
        }
        // Ten failures until it is known, each with its repetition, and a probe now and then.
        let probes = 1 + started.elapsed().as_millis() / 150;
        let lookups = u128::from(world.saw(&Method::GET));
        assert!((10..=2 * (10 + probes)).contains(&lookups), "{lookups}");
        assert_eq!(world.saw(&Method::PATCH), 0);
        let metrics = world.metrics().await;
        let state = r#"patchwright_lookup_breaker_state{upstream="api"} "#;
        assert!(!metrics.contains(&format!("{state}0")), "{metrics}");
        let openings = r#"patchwright_lookup_breaker_openings_total{upstream="api"} 1"#;
        assert!(metrics.contains(openings), "{metrics}");
        let refusals = r#"patchwright_lookup_breaker_refusals_total{upstream="api"} "#;
        assert!(!metrics.contains(&format!("{refusals}0")), "{metrics}");

        control(&world, Method::DELETE, "faults").await;
        healed(&world).await;
        for conversation in CONVERSATIONS {
            let answer = patch(&world, conversation, "b").await;
            assert!(answer.says("outcome=repaired"), "{}", answer.report());
        }
        assert!(world.metrics().await.contains(&format!("{state}0")));
    }
}

#[tokio::test]
async fn what_needs_no_lookup_passes_during_an_outage() {
    let world = World::with(&SHORT.replace("1ms", "1m").replace("0ms", "0s")).await;
    assert_eq!(patch(&world, CALL, "a").await.status, 202);
    let fault = Fault::once(FaultKind::Status(502)).on(&Method::GET);
    world.simulator.fault(fault.times(Some(10))).unwrap();
    for _ in 0..12 {
        assert_eq!(patch(&world, CHAT, "a").await.status, 503);
    }
    world.simulator.forget();
    assert!(patch(&world, CALL, "a").await.says("snapshot=hit"));
    let whole = r#"{"state":"connected","routing":{"queue":{"id":"q"}}}"#;
    let path = agent("", CHAT);
    let complete = world.proxied.patch(&path, "a", whole).send().await;
    assert!(complete.says("outcome=complete"), "{}", complete.report());
    let read = world.proxied.get("/api/v2/conversations/none", "a").await;
    assert_eq!(read.status, 404, "reads of callers are their own business");
    assert_eq!(patch(&world, CHAT, "a").await.status, 503);
}

#[tokio::test]
async fn told_to_forward_the_originals_go_during_an_outage() {
    let world = World::with(&format!(
        "{SHORT}[repair]\non_lookup_failure = \"forward\"\n"
    ))
    .await;
    let fault = Fault::once(FaultKind::Status(503)).on(&Method::GET);
    world.simulator.fault(fault.times(None)).unwrap();
    for _ in 0..30 {
        let answer = patch(&world, CALL, "a").await;
        assert_eq!(answer.status, 400, "the upstream speaks for itself");
        for member in ["outcome=forwarded", "reason=lookup_failed"] {
            assert!(answer.says(member), "{}", answer.report());
        }
    }
    assert_eq!(world.saw(&Method::PATCH), 30);
    assert!(world.saw(&Method::GET) < 30);
}

#[tokio::test]
async fn the_log_tells_of_an_outage_once_and_of_its_end_once() {
    let world = World::start().await;
    let config = tempfile::NamedTempFile::new().unwrap();
    let upstream = format!("{SHORT}[[upstream]]\nurl = \"http://{}\"\n", world.upstream);
    std::fs::write(config.path(), upstream).unwrap();
    let process = Process::serve(config.path(), &[]).await;
    let caller = Caller::to(process.proxy);
    let fault = Fault::once(FaultKind::Status(503)).on(&Method::GET);
    world.simulator.fault(fault.times(Some(14))).unwrap();
    let patch = async || {
        let path = agent("", CALL);
        caller.patch(&path, "a", BODY).send().await.status
    };
    within("a repair", async {
        while patch().await != 202 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let log = process.terminate().await;
    let said = |text: &str| log.lines().filter(|line| line.contains(text)).count();
    assert_eq!(
        said("too many lookups fail: they are suspended"),
        1,
        "{log}"
    );
    assert_eq!(said("lookups are answered again"), 1, "{log}");
}
