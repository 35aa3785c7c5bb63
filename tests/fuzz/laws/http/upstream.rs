use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::wire::{Part, Request};

/// Of everybody who is asked for.
const CONVERSATION: &str =
    r#"{"participants":[{"id":"p1","state":"connected","queue":{"id":"q1"}}]}"#;

/// What came since it was last asked.
#[derive(Debug, Default)]
pub struct Seen {
    pub requests: Vec<Request>,
    /// What no upstream should be sent.
    pub faults: Vec<String>,
}

/// An upstream that reads strictly, answers everything and forgives nothing.
pub struct Upstream {
    pub address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

impl Upstream {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = Arc::clone(&seen);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { address, seen }
    }

    pub fn take(&self) -> Seen {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *seen)
    }
}

/// One connection. An unfinished request at its end is no fault: the caller gave it up.
async fn serve(mut stream: TcpStream, seen: Arc<Mutex<Seen>>) {
    let authority = stream.local_addr().unwrap().to_string();
    let mut bytes = Vec::new();
    loop {
        let (request, length) = match Request::read(&bytes, Some(&authority)) {
            Ok(Part::Whole(request, length)) => (request, length),
            Ok(Part::More) => match stream.read_buf(&mut bytes).await {
                Ok(read) if read > 0 => continue,
                _ => return,
            },
            Err(fault) => {
                let fault = format!("{fault}: {}", bytes.escape_ascii());
                seen.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .faults
                    .push(fault);
                return;
            }
        };
        bytes.drain(..length);
        let body = match (request.is_lookup(), request.method.as_str()) {
            (true, "GET") => CONVERSATION,
            _ => "",
        };
        seen.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .requests
            .push(request);
        let length = body.len();
        let answer =
            format!("HTTP/1.1 200 OK\r\nX-Seen: 1\r\nContent-Length: {length}\r\n\r\n{body}");
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}
