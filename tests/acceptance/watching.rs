//! What people see while it happens: figures, and events over a raw socket.

use std::net::SocketAddr;

use http::Method;
use patchwright::simulator::seed::CALL;
use patchwright::simulator::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::support::{Peer, World, agent, within};

const BODY: &str = r#"{"attributes":{"note":"test"}}"#;

/// Events, as they come over the wire.
pub(crate) struct Events(Peer);

impl Events {
    pub(crate) async fn of(admin: SocketAddr, last: Option<&str>) -> Self {
        let mut peer = Peer::connect(admin).await;
        let last = last.map_or(String::new(), |id| format!("Last-Event-ID: {id}\r\n"));
        let head = format!("GET /events HTTP/1.1\r\nHost: {admin}\r\n{last}\r\n");
        peer.send(head).await;
        let head = peer.head().await;
        assert_eq!(head.status(), 200);
        assert_eq!(head.one("content-type"), Some("text/event-stream"));
        assert_eq!(head.one("transfer-encoding"), Some("chunked"));
        Self(peer)
    }

    /// The next chunk: whole events.
    pub(crate) async fn next(&mut self) -> String {
        let size = self.0.until("\r\n").await;
        let size = usize::from_str_radix(size.trim_end(), 16).unwrap();
        let events = self.0.exactly(size).await;
        self.0.until("\r\n").await;
        events
    }

    /// Id and data of the next event of this kind.
    async fn next_of(&mut self, kind: &str) -> (String, Value) {
        loop {
            let events = self.next().await;
            let name = format!("event: {kind}");
            let mut events = events.split("\n\n");
            if let Some(event) = events.find(|event| event.lines().any(|line| line == name)) {
                let field = |name| event.lines().find_map(|line| line.strip_prefix(name));
                let data = serde_json::from_str(field("data: ").unwrap());
                return (field("id: ").unwrap_or_default().to_owned(), data.unwrap());
            }
        }
    }
}

async fn patch(world: &World) {
    let patch = world.proxied.patch(&agent("", CALL), "t", BODY);
    assert_eq!(patch.send().await.status, 202);
}

#[tokio::test]
async fn each_repair_is_told_once_and_a_stream_goes_on_where_it_ended() {
    let world = World::start().await;
    let mut events = Events::of(world.proxy.admin, None).await;
    assert!(events.next().await.starts_with("retry: 1000\n\n"));
    patch(&world).await;
    let (first, told) = events.next_of("repairs").await;
    let repair = &told["repairs"][0];
    assert_eq!(told["repairs"].as_array().unwrap().len(), 1);
    for (name, value) in [
        ("seq", json!(1)),
        ("outcome", json!("repaired")),
        ("method", json!("PATCH")),
        (
            "template",
            json!("/api/v2/conversations/{conversationId}/participants/{participantId}"),
        ),
        ("client", Value::Null),
        ("verdict", Value::Null),
    ] {
        assert_eq!(repair[name], value, "{repair}");
    }
    let span = &repair["spans"][0];
    assert_eq!((&span["start"], &span["end"]), (&json!(1), &json!(1)));
    patch(&world).await;
    let (_, told) = events.next_of("repairs").await;
    assert_eq!(told["repairs"][0]["seq"], 2);
    drop(events);
    patch(&world).await;
    let mut again = Events::of(world.proxy.admin, Some(&first)).await;
    let (_, told) = again.next_of("repairs").await;
    let numbers: Vec<_> = told["repairs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["seq"])
        .collect();
    assert_eq!(numbers, [3, 2]);
}

#[tokio::test]
async fn a_stream_ends_when_the_draining_begins_and_not_when_it_ends() {
    let mut world = World::start().await;
    let mut events = Events::of(world.proxy.admin, None).await;
    events.next().await;
    world
        .simulator
        .fault(Fault::once(FaultKind::Hold).on(&Method::PATCH))
        .unwrap();
    let last = world.proxied.patch(&agent("", CALL), "t", BODY).send();
    let last = tokio::spawn(last);
    world.simulator.arrived(&Method::PATCH, 1).await;
    drop(world.proxy.stop.take());
    // Ended as it should be, while the process has something to finish still.
    events.0.until("0\r\n\r\n").await;
    let refused = world.operator.request(Method::GET, "/events").send().await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (503, "patchwright.admin.draining")
    );
    world.simulator.release();
    assert_eq!(within("the last answer", last).await.unwrap().status, 202);
    within("the end", world.proxy.ended).await.unwrap().unwrap();
}

#[tokio::test]
async fn figures_tell_what_happened() {
    let world = World::start().await;
    for _ in 0..3 {
        patch(&world).await;
    }
    let held = Fault::once(FaultKind::Hold).on(&Method::PATCH);
    world.simulator.fault(held).unwrap();
    let last = world.proxied.patch(&agent("", CALL), "t", BODY).send();
    let last = tokio::spawn(last);
    world.simulator.arrived(&Method::PATCH, 4).await;
    let figures = world
        .operator
        .request(Method::GET, "/figures")
        .send()
        .await
        .json();
    let sum = |of: fn(&Value) -> &Value| {
        let points = figures["points"].as_array().unwrap().iter();
        points
            .chain([&figures["now"]])
            .map(|point| of(point).as_u64().unwrap())
            .sum::<u64>()
    };
    assert_eq!(sum(|point| &point["outcomes"]["repaired"]), 3);
    assert_eq!(sum(|point| &point["snapshots"]["hit"]), 2);
    assert_eq!(sum(|point| &point["snapshots"]["miss"]), 1);
    assert_eq!(sum(|point| &point["age_ms"]["count"]), 3);
    assert_eq!(sum(|point| &point["lookup_ms"]["count"]), 1);
    // Three answers to PATCHes, at the least.
    assert!(sum(|point| &point["upstream_ms"]["count"]) >= 3);
    assert_eq!(figures["now"]["in_flight"], 1);
    assert_eq!(figures["total"]["outcomes"]["repaired"], 3);
    assert_eq!(
        figures["total"]["snapshots"],
        json!({ "hit": 2, "miss": 1, "shared": 0, "refetched": 0 })
    );
    assert_eq!(figures["mode"], "enforce");
    world.simulator.release();
    assert_eq!(within("the last answer", last).await.unwrap().status, 202);
}
