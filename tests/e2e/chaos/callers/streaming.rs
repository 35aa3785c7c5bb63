//! What no rule matches: it streams through, in both directions, byte for byte.

use super::exchange::Caller;
use super::request::{self, Shape};
use crate::judge::judge;
use crate::ledger::Expect;
use crate::rng::{content, digest};
use crate::wire::{Answer, Connection, Lost};
use crate::world::Place;

/// The place of what goes to the second upstream.
const ECHO: Place = Place {
    target: 0,
    family: "/echo",
    attributes_endpoint: false,
};

impl Caller {
    /// The answer to a request without a marker. `None` without one, and for a lie.
    pub(super) async fn read(
        &mut self,
        connection: &mut Connection,
        kind: &'static str,
    ) -> Option<Answer> {
        let ledger = &self.shared.ledger;
        match connection.answer().await {
            Ok(answer) => match judge(&answer) {
                Ok(verdict) => {
                    ledger.count(kind, &verdict.told);
                    Some(answer)
                }
                Err(lie) => {
                    ledger.violate(&format!("a {kind}: {lie}: {answer:?}"));
                    ledger.count(kind, "a lie");
                    None
                }
            },
            Err(lost) => {
                let excused = self.shared.restarts.excuse(connection.born);
                if lost != Lost::InBody && !(lost == Lost::Silent && excused) {
                    ledger.violate(&format!("a {kind}: {lost:?}, {}", connection.story()));
                }
                ledger.count(
                    kind,
                    if lost == Lost::InBody {
                        "torn in its body"
                    } else {
                        "no answer"
                    },
                );
                None
            }
        }
    }

    pub(super) async fn download(&mut self) {
        for _ in 0..self.rng.within(1, 4) {
            if !self.download_one().await {
                return;
            }
        }
    }

    /// True when it came.
    pub(super) async fn download_one(&mut self) -> bool {
        let (n, size) = (self.rng.draw() >> 16, self.rng.below(150_000));
        let path = format!("/echo/bytes/{n}/{size}");
        let written = request::write("GET", &path, &self.token, "1.1", "", false, Vec::new());
        let Some(mut connection) = self.connected().await else {
            return false;
        };
        let _ = connection.send(&written.head).await;
        let Some(answer) = self.read(&mut connection, "download").await else {
            return false;
        };
        if answer.status == 200 && answer.body != content(n, size) {
            let found = answer.body.len();
            self.shared.ledger.violate(&format!(
                "a download of {size} bytes is not what was sent; it has {found}"
            ));
        }
        self.keep(connection, &answer);
        answer.status == 200
    }

    pub(super) async fn upload(&mut self) {
        for _ in 0..self.rng.within(1, 3) {
            if !self.upload_one().await {
                return;
            }
        }
    }

    /// True when it arrived.
    pub(super) async fn upload_one(&mut self) -> bool {
        let n = self.shared.ledger.open("upload", &ECHO, None);
        let size = self.rng.below(150_000);
        let body = content(n, size);
        let (sum, chunked) = (digest(&body).to_string(), self.rng.chance(50));
        let method = *self.rng.pick(&["POST", "PUT", "PATCH"]);
        let path = format!("/echo/{n}");
        let written = request::write(method, &path, &self.token, "1.1", "", chunked, body);
        let Some(mut connection) = self.connected().await else {
            self.unsent(n);
            return false;
        };
        let sent = connection.send(&written.whole()).await;
        let answer = match connection.answer().await {
            Ok(answer) => answer,
            Err(lost) => {
                // Who is still sending when the answer comes may lose it with the connection.
                self.lost(n, lost, &connection, sent.is_err());
                return false;
            }
        };
        if !self.concluded(n, &answer) || answer.status != 200 || sent.is_err() {
            // Where the rest of a body was not wanted the connection ends, said or not.
            return false;
        }
        let told: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        if told["length"] != size || told["digest"] != sum.as_str() {
            self.shared
                .ledger
                .violate(&format!("upload {n} of {size} bytes arrived as {told}"));
        }
        self.keep(connection, &answer);
        true
    }

    /// A body that reads like a request. It is none, wherever the connection breaks.
    pub(super) async fn smuggled(&mut self) {
        let target = self.shared.world.stage();
        let place = self.shared.world.place(target, &mut self.rng);
        let members = "\"state\":\"alerting\",\"routing\":{\"queue\":{\"id\":\"queue-0001\"}},";
        let shape = Shape {
            members,
            extra: "Content-Type: application/json\r\n".to_owned(),
            ..Shape::default()
        };
        let n = self.shared.ledger.open("smuggled", &place, None);
        self.shared.ledger.close(n, Expect::Zero, "only a body", 0);
        let inner = request::body(n, &place, &shape, &mut self.rng).into_bytes();
        let path = self.shared.world.path(&place);
        let inner = request::write(
            "PATCH",
            &path,
            &self.token,
            "1.1",
            &shape.extra,
            false,
            inner,
        )
        .whole();
        let lead = self.rng.below(40_000);
        let body = [vec![b'\n'; lead], inner].concat();
        let chunked = self.rng.chance(50);
        let written = request::write(
            "POST",
            "/api/v2/analytics",
            &self.token,
            "1.1",
            "",
            chunked,
            body,
        )
        .whole();
        let Some(mut connection) = self.fresh().await else {
            return;
        };
        // Some break off right where the inner request begins.
        let part = if self.rng.chance(30) {
            written.len().saturating_sub(self.rng.below(600))
        } else {
            written.len()
        };
        let sent = connection.send(&written[..part]).await;
        if part == written.len() && sent.is_ok() {
            self.read(&mut connection, "body like a request").await;
        } else {
            self.shared.ledger.count("body like a request", "hung up");
        }
    }
}
