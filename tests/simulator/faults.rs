//! Trouble on demand.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Empty;
use patchwright::simulator::seed::{self, CALL};
use patchwright::simulator::{Data, Dropped, Fault, FaultKind, Options, Simulator};
use tokio::time::Instant;
use tower::ServiceExt;

use crate::support::{Api, participant};

const BODY: &str = "{\"state\":\"connected\",\"attributes\":{\"k\":\"v\"}}";

#[tokio::test]
async fn a_connection_lost_before_has_done_nothing_and_one_lost_after_has() {
    let api = Api::start().await;
    let path = participant("", CALL, 1);
    for (kind, effects) in [(FaultKind::DropBefore, 0), (FaultKind::DropAfter, 1)] {
        api.simulator
            .fault(Fault::once(kind).on(&Method::PATCH))
            .unwrap();
        assert_eq!(
            api.get(&format!("/api/v2/conversations/{CALL}"))
                .await
                .status,
            200
        );
        assert!(api.try_patch(&path, BODY).await.is_err(), "{kind:?}");
        assert_eq!(api.simulator.effects_total(), effects, "{kind:?}");
        assert_eq!(api.simulator.requests().last().unwrap().body, BODY);
        assert_eq!(api.simulator.requests().last().unwrap().status, None);
    }
    assert_eq!(api.patch(&path, BODY).await.status, 202);
    assert_eq!(api.simulator.count(&Method::PATCH), 3);
}

#[tokio::test]
async fn an_answer_on_demand_is_an_error_body_and_nothing_is_done() {
    let api = Api::start().await;
    let path = participant("", CALL, 1);
    for (status, retry_after) in [(500, None), (503, Some("1")), (429, Some("1")), (418, None)] {
        api.simulator
            .fault(Fault::once(FaultKind::Status(status)))
            .unwrap();
        let answer = api.patch(&path, BODY).await;
        assert_eq!(answer.error().0, status);
        let header = answer.headers.get("retry-after");
        assert_eq!(
            header.map(|value| value.to_str().unwrap()),
            retry_after,
            "{status}"
        );
    }
    assert_eq!(api.simulator.effects_total(), 0);
}

#[tokio::test]
async fn a_held_request_is_carried_out_and_answered_when_released() {
    let api = Api::start().await;
    api.simulator
        .fault(Fault::once(FaultKind::Hold).on(&Method::GET))
        .unwrap();
    let path = format!("/api/v2/conversations/calls/{CALL}");
    let held = async { api.get(&path).await.json() };
    let meanwhile = async {
        api.simulator.arrived(&Method::GET, 1).await;
        // In its turn: what was held has read the state before this changes it.
        let agent = seed::participant(CALL, 3);
        let hang_up = format!("conversations/{CALL}/participants/{agent}/state");
        let done = api
            .control(Method::PUT, &hang_up, "{\"state\":\"disconnected\"}")
            .await;
        assert_eq!(done.status, 204);
        assert_eq!(
            api.get(&path).await.json()["participants"][2]["state"],
            "disconnected"
        );
        assert_eq!(api.control(Method::POST, "release", "").await.status, 204);
    };
    let (held, ()) = tokio::join!(held, meanwhile);
    assert_eq!(held["participants"][2]["state"], "connected");
}

#[tokio::test]
async fn a_held_request_does_not_hold_up_the_end() {
    let mut api = Api::start().await;
    api.simulator.fault(Fault::once(FaultKind::Hold)).unwrap();
    let stop = api.stopper();
    let path = format!("/api/v2/conversations/{CALL}");
    let ended = async {
        api.simulator.arrived(&Method::GET, 1).await;
        drop(stop);
    };
    let both = async { tokio::join!(api.get(&path), ended) };
    // Far below a hold's own end, and only ever waited for in full by a failure.
    let (answer, ()) = tokio::time::timeout(Duration::from_secs(20), both)
        .await
        .unwrap();
    assert_eq!(answer.status, 200);
}

async fn seconds(simulator: &Simulator) -> u64 {
    let start = Instant::now();
    let request = Request::get("/oauth/token").body(Empty::<Bytes>::new());
    simulator.clone().oneshot(request.unwrap()).await.unwrap();
    start.elapsed().as_secs()
}

#[tokio::test(start_paused = true)]
async fn latency_and_slow_answers_take_their_time_and_a_hold_has_an_end() {
    let latency = Duration::from_secs(2);
    let simulator = Simulator::new(Options {
        latency,
        ..Options::default()
    });
    assert_eq!(seconds(&simulator).await, 2);
    simulator.fault("slow=5000:1".parse().unwrap()).unwrap();
    assert_eq!(seconds(&simulator).await, 7);
    simulator.clear_faults();
    simulator.fault(Fault::once(FaultKind::Hold)).unwrap();
    assert_eq!(seconds(&simulator).await, 62);
    assert_eq!(seconds(&simulator).await, 2);
}

#[tokio::test]
async fn faults_of_the_data_file_hold_from_the_start() {
    let data = Data::parse("{\"faults\":[{\"kind\":\"drop-before\",\"rate\":0.5,\"count\":null}]}")
        .unwrap();
    let simulator = Simulator::new(Options {
        data,
        ..Options::default()
    });
    let mut outcomes = Vec::new();
    for _ in 0..4 {
        let request = Request::get("/").body(Empty::<Bytes>::new());
        outcomes.push(simulator.clone().oneshot(request.unwrap()).await.err());
    }
    assert_eq!(outcomes, [None, Some(Dropped), None, Some(Dropped)]);
}
