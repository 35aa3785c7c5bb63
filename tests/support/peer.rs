//! One end of a connection, byte by byte. Several test binaries include this file.

#![allow(dead_code, reason = "not every test binary needs every helper")]

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Tests wait for events; this only ends one that waits for what never comes.
const HANG: Duration = Duration::from_secs(20);
/// How long something that must not happen is waited for.
const MOMENT: Duration = Duration::from_millis(50);

/// Waits for what must happen.
pub(crate) async fn within<T>(what: &str, event: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(HANG, event).await;
    waited.unwrap_or_else(|_| panic!("never happened: {what}"))
}

/// The head of a message as it stood on the wire.
#[derive(Debug)]
pub(crate) struct Head(pub(crate) String);

impl Head {
    pub(crate) fn start(&self) -> &str {
        self.0.lines().next().unwrap()
    }

    pub(crate) fn status(&self) -> u16 {
        self.start().split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// The values of a field, in order.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.0
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(':'))
            .filter(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
            .collect()
    }

    pub(crate) fn one(&self, name: &str) -> Option<&str> {
        let all = self.all(name);
        assert!(all.len() < 2, "more than one {name}: {}", self.0);
        all.first().copied()
    }
}

/// One end of a connection.
pub(crate) struct Peer<T = TcpStream> {
    pub(crate) stream: T,
    /// Bytes of a body that the test has yet to read.
    pub(crate) wants: usize,
    read: Vec<u8>,
}

impl Peer {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = within("connect", TcpStream::connect(address)).await;
        Self::new(stream.unwrap())
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Peer<T> {
    pub(crate) fn new(stream: T) -> Self {
        let read = Vec::new();
        let wants = 0;
        Self {
            stream,
            wants,
            read,
        }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    async fn more(&mut self) -> usize {
        let read = within("bytes", self.stream.read_buf(&mut self.read)).await;
        // A reset ends a connection as an end does.
        read.unwrap_or(0)
    }

    /// Reads up to and with `end`.
    pub(crate) async fn until(&mut self, end: &str) -> String {
        String::from_utf8(self.raw_until(end.as_bytes()).await).unwrap()
    }

    /// As [`Self::until`], unless the connection ends before.
    pub(crate) async fn try_until(&mut self, end: &str) -> Option<String> {
        let read = self.try_raw_until(end.as_bytes()).await;
        read.map(|bytes| String::from_utf8(bytes).unwrap())
    }

    /// Reads up to and with `end`, whatever the bytes are.
    pub(crate) async fn raw_until(&mut self, end: &[u8]) -> Vec<u8> {
        let read = self.try_raw_until(end).await;
        read.unwrap_or_else(|| {
            let end = String::from_utf8_lossy(end);
            let before = String::from_utf8_lossy(&self.read);
            panic!("ended before {end:?}: {before:?}")
        })
    }

    async fn try_raw_until(&mut self, end: &[u8]) -> Option<Vec<u8>> {
        loop {
            let at = self.read.windows(end.len()).position(|w| w == end);
            if let Some(at) = at {
                let rest = self.read.split_off(at + end.len());
                return Some(std::mem::replace(&mut self.read, rest));
            }
            if self.more().await == 0 {
                return None;
            }
        }
    }

    pub(crate) async fn head(&mut self) -> Head {
        Head(self.until("\r\n\r\n").await)
    }

    pub(crate) async fn exactly(&mut self, length: usize) -> String {
        String::from_utf8(self.bytes(length).await).unwrap()
    }

    /// So many bytes, whatever they are.
    pub(crate) async fn bytes(&mut self, length: usize) -> Vec<u8> {
        let read = self.try_bytes(length).await;
        read.unwrap_or_else(|| panic!("ended too early"))
    }

    /// As [`Self::bytes`], unless the connection ends before.
    pub(crate) async fn try_bytes(&mut self, length: usize) -> Option<Vec<u8>> {
        while self.read.len() < length {
            if self.more().await == 0 {
                return None;
            }
        }
        let rest = self.read.split_off(length);
        Some(std::mem::replace(&mut self.read, rest))
    }

    /// Whether neither bytes nor the end come for a moment. Only for what must not happen.
    pub(crate) async fn is_silent(&mut self) -> bool {
        let read = self.stream.read_buf(&mut self.read);
        tokio::time::timeout(MOMENT, read).await.is_err()
    }

    /// Everything up to the end of the connection.
    pub(crate) async fn rest(&mut self) -> String {
        while self.more().await > 0 {}
        String::from_utf8(std::mem::take(&mut self.read)).unwrap()
    }

    /// A message with `Content-Length`.
    pub(crate) async fn message(&mut self) -> (Head, String) {
        let (head, body) = self.raw_message().await;
        (head, String::from_utf8(body).unwrap())
    }

    /// A message with `Content-Length` whose body need not be text.
    pub(crate) async fn raw_message(&mut self) -> (Head, Vec<u8>) {
        let head = self.head().await;
        let length = head.one("content-length").unwrap_or("0").parse().unwrap();
        let body = self.bytes(length).await;
        (head, body)
    }

    /// Waits for the next byte; whether there is none, because the connection is over.
    pub(crate) async fn has_ended(&mut self) -> bool {
        self.read.is_empty() && self.more().await == 0
    }
}

/// A listener whose connections are served by hand.
pub(crate) struct Listening {
    listener: TcpListener,
    pub(crate) address: SocketAddr,
}

impl Listening {
    pub(crate) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self { listener, address }
    }

    pub(crate) async fn accept(&self) -> Peer {
        let accepted = within("a connection to the upstream", self.listener.accept()).await;
        Peer::new(accepted.unwrap().0)
    }

    /// Whether somebody connects within a moment. Only for what must not happen.
    pub(crate) async fn is_left_alone(&self) -> bool {
        tokio::time::timeout(MOMENT, self.listener.accept())
            .await
            .is_err()
    }
}
