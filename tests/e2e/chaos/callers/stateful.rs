//! A caller that changes a participant's state by turns with its attributes: what it has changed itself
//! must be known at its next request.

use super::exchange::Caller;
use super::request::Shape;
use crate::world::Place;

/// Each step is legal, and so is the one back: a state that was read too early would be set again.
const STEPS: [&str; 6] = [
    "connected",
    "parked",
    "connected",
    "parked",
    "connected",
    "disconnected",
];

impl Caller {
    pub(super) async fn staged(&mut self) {
        // Nobody else changes this one, and after the first doubt nobody will.
        let target = self.shared.world.stage();
        for state in STEPS {
            let shape = Shape {
                state: Some(state),
                ..Shape::default()
            };
            if !self.step(target, "own state", &shape).await {
                return;
            }
            for _ in 0..self.rng.within(1, 3) {
                if !self
                    .step(target, "after own state", &Shape::default())
                    .await
                {
                    return;
                }
            }
        }
    }

    /// False when what the state is now is in doubt.
    async fn step(&mut self, target: usize, kind: &'static str, shape: &Shape) -> bool {
        // Whoever sends a state must send the queue too, or have it filled.
        let place: Place = self.shared.world.place(target, &mut self.rng);
        let (n, written) = self.patch_at(kind, &place, shape);
        let Some(mut connection) = self.connected().await else {
            self.unsent(n);
            return false;
        };
        let _ = connection.send(&written.whole()).await;
        let Some(answer) = self.receive(n, &mut connection).await else {
            return false;
        };
        self.keep(connection, &answer);
        self.shared.ledger.is_one(n) && self.shared.is_stormy()
    }
}
