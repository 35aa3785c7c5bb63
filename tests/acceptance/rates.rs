//! The rate of a caller's token: what lookups may use of it, and who waits for it.

use std::num::NonZeroU32;

use http::{Method, Request};
use http_body_util::Full;
use patchwright::simulator::seed::CALL;
use patchwright::simulator::{Data, Fault, FaultKind, Options};
use tokio::task::JoinSet;

use super::bursts::http2;
use crate::support::{World, agent, within};

const BODY: &str = r#"{"attributes":{"note":"test"}}"#;
const CONVERSATIONS: usize = 60;

/// Conversations that nobody has looked up.
fn cold() -> Data {
    let conversations: Vec<_> = (0..CONVERSATIONS)
        .map(|number| {
            let participant = r#"{"id":"p1","purpose":"agent","queue":{"id":"q1"},
                "communications":[{"id":"l1","media":"call","state":"connected"}]}"#;
            format!(r#"{{"id":"c{number}","participants":[{participant}]}}"#)
        })
        .collect();
    Data::parse(&format!(
        r#"{{"conversations":[{}]}}"#,
        conversations.join(",")
    ))
    .unwrap()
}

/// Sixty PATCHes at once with a token that may do sixty requests and has done one: all their lookups come
/// before the first of them is sent. How many were sent and accepted, and how many lookups there were.
async fn burst(toml: &str) -> (usize, u64) {
    let options = Options {
        data: cold(),
        rate_limit: NonZeroU32::new(60),
        ..Options::default()
    };
    let world = World::of(toml, options).await;
    // What is left is known from any answer.
    let known = world.proxied.get("/api/v2/conversations/c0", "t").await;
    assert_eq!(known.headers["inin-ratelimit-count"], "1");
    let held = Fault::once(FaultKind::Hold).on(&Method::GET).times(None);
    world.simulator.fault(held).unwrap();

    let mut callers = JoinSet::new();
    for number in 0..CONVERSATIONS {
        let path = format!("/api/v2/conversations/c{number}/participants/p1");
        let caller = world.proxied.clone();
        callers.spawn(async move {
            let fresh = caller.patch(&path, "t", BODY);
            fresh.header("cache-control", "no-cache").send().await
        });
    }
    // Everyone has looked up or has been refused.
    let metrics = || async {
        let text = world.metrics().await;
        let line = text.lines().find_map(|line| {
            line.strip_prefix("patchwright_rate_lookups_refused_total{upstream=\"api\"} ")
        });
        line.unwrap().parse::<u64>().unwrap()
    };
    within("the lookups", async {
        while world.saw(&Method::GET) - 1 + metrics().await < CONVERSATIONS as u64 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    world.simulator.release();

    let answers = within("the answers", callers.join_all()).await;
    let accepted = answers.iter().filter(|answer| answer.status == 202).count();
    for refused in answers.iter().filter(|answer| answer.status != 202) {
        assert_eq!(refused.status, 429);
        let wait: u64 = refused.headers["retry-after"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
    }
    (accepted, world.saw(&Method::GET) - 1)
}

#[tokio::test]
async fn a_burst_of_cold_patches_is_not_eaten_up_by_its_lookups() {
    // All of them may be lookups, and then no PATCH is left: two for one, and nothing done.
    let (accepted, lookups) = burst("budget.lookup_share = 1.0").await;
    assert_eq!((accepted, lookups), (0, 59));
    let (accepted, lookups) = burst("").await;
    assert_eq!((accepted, lookups), (29, 30), "of 59 that were left");
}

#[tokio::test]
async fn the_page_has_what_is_left_of_the_rate_that_has_the_least() {
    let options = Options {
        rate_limit: NonZeroU32::new(60),
        ..Options::default()
    };
    let world = World::of("", options).await;
    let rates = || async {
        let text = world.metrics().await;
        let lines = text
            .lines()
            .filter_map(|line| line.strip_prefix("patchwright_rate_"));
        let about = lines.filter(|line| line.starts_with("left") || line.starts_with("allowed"));
        about.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(rates().await, [""; 0], "nothing was said of any");
    for token in ["much", "little", "little", "little", "much"] {
        let target = format!("/api/v2/conversations/{CALL}");
        assert_eq!(world.proxied.get(&target, token).await.status, 200);
    }
    assert_eq!(
        rates().await,
        ["left{upstream=\"api\"} 57", "allowed{upstream=\"api\"} 60"]
    );
}

#[tokio::test]
async fn a_429_that_passes_is_the_callers_and_parks_its_lookups() {
    let world = World::start().await;
    let path = agent("", CALL);
    let fault = Fault::once(FaultKind::Status(429)).on(&Method::DELETE);
    world.simulator.fault(fault).unwrap();
    let target = "/api/v2/conversations/c9";
    let refused = world.proxied.request(Method::DELETE, target).bearer("t");
    let refused = refused.send().await;
    assert_eq!((refused.status, refused.report()), (429, ""));
    assert_eq!(refused.code(), "too.many.requests.retry.after");
    assert!(refused.headers.contains_key("retry-after"));

    let parked = world.proxied.patch(&path, "t", BODY).send().await;
    assert_eq!(parked.code(), "patchwright.lookup.throttled");
    assert!(
        parked.says("reason=lookup_throttled"),
        "{}",
        parked.report()
    );
    assert_eq!(world.saw(&Method::GET) + world.saw(&Method::PATCH), 0);
    let other = world.proxied.patch(&path, "other", BODY).send().await;
    assert_eq!(other.status, 202, "another token has a rate of its own");
    let queue = "9e0e0000-0000-4000-8000-000000000001";
    let whole = format!(
        r#"{{"state":"connected","routing":{{"queue":{{"id":"{queue}"}}}},"attributes":{{}}}}"#
    );
    let whole = world.proxied.patch(&path, "t", whole).send().await;
    assert_eq!(whole.status, 202, "what needs no lookup goes");
}

#[tokio::test]
async fn a_caller_that_hangs_up_while_its_request_is_held_frees_its_place() {
    let toml = "budget.shape = \"60s\"\nlimits.concurrency = 2";
    let options = Options {
        rate_limit: NonZeroU32::new(1),
        ..Options::default()
    };
    let world = World::of(toml, options).await;
    let target = &*format!("/api/v2/conversations/{CALL}");
    let first = world.proxied.get(target, "t").await;
    assert_eq!(first.headers["inin-ratelimit-reset"], "60");

    // HTTP/1.1 cannot tell a caller that is gone from one that has said everything.
    let mut caller = http2(&world).await;
    let mut held = [Method::GET, Method::DELETE].map(|method| {
        let uri = format!("http://proxy.example{target}");
        let request = Request::builder().method(method).uri(uri);
        let request = request.header("authorization", "Bearer t");
        Some(tokio::spawn(
            caller.send_request(request.body(Full::default()).unwrap()),
        ))
    });
    // They count as in flight, within the bound.
    world.in_flight(2).await;
    let full = world.proxied.get(target, "other").await;
    assert_eq!(full.code(), "patchwright.overloaded");
    let delete = held[1].take().unwrap();
    delete.abort();
    world.in_flight(1).await;
    assert_eq!(
        world.proxied.get(target, "other").await.status,
        first.status
    );
    assert_eq!(world.saw(&Method::GET), 2, "neither that was held was sent");
    assert_eq!(world.saw(&Method::DELETE), 0);
    held[0].take().unwrap().abort();
    world.in_flight(0).await;
    let metrics = world.metrics().await;
    let shaped = "patchwright_rate_shaped_total{upstream=\"api\"} 2";
    assert!(metrics.contains(shaped), "{metrics}");
}

#[tokio::test]
async fn what_was_held_goes_to_the_api_and_gets_its_answer() {
    let world = World::with("budget.shape = \"10s\"").await;
    let path = agent("", CALL);
    let fault = Fault::once(FaultKind::Status(429)).on(&Method::PATCH);
    world.simulator.fault(fault).unwrap();
    let refused = world.proxied.patch(&path, "t", BODY).send().await;
    assert_eq!(refused.status, 429, "nothing is sent twice on its own");
    let held = world.proxied.patch(&path, "t", BODY).send().await;
    assert_eq!(held.status, 202);
    assert_eq!(world.patches().len(), 2);
    let metrics = world.metrics().await;
    assert!(
        metrics.contains("patchwright_rate_shaped_seconds_count 1"),
        "{metrics}"
    );
}
