//! Callers of good manners.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::time::sleep;

use super::exchange::Caller;
use super::request::{Shape, Written};
use crate::judge::is_repaired;
use crate::ledger::Expect;
use crate::world::{Place, World};

impl Caller {
    /// Several requests, one after the other.
    pub(super) async fn keep_alive(&mut self) {
        for _ in 0..self.rng.within(4, 24) {
            let no_cache = self.rng.chance(6);
            let extra = if no_cache {
                "Cache-Control: no-cache\r\n"
            } else {
                ""
            };
            let shape = Shape {
                extra: extra.to_owned(),
                ..Shape::default()
            };
            let (n, written) = self.patch(if no_cache { "no-cache" } else { "keep-alive" }, &shape);
            if !self.plainly(n, &written).await || !self.shared.is_stormy() {
                return;
            }
        }
    }

    /// False when the connection is not worth going on with.
    pub(super) async fn plainly(&mut self, n: u64, written: &Written) -> bool {
        let Some(mut connection) = self.connected().await else {
            self.unsent(n);
            return false;
        };
        // A failure to send shows when there is no answer.
        let _ = connection.send(&written.whole()).await;
        let Some(answer) = self.receive(n, &mut connection).await else {
            return false;
        };
        self.keep(connection, &answer);
        true
    }

    /// Two requests at once; answers come in their order.
    pub(super) async fn pipelined(&mut self) {
        let pair = [0; 2].map(|_| self.patch("pipelined", &Shape::default()));
        let Some(mut connection) = self.connected().await else {
            return pair.iter().for_each(|(n, _)| self.unsent(*n));
        };
        let _ = connection
            .send(&[pair[0].1.whole(), pair[1].1.whole()].concat())
            .await;
        let mut first = self.receive(pair[0].0, &mut connection).await;
        if first.as_ref().is_none_or(crate::wire::Answer::closes) {
            // The second was not looked at, or so it must be if it says that the first was the last.
            let expect = if first.is_some() {
                Expect::Zero
            } else {
                Expect::AtMostOne
            };
            return self
                .shared
                .ledger
                .close(pair[1].0, expect, "behind the last", 0);
        }
        first = self.receive(pair[1].0, &mut connection).await;
        if let Some(answer) = first {
            self.keep(connection, &answer);
        }
    }

    pub(super) async fn one_shot(&mut self) {
        let shape = Shape {
            extra: "Connection: close\r\n".to_owned(),
            ..Shape::default()
        };
        self.alone("one connection each", &shape).await;
    }

    pub(super) async fn http_10(&mut self) {
        self.alone(
            "HTTP/1.0",
            &Shape {
                version: "1.0",
                ..Shape::default()
            },
        )
        .await;
    }

    pub(super) async fn chunked(&mut self) {
        let extra = if self.rng.chance(30) {
            "Expect: 100-continue\r\n"
        } else {
            ""
        };
        let shape = Shape {
            chunked: true,
            extra: extra.to_owned(),
            ..Shape::default()
        };
        self.alone("chunked", &shape).await;
    }

    /// One request on a connection of its own.
    async fn alone(&mut self, kind: &'static str, shape: &Shape) {
        let (n, written) = self.patch(kind, shape);
        self.send_alone(n, &written).await;
    }

    pub(super) async fn send_alone(&mut self, n: u64, written: &Written) -> bool {
        let Some(mut connection) = self.fresh().await else {
            self.unsent(n);
            return false;
        };
        let _ = connection.send(&written.whole()).await;
        self.receive(n, &mut connection)
            .await
            .is_some_and(|answer| is_repaired(&answer))
    }

    /// Closes its sending side and waits.
    pub(super) async fn half_closed(&mut self) {
        let (n, written) = self.patch("half-closed", &Shape::default());
        let Some(mut connection) = self.fresh().await else {
            return self.unsent(n);
        };
        let _ = connection.send(&written.whole()).await;
        let _ = connection.stream.shutdown().await;
        self.receive(n, &mut connection).await;
    }

    /// The body comes in pieces, sometimes too slowly.
    pub(super) async fn slow(&mut self) {
        let chunked = self.rng.chance(50);
        let (n, written) = self.patch(
            "slow",
            &Shape {
                chunked,
                ..Shape::default()
            },
        );
        let Some(mut connection) = self.fresh().await else {
            return self.unsent(n);
        };
        let _ = connection.send(&written.head).await;
        let pause = if self.rng.chance(15) { 1_500 } else { 20 };
        for piece in written.body.chunks(written.body.len() / 3 + 1) {
            sleep(Duration::from_millis(pause)).await;
            if connection.more(piece).await.is_err() {
                break;
            }
        }
        self.receive(n, &mut connection).await;
    }

    pub(super) async fn attributes_endpoint(&mut self) {
        for _ in 0..self.rng.within(1, 4) {
            let target = World::drifting(&mut self.rng);
            let families: &[&str] = if self.shared.world.target(target).is_call {
                &["/api/v2/conversations", "/api/v2/conversations/calls"]
            } else {
                &["/api/v2/conversations", "/api/v2/conversations/messages"]
            };
            let family = *self.rng.pick(families);
            let place = Place {
                target,
                family,
                attributes_endpoint: true,
            };
            let (n, written) = self.patch_at("…/attributes", &place, &Shape::default());
            if !self.plainly(n, &written).await {
                return;
            }
        }
    }
}
