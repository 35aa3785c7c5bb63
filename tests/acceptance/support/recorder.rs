use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::net::TcpListener;

use super::Peer;
use super::peer::Head;

type Record = Arc<Mutex<Vec<(Head, Vec<u8>)>>>;

/// An upstream on a raw socket: it answers GETs with one conversation and everything else with 202, and
/// records what else came, byte by byte.
pub(crate) struct Recorder {
    pub(crate) address: SocketAddr,
    came: Record,
}

impl Recorder {
    pub(crate) async fn new(conversation: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let came = Record::default();
        let record = Arc::clone(&came);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(Peer::new(stream), conversation, Arc::clone(&record)));
            }
        });
        Self { address, came }
    }

    /// What came since the last time this was asked, lookups aside.
    pub(crate) fn take(&self) -> Vec<(Head, Vec<u8>)> {
        std::mem::take(&mut *self.came.lock().unwrap())
    }
}

async fn serve(mut peer: Peer, conversation: &str, record: Record) {
    while !peer.has_ended().await {
        let (head, body) = peer.raw_message().await;
        if head.start().starts_with("GET ") {
            let length = conversation.len();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
            peer.send(head + conversation).await;
        } else {
            record.lock().unwrap().push((head, body));
            peer.send("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
                .await;
        }
    }
}
