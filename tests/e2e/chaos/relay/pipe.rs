//! One connection through the relay.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::piece::{End, GARBAGE, SURPLUS, is_whole, pass, slowly};
use super::plan::Kind;
use crate::rng::Rng;
use crate::shared::Shared;
use crate::world::DENIED;

/// Longer than the proxy waits for an answer.
const STALL: Duration = Duration::from_millis(2_500);

pub(super) struct Pipe {
    shared: Arc<Shared>,
    near: TcpStream,
    far: TcpStream,
    kind: Kind,
    /// Pieces of the kind's own direction that pass before it strikes.
    passing: usize,
    /// Pieces that it still meets, for those that do not end the connection.
    meets: usize,
    rng: Rng,
}

impl Pipe {
    pub(super) fn new(
        shared: Arc<Shared>,
        near: TcpStream,
        far: TcpStream,
        kind: Kind,
        mut rng: Rng,
    ) -> Self {
        let passing = rng.below(8);
        let meets = rng.within(1, 4);
        Self {
            shared,
            near,
            far,
            kind,
            passing,
            meets,
            rng,
        }
    }

    pub(super) async fn run(mut self) -> io::Result<()> {
        let (mut up, mut down) = (vec![0; 32 << 10], vec![0; 32 << 10]);
        let idle = Duration::from_millis(self.rng.within(1, 30).try_into().unwrap());
        // Only between an answer and the next request is a connection idle.
        let mut rests = false;
        loop {
            let dies_idle = matches!(self.kind, Kind::CloseIdle | Kind::ResetIdle)
                && rests
                && self.passing == 0;
            let over = tokio::select! {
                read = self.near.read(&mut up) => match read? {
                    0 => return self.far.shutdown().await,
                    size => {
                        rests = false;
                        self.request(&up[..size]).await
                    }
                },
                read = self.far.read(&mut down) => match read? {
                    0 => return self.near.shutdown().await,
                    size => {
                        rests = true;
                        self.answer(&down[..size]).await
                    }
                },
                () = sleep(idle), if dies_idle => {
                    if self.strikes() && self.kind == Kind::ResetIdle {
                        self.reset();
                    }
                    return Ok(());
                }
            };
            if over.is_err() {
                return Ok(());
            }
        }
    }

    /// Whether it happens now; counts it if so.
    fn strikes(&self) -> bool {
        let strikes = self.shared.is_stormy();
        if strikes {
            self.shared.faults.count(self.kind.name());
        }
        strikes
    }

    fn reset(&self) {
        // Where it fails the connection is gone already.
        let _ = self.near.set_zero_linger();
        let _ = self.far.set_zero_linger();
    }

    async fn pause(&self) {
        // The sender lives as long as `self`.
        let _ = self
            .shared
            .paused
            .subscribe()
            .wait_for(|paused| !paused)
            .await;
    }

    /// Whether this piece is passing. One that isn't meets the fault, if there is one.
    fn spare(&mut self, requests: bool) -> bool {
        let concerns = self.kind.passes() || self.kind.is_of_requests() == requests;
        if self.kind == Kind::None || !concerns {
            return true;
        }
        if self.passing > 0 {
            self.passing -= 1;
            return true;
        }
        if self.kind.passes() {
            if self.meets == 0 {
                return true;
            }
            self.meets -= 1;
        }
        matches!(self.kind, Kind::CloseIdle | Kind::ResetIdle) || !self.strikes()
    }

    async fn request(&mut self, piece: &[u8]) -> Result<(), End> {
        self.watch(piece);
        self.pause().await;
        if self.spare(true) {
            return pass(&mut self.far, piece).await;
        }
        let part = self.rng.below(piece.len());
        match self.kind {
            Kind::ResetInRequest => {
                pass(&mut self.far, &piece[..part]).await?;
                self.reset();
                Err(End)
            }
            Kind::CloseInRequest => {
                pass(&mut self.far, &piece[..part]).await?;
                Err(End)
            }
            Kind::ResetBeforeAnswer => {
                pass(&mut self.far, piece).await?;
                // It must arrive, or this were the same as a reset within the request.
                sleep(Duration::from_millis(1)).await;
                let _ = self.near.set_zero_linger();
                Err(End)
            }
            Kind::StallRequest => {
                sleep(STALL).await;
                pass(&mut self.far, piece).await
            }
            _ => slowly(&mut self.far, piece, self.kind, &mut self.rng).await,
        }
    }

    async fn answer(&mut self, piece: &[u8]) -> Result<(), End> {
        self.pause().await;
        // In the middle of a body it would be a falsified answer that nobody can tell from a true one.
        let fits = match self.kind {
            Kind::Garbage => piece.starts_with(b"HTTP/1.1 "),
            Kind::Surplus => is_whole(piece),
            _ => true,
        };
        if !fits || self.spare(false) {
            return pass(&mut self.near, piece).await;
        }
        let head = piece
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .map_or(piece.len(), |at| at + 4);
        match self.kind {
            Kind::ResetInAnswer => {
                let part = self.rng.below(piece.len());
                pass(&mut self.near, &piece[..part]).await?;
                self.reset();
                Err(End)
            }
            Kind::CutHead => {
                let part = self.rng.below(head);
                pass(&mut self.near, &piece[..part]).await?;
                Err(End)
            }
            Kind::CutBody => {
                let body = piece.len() - head;
                let part = if body > 0 {
                    head + self.rng.below(body)
                } else {
                    head - 1
                };
                pass(&mut self.near, &piece[..part]).await?;
                Err(End)
            }
            Kind::Garbage => {
                let garbage = *self.rng.pick(&GARBAGE);
                pass(&mut self.near, garbage).await?;
                Err(End)
            }
            // In one piece with the answer: whoever looks can see that it belongs to no request.
            Kind::Surplus => pass(&mut self.near, &[piece, SURPLUS].concat()).await,
            Kind::StallAnswer => {
                sleep(STALL).await;
                pass(&mut self.near, piece).await
            }
            _ => slowly(&mut self.near, piece, self.kind, &mut self.rng).await,
        }
    }

    /// A credential that may read nothing must be given nothing.
    fn watch(&self, piece: &[u8]) {
        let has = |text: &str| {
            piece
                .windows(text.len())
                .any(|window| window == text.as_bytes())
        };
        if piece.starts_with(b"PATCH") && has(DENIED) && has("\"state\"") {
            self.shared
                .ledger
                .violate("a request of a denied credential was filled");
        }
    }
}
