//! Callers without manners. Nothing they do may harm others, hang, or be done twice.

use std::time::Duration;

use tokio::time::sleep;

use super::exchange::Caller;
use super::request::Shape;
use crate::ledger::Expect;
use crate::rng::content;
use crate::wire::Lost;

impl Caller {
    /// Hangs up before, within or after its request, or within the answer.
    pub(super) async fn hang_up(&mut self) {
        let chunked = self.rng.chance(30);
        let (n, written) = self.patch(
            "hangs up",
            &Shape {
                chunked,
                ..Shape::default()
            },
        );
        let Some(mut connection) = self.fresh().await else {
            return self.unsent(n);
        };
        let (head, whole) = (written.head.len(), written.whole());
        let (part, told) = match self.rng.below(5) {
            0 => (0, "hung up before"),
            1 => (self.rng.below(head), "hung up in its head"),
            2 => (
                head + self.rng.below(written.body.len()),
                "hung up in its body",
            ),
            3 => (whole.len(), "hung up after"),
            _ => (whole.len(), "hung up later"),
        };
        let _ = connection.send(&whole[..part]).await;
        if told == "hung up later" {
            sleep(Duration::from_millis(
                self.rng.below(20).try_into().unwrap(),
            ))
            .await;
        }
        if self.rng.chance(50) {
            connection.reset();
        }
        // An incomplete request is none.
        let expect = if part < whole.len() {
            Expect::Zero
        } else {
            Expect::AtMostOne
        };
        self.shared.ledger.close(n, expect, told, 0);
    }

    /// Sends what is no HTTP. It is refused or cut off, and never answered as if it were.
    pub(super) async fn garbage(&mut self) {
        let random = content(self.rng.draw(), 300);
        let pieces: [&[u8]; 7] = [
            &random,
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            b"GET /api/v2/x HTTP/9.9\r\n\r\n",
            b"PATCH\r\n\r\n",
            b"GET /api/v2/x HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
            b"GET /api/v2/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"PATCH /api/v2/conversations/a/participants/b HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 2\r\n\r\n{}",
        ];
        let piece = *self.rng.pick(&pieces);
        let Some(mut connection) = self.fresh().await else {
            return;
        };
        let _ = connection.send(piece).await;
        let told = match connection.answer().await {
            Ok(answer) if (400..600).contains(&answer.status) => "refused",
            Ok(answer) => {
                self.shared
                    .ledger
                    .violate(&format!("garbage was answered: {answer:?}"));
                "a lie"
            }
            Err(Lost::Hangs) => {
                self.shared
                    .ledger
                    .violate("garbage is neither answered nor cut off");
                "hangs"
            }
            Err(_) => "cut off",
        };
        self.shared.ledger.count("garbage", told);
    }

    /// Heads of all sizes, also far over the limit.
    pub(super) async fn huge_head(&mut self) {
        let size = *self.rng.pick(&[1_000, 8_000, 30_000, 70_000, 200_000]);
        let extra = format!("X-Padding: {}\r\n", "x".repeat(size));
        let (n, written) = self.patch(
            "huge head",
            &Shape {
                extra,
                ..Shape::default()
            },
        );
        let Some(mut connection) = self.fresh().await else {
            return self.unsent(n);
        };
        let sent = connection.send(&written.whole()).await;
        match connection.answer().await {
            Ok(answer) => drop(self.concluded(n, &answer)),
            // It is refused while it is still being sent, and may lose the refusal with the connection.
            Err(lost) => self.lost(n, lost, &connection, sent.is_err() || size > 60_000),
        }
    }
}
