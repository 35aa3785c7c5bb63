//! Pieces of what goes through the relay.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::plan::Kind;
use crate::rng::Rng;

pub(super) const GARBAGE: [&[u8]; 5] = [
    b"\x00\xff\x16\x03\x01 this is not HTTP\r\n\r\n",
    b"HTTP/1.1 999999 Much\r\n\r\n",
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nabcdefg",
    b"HTTP/1.1 200 OK\r\nX-Chaos: \x01\x00\r\nContent-Length: 0\r\n\r\n",
];
pub(super) const SURPLUS: &[u8] =
    b"HTTP/1.1 200 OK\r\nX-Chaos: surplus\r\nContent-Length: 2\r\n\r\n{}";

/// The connection is over.
pub(super) struct End;

/// Whether the piece is one answer from its first byte to its last.
pub(super) fn is_whole(piece: &[u8]) -> bool {
    let text = String::from_utf8_lossy(piece).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .split("\r\ncontent-length:")
        .nth(1)
        .and_then(|rest| rest.lines().next()?.trim().parse().ok());
    head.starts_with("http/1.1 ") && length == Some(body.len())
}

pub(super) async fn pass(to: &mut TcpStream, piece: &[u8]) -> Result<(), End> {
    to.write_all(piece).await.map_err(|_| End)
}

pub(super) async fn slowly(
    to: &mut TcpStream,
    piece: &[u8],
    kind: Kind,
    rng: &mut Rng,
) -> Result<(), End> {
    if kind == Kind::Delay {
        sleep(Duration::from_millis(
            rng.within(5, 150).try_into().unwrap(),
        ))
        .await;
        return pass(to, piece).await;
    }
    // The first hundred: the head's end and the body's are what matters.
    let split = piece.len().saturating_sub(100);
    pass(to, &piece[..split]).await?;
    for few in piece[split..].chunks(rng.within(1, 7)) {
        pass(to, few).await?;
        tokio::task::yield_now().await;
        if rng.chance(20) {
            sleep(Duration::from_millis(1)).await;
        }
    }
    Ok(())
}
