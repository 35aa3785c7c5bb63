//! One caller's requests and what it makes of the answers.

use std::sync::Arc;
use std::time::Instant;

use crate::judge::{Verdict, judge};
use crate::ledger::Expect;
use crate::rng::Rng;
use crate::shared::Shared;
use crate::wire::{Answer, Connection, Lost};
use crate::world::{Place, World};

use super::request::{self, Shape, Written};

pub(super) struct Caller {
    pub(super) shared: Arc<Shared>,
    pub(super) token: String,
    number: usize,
    pub(super) rng: Rng,
    pub(super) connection: Option<Connection>,
}

impl Caller {
    pub(super) fn new(shared: Arc<Shared>, number: usize, rng: Rng) -> Self {
        Self {
            shared,
            token: format!("token-{number}-0"),
            number,
            rng,
            connection: None,
        }
    }

    /// An attributes-only PATCH of a participant whose state drifts.
    pub(super) fn patch(&mut self, kind: &'static str, shape: &Shape) -> (u64, Written) {
        let target = World::drifting(&mut self.rng);
        let place = self.shared.world.place(target, &mut self.rng);
        self.patch_at(kind, &place, shape)
    }

    pub(super) fn patch_at(
        &mut self,
        kind: &'static str,
        place: &Place,
        shape: &Shape,
    ) -> (u64, Written) {
        let n = self.shared.ledger.open(kind, place, shape.state);
        (
            n,
            request::patch(
                n,
                &self.shared.world,
                place,
                &self.token,
                shape,
                &mut self.rng,
            ),
        )
    }

    /// The connection that is kept, or a new one. `None` if nothing listens, which is known to be so
    /// only while the proxy is being replaced.
    pub(super) async fn connected(&mut self) -> Option<Connection> {
        if let Some(kept) = self.connection.take() {
            return Some(kept);
        }
        self.fresh().await
    }

    pub(super) async fn fresh(&mut self) -> Option<Connection> {
        let began = Instant::now();
        match Connection::open(self.shared.proxy).await {
            Ok(connection) => Some(connection),
            Err(error) => {
                if !self.shared.restarts.excuse(began) {
                    self.shared
                        .ledger
                        .violate(&format!("the proxy could not be reached: {error}"));
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                None
            }
        }
    }

    /// Nothing was sent.
    pub(super) fn unsent(&self, n: u64) {
        self.shared.ledger.close(n, Expect::Zero, "not sent", 0);
    }

    /// Reads the answer to the n-th request and enters what it says. `None` without one.
    pub(super) async fn receive(&mut self, n: u64, connection: &mut Connection) -> Option<Answer> {
        let began = Instant::now();
        match connection.answer().await {
            Ok(answer) => {
                self.shared.ledger.took(began.elapsed());
                self.concluded(n, &answer).then_some(answer)
            }
            Err(lost) => {
                self.lost(n, lost, connection, false);
                None
            }
        }
    }

    /// False when the answer is a lie.
    pub(super) fn concluded(&mut self, n: u64, answer: &Answer) -> bool {
        let ledger = Arc::clone(&self.shared.ledger);
        match judge(answer) {
            Ok(Verdict {
                expect,
                told,
                answered_by,
            }) => {
                ledger.close(n, expect, &told, answered_by);
                if told.ends_with("lookup.throttled") {
                    // It would hear nothing else for a second.
                    self.token = format!("token-{}-{}", self.number, self.rng.below(6));
                }
                true
            }
            Err(lie) => {
                ledger.violate(&format!("request {n}: {lie}: {answer:?}"));
                ledger.close(n, Expect::AtMostOne, "a lie", 0);
                false
            }
        }
    }

    /// No whole answer. A torn body is the upstream's doing and passes on. A connection that ends without
    /// a word is a fault of the proxy, but where it is being replaced, and then nothing was done: what is
    /// in flight is answered first. Or the caller's own doings are the reason.
    pub(super) fn lost(&self, n: u64, lost: Lost, connection: &Connection, own_doing: bool) {
        let replaced = self.shared.restarts.excuse(connection.born);
        let (told, is_fault) = match lost {
            Lost::Silent if own_doing => ("no answer", false),
            Lost::Silent if replaced => ("no answer, replaced", false),
            Lost::Silent => ("no answer", true),
            Lost::InBody => ("torn in its body", false),
            Lost::InHead => ("torn in its head", true),
            Lost::NotHttp => ("not HTTP", true),
            Lost::Hangs => ("hangs", true),
        };
        let undone = lost == Lost::Silent && replaced && !own_doing;
        let expect = if undone {
            Expect::Zero
        } else {
            Expect::AtMostOne
        };
        self.shared.ledger.close(n, expect, told, 0);
        if is_fault {
            let story = connection.story();
            self.shared.ledger.accuse(n, &format!("{told}, {story}"));
        }
    }

    /// Keeps the connection for the next batch, if it may be used again.
    pub(super) fn keep(&mut self, connection: Connection, last: &Answer) {
        if !last.closes() {
            self.connection = Some(connection);
        }
    }
}
