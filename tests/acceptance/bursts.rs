//! How many lookups a burst costs the upstream.

use std::any::Any;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use patchwright::simulator::seed::CALL;
use patchwright::simulator::{Fault, FaultKind};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::support::{Answer, Peer, World, agent, request, within};

const BODY: &str = r#"{"attributes":{"note":"test"}}"#;

#[tokio::test]
async fn a_thousand_updates_in_a_row_cost_one_lookup() {
    let world = World::start().await;
    let path = agent("", CALL);
    for number in 0..1_000 {
        let body = format!(r#"{{"attributes":{{"number":"{number}"}}}}"#);
        let answer = world.proxied.patch(&path, "t", body).send().await;
        assert_eq!(answer.status, 202);
        let origin = if number == 0 {
            "snapshot=miss"
        } else {
            "snapshot=hit"
        };
        assert!(answer.says(origin), "{number}: {}", answer.report());
    }
    assert_eq!(world.saw(&Method::GET), 1);
    assert_eq!(world.saw(&Method::PATCH), 1_000);
    let effects = world.simulator.effects();
    let last = effects.last().unwrap();
    assert_eq!(
        (effects.len(), last.attributes["number"].as_str()),
        (1_000, Some("999"))
    );
}

#[tokio::test]
async fn two_hundred_and_fifty_six_at_once_cost_one_lookup_per_credential() {
    for tokens in [&["a"][..], &["a", "b"]] {
        let world = World::start().await;
        let count = tokens.len() as u64;
        let held = Fault::once(FaultKind::Hold)
            .on(&Method::GET)
            .times(Some(count));
        world.simulator.fault(held).unwrap();
        let answers = at_once(&world, tokens, 256);
        // All of them are in the proxy before the first lookup is answered.
        world.in_flight(256).await;
        world.simulator.arrived(&Method::GET, count).await;
        world.simulator.release();

        let answers = within("the answers", answers.join_all()).await;
        let with = |origin| answers.iter().filter(|answer| answer.says(origin)).count() as u64;
        assert!(answers.iter().all(|answer| answer.status == 202));
        assert_eq!(with("snapshot=miss"), count, "each credential looks once");
        assert_eq!(with("snapshot=shared") + with("snapshot=hit"), 256 - count);
        assert_eq!(world.saw(&Method::GET), count);
        assert_eq!(world.simulator.effects_total(), 256);
    }
}

#[tokio::test]
async fn however_a_conversation_is_addressed_it_is_looked_up_once() {
    let world = World::start().await;
    let first = world
        .proxied
        .patch(&agent("", CALL), "a", BODY)
        .send()
        .await;
    assert!(first.says("snapshot=miss"), "{}", first.report());

    let mut caller = Peer::connect(world.proxy.address).await;
    let target = format!("http://other.example{}", agent("", CALL));
    let lines = ["Authorization: Bearer a", "Content-Type: application/json"];
    caller
        .send(request("PATCH", &target, &lines, BODY.as_bytes()))
        .await;
    let report = caller.message().await.0;
    let report = report.one("patchwright").unwrap();
    assert!(report.contains("snapshot=hit"), "absolute target: {report}");

    let answer = http2(&world).await.send_request(http2_patch()).await;
    let report = answer.unwrap().headers()["patchwright"].clone();
    assert!(
        report.to_str().unwrap().contains("snapshot=hit"),
        "HTTP/2: {report:?}"
    );
    assert_eq!(world.saw(&Method::GET), 1);
}

#[tokio::test]
async fn a_caller_that_hangs_up_during_the_lookup_takes_nobody_down_with_it() {
    let world = World::start().await;
    let others = hold_a_lookup_and_hang_up(&world, async |world: &World| {
        let mut sender = http2(world).await;
        let mut answer = Box::pin(sender.send_request(http2_patch()));
        let arrived = world.simulator.arrived(&Method::GET, 1);
        tokio::select! {
            _ = &mut answer => panic!("answered while the lookup was held"),
            () = arrived => {}
        }
        // Dropping it resets the stream.
        Box::new(answer) as Box<dyn Any>
    });
    let others = others.await;
    world.in_flight(10).await;
    world.simulator.release();
    all_accepted(others).await;
    assert_eq!(world.saw(&Method::GET), 1);
    assert_eq!(
        world.saw(&Method::PATCH),
        10,
        "what was given up is not sent"
    );
}

#[tokio::test]
async fn a_caller_that_only_closes_its_sending_side_is_served_on() {
    let world = World::start().await;
    let others = hold_a_lookup_and_hang_up(&world, async |world: &World| {
        let lines = ["Authorization: Bearer a", "Content-Type: application/json"];
        let mut caller = Peer::connect(world.proxy.address).await;
        let patch = request("PATCH", &agent("", CALL), &lines, BODY.as_bytes());
        caller.send(patch).await;
        world.simulator.arrived(&Method::GET, 1).await;
        // HTTP/1.1 cannot tell a caller that is gone from one that has said everything.
        caller
    });
    let others = others.await;
    world.simulator.release();
    all_accepted(others).await;
    let eleventh = world.simulator.arrived(&Method::PATCH, 11);
    within("the eleventh PATCH", eleventh).await;
    assert_eq!(world.saw(&Method::GET), 1);
}

/// Has the first lookup held, by `first`, and drops what `first` returns once ten others wait with it.
async fn hold_a_lookup_and_hang_up<C>(
    world: &World,
    first: impl AsyncFnOnce(&World) -> C,
) -> JoinSet<Answer> {
    let held = Fault::once(FaultKind::Hold).on(&Method::GET);
    world.simulator.fault(held).unwrap();
    let caller = first(world).await;
    let others = at_once(world, &["a"], 10);
    world.in_flight(11).await;
    drop(caller);
    others
}

async fn all_accepted(answers: JoinSet<Answer>) {
    for answer in within("the others' answers", answers.join_all()).await {
        assert_eq!(answer.status, 202);
        let with_another = answer.says("snapshot=shared") || answer.says("snapshot=hit");
        assert!(with_another, "{}", answer.report());
    }
}

fn http2_patch() -> Request<Full<Bytes>> {
    let request = Request::patch(format!("http://proxy.example{}", agent("", CALL)))
        .header("authorization", "Bearer a")
        .header("content-type", "application/json");
    request.body(Full::from(BODY)).unwrap()
}

pub(super) async fn http2(world: &World) -> http2::SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(world.proxy.address).await.unwrap();
    let io = TokioIo::new(stream);
    let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    sender
}

/// Sends `count` PATCHes of one conversation, their tokens taken in turns.
fn at_once(world: &World, tokens: &[&str], count: usize) -> JoinSet<Answer> {
    let path = agent("", CALL);
    let tokens = tokens.iter().cycle().take(count);
    tokens
        .map(|token| world.proxied.patch(&path, token, BODY).send())
        .collect()
}
