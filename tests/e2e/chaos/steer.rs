//! The simulator's `/__control/`, and what happens behind the proxy's back.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::ledger::{Effect, Ledger};
use crate::rng::Rng;
use crate::shared::Shared;
use crate::wire::{Answer, Connection};
use crate::world::{APART, QUEUES, World};

/// Pause between two looks at the effects: at most some hundred come meanwhile, of ten thousand kept.
const LOOK: Duration = Duration::from_millis(150);

/// What the simulator is told to do to requests: kind, and every how-many-th one.
const FAULTS: [(&str, f64, &str); 12] = [
    ("429", 0.010, "GET"),
    ("500", 0.010, "GET"),
    ("503", 0.010, "GET"),
    ("drop-before", 0.010, "GET"),
    ("429", 0.006, "PATCH"),
    ("500", 0.006, "PATCH"),
    ("503", 0.006, "PATCH"),
    ("400", 0.008, "PATCH"),
    ("409", 0.008, "PATCH"),
    ("slow=300", 0.006, "PATCH"),
    ("drop-before", 0.006, "PATCH"),
    ("drop-after", 0.010, "PATCH"),
];

pub(crate) struct Control {
    address: SocketAddr,
    connection: Option<Connection>,
}

#[derive(Deserialize)]
struct Effects {
    effects: Vec<Effect>,
}

impl Control {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            connection: None,
        }
    }

    async fn ask(&mut self, method: &str, path: &str, body: &str) -> Answer {
        let length = body.len();
        let request = format!(
            "{method} /__control/{path} HTTP/1.1\r\nHost: s\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        for _ in 0..3 {
            if self.connection.is_none() {
                self.connection = Connection::open(self.address).await.ok();
            }
            let Some(connection) = &mut self.connection else {
                continue;
            };
            if connection.send(request.as_bytes()).await.is_ok()
                && let Ok(answer) = connection.answer().await
            {
                assert!(answer.status < 300, "{method} {path} {body}: {answer:?}");
                return answer;
            }
            self.connection = None;
        }
        panic!("the simulator does not answer {method} {path}");
    }

    pub(crate) async fn faults(&mut self) {
        for (kind, rate, method) in FAULTS {
            let fault = json!({ "kind": kind, "rate": rate, "method": method, "count": null });
            self.ask("POST", "faults", &fault.to_string()).await;
        }
    }

    pub(crate) async fn calm(&mut self) {
        self.ask("DELETE", "faults", "").await;
    }

    /// How many requests each kind of fault has met.
    pub(crate) async fn struck(&mut self) -> Vec<(String, u64)> {
        let answer = self.ask("GET", "faults", "").await;
        let struck: Value = serde_json::from_slice(&answer.body).unwrap();
        let struck = struck["struck"].as_array().unwrap().iter();
        struck
            .map(|one| {
                (
                    one["kind"].as_str().unwrap().to_owned(),
                    one["count"].as_u64().unwrap(),
                )
            })
            .collect()
    }

    async fn effects(&mut self, after: u64) -> Vec<Effect> {
        let answer = self.ask("GET", &format!("effects?after={after}"), "").await;
        serde_json::from_slice::<Effects>(&answer.body)
            .unwrap()
            .effects
    }
}

/// Enters every effect into the ledger, for ever. `seen` is the number of the last.
pub(crate) async fn follow(
    mut control: Control,
    ledger: Arc<Ledger>,
    world: Arc<World>,
    seen: Arc<AtomicU64>,
) {
    loop {
        let last = seen.load(Ordering::Relaxed);
        for (effect, seq) in control.effects(last).await.iter().zip(last + 1..) {
            assert_eq!(effect.seq, seq, "effects came faster than they were read");
            ledger.effect(effect, &world);
            seen.store(seq, Ordering::Relaxed);
        }
        sleep(LOOK).await;
    }
}

/// Changes states and queues behind the proxy's back, until the storm is over.
pub(crate) async fn drift(shared: Arc<Shared>, mut control: Control, mut rng: Rng) {
    while shared.is_stormy() {
        let target = shared.world.target(World::drifting(&mut rng));
        let (c, p) = (&target.conversation, &target.participant);
        let change = if rng.chance(70) {
            json!({ "state": rng.pick(&APART) })
        } else {
            json!({ "queue": rng.pick(&QUEUES) })
        };
        let path = format!("conversations/{c}/participants/{p}/state");
        control.ask("PUT", &path, &change.to_string()).await;
        shared.faults.count("state changed behind its back");
        sleep(Duration::from_millis(rng.within(2, 10).try_into().unwrap())).await;
    }
}
