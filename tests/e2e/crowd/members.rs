//! The crowd: connections that are held.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::good::answer;
use super::paths;

/// Between the bytes of the slow ones.
const SLOWLY: Duration = Duration::from_secs(1);
/// Connecting at a time: more than any backlog would only measure lost packets.
const AT_A_TIME: usize = 64;

/// How many of each kind.
pub(crate) struct Numbers {
    pub(crate) idle: usize,
    pub(crate) heads: usize,
    pub(crate) bodies: usize,
    pub(crate) readers: usize,
}

#[derive(Clone, Copy)]
enum Kind {
    Silent,
    IdleAfterOne,
    SlowHead,
    SlowBody,
    SlowReader,
}

pub(crate) struct Crowd {
    proxy: SocketAddr,
    members: JoinSet<()>,
    expected: usize,
    connected: Arc<AtomicUsize>,
    failed: Arc<AtomicUsize>,
    held: Arc<AtomicUsize>,
}

impl Crowd {
    pub(crate) fn new(proxy: SocketAddr) -> Self {
        Self {
            proxy,
            members: JoinSet::new(),
            expected: 0,
            connected: Arc::default(),
            failed: Arc::default(),
            held: Arc::default(),
        }
    }

    pub(crate) fn gather(&mut self, numbers: &Numbers) -> String {
        let connecting = Arc::new(Semaphore::new(AT_A_TIME));
        let kinds = [
            (Kind::Silent, numbers.idle / 2),
            (Kind::IdleAfterOne, numbers.idle - numbers.idle / 2),
            (Kind::SlowHead, numbers.heads),
            (Kind::SlowBody, numbers.bodies),
            (Kind::SlowReader, numbers.readers),
        ];
        for (kind, count) in kinds {
            self.expected += count;
            for number in 0..count {
                let (proxy, connecting) = (self.proxy, Arc::clone(&connecting));
                let connected = Arc::clone(&self.connected);
                let (failed, held) = (Arc::clone(&self.failed), Arc::clone(&self.held));
                self.members.spawn(async move {
                    let turn = connecting.acquire().await;
                    let begun = begin(kind, proxy, number).await;
                    drop(turn);
                    let counter = if begun.is_ok() { &connected } else { &failed };
                    counter.fetch_add(1, Ordering::Relaxed);
                    if let Ok(stream) = begun {
                        let noticing = !matches!(kind, Kind::SlowReader);
                        held.fetch_add(usize::from(noticing), Ordering::Relaxed);
                        // However it ends, it has ended.
                        let _ = stay(kind, stream).await;
                        held.fetch_sub(usize::from(noticing), Ordering::Relaxed);
                    }
                });
            }
        }
        r#"{"gathering":true}"#.to_owned()
    }

    pub(crate) async fn gathered(&self) -> String {
        loop {
            let connected = self.connected.load(Ordering::Relaxed);
            let failed = self.failed.load(Ordering::Relaxed);
            if connected + failed == self.expected {
                return format!(r#"{{"connected":{connected},"failed":{failed}}}"#);
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) fn held(&self) -> String {
        format!(r#"{{"held":{}}}"#, self.held.load(Ordering::Relaxed))
    }

    pub(crate) async fn leave(&mut self) -> String {
        self.members.shutdown().await;
        *self = Self::new(self.proxy);
        r#"{"left":true}"#.to_owned()
    }
}

/// Connects, and does what is done at once.
async fn begin(kind: Kind, proxy: SocketAddr, number: usize) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    if matches!(kind, Kind::SlowReader) {
        socket.set_recv_buffer_size(4096)?;
    }
    let mut stream = socket.connect(proxy).await?;
    let (conversation, participant) = paths(number);
    let common = "Host: p\r\nAuthorization: Bearer e2e\r\n";
    match kind {
        Kind::Silent => {}
        Kind::IdleAfterOne => {
            let request = format!("GET {conversation} HTTP/1.1\r\n{common}\r\n");
            stream.write_all(request.as_bytes()).await?;
            answer(&mut stream, &mut Vec::new()).await?;
        }
        Kind::SlowHead => {
            let head = format!("GET {conversation} HTTP/1.1\r\n{common}X: ");
            stream.write_all(head.as_bytes()).await?;
        }
        Kind::SlowBody => {
            let head =
                format!("PATCH {participant} HTTP/1.1\r\n{common}Content-Length: 4000\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
        }
        Kind::SlowReader => {
            let head = format!("GET /large HTTP/1.1\r\n{common}\r\n");
            stream.write_all(head.as_bytes()).await?;
        }
    }
    Ok(stream)
}

/// Goes on until the proxy hangs up.
async fn stay(kind: Kind, mut stream: TcpStream) -> io::Result<()> {
    let mut byte = [0; 1];
    match kind {
        Kind::Silent | Kind::IdleAfterOne => while stream.read(&mut byte).await? > 0 {},
        Kind::SlowReader => {
            while stream.read(&mut byte).await? > 0 {
                sleep(SLOWLY).await;
            }
        }
        Kind::SlowHead | Kind::SlowBody => {
            let (mut reading, mut writing) = stream.split();
            let writes = async {
                while writing.write_all(b" ").await.is_ok() {
                    sleep(SLOWLY).await;
                }
            };
            // What it is told is not what it is here for.
            let reads = async { tokio::io::copy(&mut reading, &mut tokio::io::sink()).await };
            tokio::select! {
                () = writes => {}
                read = reads => { read?; }
            }
        }
    }
    Ok(())
}
