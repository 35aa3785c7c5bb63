//! An HTTP/1.1 upstream that counts what reaches it.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::support::{Peer, Running, within};

/// Answers `/ok`; requests for anything else are left waiting.
pub(super) struct Counting {
    pub(super) address: SocketAddr,
    held: watch::Receiver<usize>,
}

impl Counting {
    pub(super) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (count, held) = watch::channel(0);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, count.clone()));
            }
        });
        Self { address, held }
    }

    /// Requests so far that it leaves waiting.
    pub(super) fn held(&self) -> usize {
        *self.held.borrow()
    }

    pub(super) async fn holds(&mut self, count: usize) {
        within(
            "a request upstream",
            self.held.wait_for(|held| *held >= count),
        )
        .await
        .unwrap();
    }
}

async fn serve(mut stream: TcpStream, count: watch::Sender<usize>) {
    let mut read = Vec::new();
    while stream.read_buf(&mut read).await.is_ok_and(|more| more > 0) {
        while let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            let head: Vec<_> = read.drain(..end + 4).collect();
            if head.starts_with(b"GET /ok ") {
                let ok = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
                let _ = stream.write_all(ok).await;
            } else {
                count.send_modify(|held| *held += 1);
            }
        }
    }
}

/// Asserts that another caller is served while all that goes on, and without delay.
pub(super) async fn others_are_served(gateway: &Running) {
    let mut caller = Peer::connect(gateway.address).await;
    caller.send("GET /ok HTTP/1.1\r\nHost: p\r\n\r\n").await;
    let answer = tokio::time::timeout(Duration::from_secs(10), caller.message()).await;
    assert_eq!(answer.unwrap().0.status(), 200);
}
