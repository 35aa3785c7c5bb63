//! Callers who read.

use super::exchange::Caller;
use super::request::{self, Shape};
use crate::world::World;

impl Caller {
    /// True when a PATCH, a GET and one of what streams through succeed.
    pub(super) async fn quiet(&mut self) -> bool {
        let (n, written) = self.patch("quiet", &Shape::default());
        if !self.plainly(n, &written).await {
            return false;
        }
        let streams = self.rng.chance(50);
        self.shared.ledger.is_one(n)
            && self.get_one().await
            && if streams {
                self.download_one().await
            } else {
                self.upload_one().await
            }
    }

    /// Reads conversations.
    pub(super) async fn get(&mut self) {
        for _ in 0..self.rng.within(1, 6) {
            if !self.get_one().await {
                return;
            }
        }
    }

    async fn get_one(&mut self) -> bool {
        let target = World::drifting(&mut self.rng);
        let place = self.shared.world.place(target, &mut self.rng);
        let conversation = &self.shared.world.target(target).conversation;
        let path = format!("{}/{conversation}", place.family);
        let written = request::write("GET", &path, &self.token, "1.1", "", false, Vec::new());
        let wanted = conversation.clone();
        let Some(mut connection) = self.connected().await else {
            return false;
        };
        let _ = connection.send(&written.head).await;
        let Some(answer) = self.read(&mut connection, "read").await else {
            return false;
        };
        let succeeded = answer.status == 200;
        if succeeded {
            let body: Option<serde_json::Value> = serde_json::from_slice(&answer.body).ok();
            if body.is_none_or(|body| body["id"] != wanted.as_str()) {
                self.shared
                    .ledger
                    .violate(&format!("a GET of {wanted} got something else: {answer:?}"));
            }
        }
        self.keep(connection, &answer);
        succeeded
    }
}
