//! An upstream that answers well, but for one kind of request.

use std::sync::{Arc, Mutex};

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use super::rows::{Row, Step};
use crate::support::{Peer, within};

/// What every good lookup reads.
pub(super) const CONVERSATION: &str =
    r#"{"participants":[{"id":"p1","queueId":"q1","messages":[{"state":"connected"}]}]}"#;

pub(super) struct Faulty {
    pub(super) address: std::net::SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    row: Row,
    /// The method of the requests that the fault meets.
    method: &'static str,
    /// How many connections are good where the fault comes before any request.
    first: usize,
    log: Mutex<Log>,
}

#[derive(Default)]
struct Log {
    healed: bool,
    connections: usize,
    /// Methods.
    requests: Vec<String>,
    /// How many connections met the fault.
    struck: usize,
    /// How many of those are over.
    over: usize,
    /// What came on those afterwards.
    surplus: Vec<u8>,
}

impl Faulty {
    pub(super) async fn new(row: Row, method: &'static str, first: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            row,
            method,
            first,
            log: Mutex::default(),
        });
        let serving = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&serving);
                let number = {
                    let mut log = shared.log.lock().unwrap();
                    log.connections += 1;
                    log.connections
                };
                tokio::spawn(async move { shared.serve(Peer::new(stream), number).await });
            }
        });
        Self { address, shared }
    }

    /// From now on everything is answered well.
    pub(super) fn heal(&self) {
        self.shared.log.lock().unwrap().healed = true;
    }

    /// How many requests with this method came.
    pub(super) fn saw(&self, method: &str) -> usize {
        let log = self.shared.log.lock().unwrap();
        log.requests.iter().filter(|came| *came == method).count()
    }

    /// Connections that met the fault.
    pub(super) fn struck(&self) -> usize {
        self.shared.log.lock().unwrap().struck
    }

    /// Waits until the connections that met the fault are over, and says what else came on them.
    pub(super) async fn surplus(&self) -> Vec<u8> {
        within("the end of the connections", async {
            loop {
                {
                    let log = self.shared.log.lock().unwrap();
                    if log.over == log.struck {
                        return log.surplus.clone();
                    }
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    }
}

impl Shared {
    async fn serve(&self, mut peer: Peer, number: usize) {
        if self.row.at_accept && number > self.first && self.strikes() {
            return self.struck(&mut peer).await;
        }
        while !peer.has_ended().await {
            let head = peer.head().await;
            let method = head.start().split(' ').next().unwrap().to_owned();
            let meets = !self.row.at_accept && method == self.method;
            self.log.lock().unwrap().requests.push(method);
            let body = head.one("content-length").unwrap_or("0");
            if meets && self.strikes() {
                peer.wants = body.parse().unwrap();
                return self.struck(&mut peer).await;
            }
            peer.bytes(body.parse().unwrap()).await;
            let is_read = head.start().starts_with("GET ");
            let (status, body) = if is_read {
                ("200 OK", CONVERSATION)
            } else {
                ("202 Accepted", "")
            };
            let close = if self.row.at_accept {
                "Connection: close\r\n"
            } else {
                ""
            };
            let length = body.len();
            let answer =
                format!("HTTP/1.1 {status}\r\n{close}Content-Length: {length}\r\n\r\n{body}");
            peer.send(answer).await;
            if self.row.at_accept {
                return;
            }
        }
    }

    fn strikes(&self) -> bool {
        let mut log = self.log.lock().unwrap();
        if !log.healed {
            log.struck += 1;
        }
        !log.healed
    }

    async fn struck(&self, peer: &mut Peer) {
        self.run(peer).await;
        self.log.lock().unwrap().over += 1;
    }

    /// Goes through the fault. The proxy may end the connection at any time.
    async fn run(&self, peer: &mut Peer) {
        for step in &self.row.steps {
            match step {
                Step::Body => {
                    let wants = std::mem::take(&mut peer.wants);
                    peer.bytes(wants).await;
                }
                Step::Send(bytes) => drop(peer.stream.write_all(bytes).await),
                Step::Drip(bytes) => {
                    for byte in bytes.iter().cycle() {
                        if peer.stream.write_all(&[*byte]).await.is_err() {
                            return;
                        }
                        tokio::time::sleep(super::DRIP).await;
                    }
                }
                Step::Flood(bytes) => while peer.stream.write_all(bytes).await.is_ok() {},
                Step::HalfClose => drop(peer.stream.shutdown().await),
                Step::Reset => drop(peer.stream.set_zero_linger()),
                Step::Hold => {
                    let unread = std::mem::take(&mut peer.wants);
                    let rest = peer.rest().await;
                    let surplus = rest.as_bytes().get(unread..).unwrap_or_default();
                    self.log.lock().unwrap().surplus.extend_from_slice(surplus);
                }
            }
        }
    }
}
