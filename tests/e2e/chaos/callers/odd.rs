//! Callers whose requests are not for repair: refused, or passed on as they came.

use super::exchange::Caller;
use super::request::Shape;
use crate::world::DENIED;

impl Caller {
    /// Bodies that are not understood, and passed on for the API to refuse.
    pub(super) async fn not_json(&mut self) {
        let members = *self.rng.pick(&[
            "'a':1,",
            "\"state\":\"x\",\"state\":\"y\",",
            "\"routing\":7,",
            "\u{feff}",
        ]);
        let (n, written) = self.patch(
            "not JSON",
            &Shape {
                members,
                ..Shape::default()
            },
        );
        self.plainly(n, &written).await;
    }

    /// A credential that may not see the conversation.
    pub(super) async fn denied(&mut self) {
        let token = std::mem::replace(&mut self.token, DENIED.to_owned());
        // Without "state":null, so that the word is in no request that was not filled.
        let shape = Shape {
            members: "\"note\":1,",
            ..Shape::default()
        };
        let (n, written) = self.patch("denied", &shape);
        if self.send_alone(n, &written).await {
            self.shared
                .ledger
                .violate(&format!("request {n} of a denied credential was repaired"));
        }
        self.token = token;
    }

    /// Bodies over the limit: complete ones are carried out, and others refused, as they came.
    pub(super) async fn large(&mut self) {
        let complete = self.rng.chance(60);
        let target = self.shared.world.stage();
        let place = self.shared.world.place(target, &mut self.rng);
        let members = "\"state\":\"alerting\",\"routing\":{\"queue\":{\"id\":\"queue-0001\"}},";
        let members = if complete { members } else { "\"note\":2," };
        let padding = self.rng.within(70_000, 300_000);
        let chunked = self.rng.chance(40);
        // Only what is complete needs the type: nothing is mended here.
        let shape = Shape {
            chunked,
            padding,
            members,
            ..Shape::default()
        };
        let (n, written) = self.patch_at("over the limit", &place, &shape);
        let Some(mut connection) = self.fresh().await else {
            return self.unsent(n);
        };
        let sent = connection.send(&written.whole()).await;
        match connection.answer().await {
            Ok(answer) => drop(self.concluded(n, &answer)),
            // Who is still sending when the answer comes may lose it with the connection.
            Err(lost) => self.lost(n, lost, &connection, sent.is_err()),
        }
    }
}
