//! HTTP/1 by hand: a caller that sees every byte, and can misbehave.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longest time until an answer, well above all of the proxy's own deadlines together.
const BOUND: Duration = Duration::from_secs(20);

pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    pub(crate) born: Instant,
    /// Requests that were sent on it.
    pub(crate) used: usize,
    /// The status of the last answer on it.
    pub(crate) last: u16,
    /// What it ended with, where that was an error.
    pub(crate) error: Option<io::ErrorKind>,
    read: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// No whole answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// The connection ended without a byte.
    Silent,
    /// It ended within the head.
    InHead,
    /// It ended within the body.
    InBody,
    /// What came is not HTTP.
    NotHttp,
    /// Neither answer nor end.
    Hangs,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = timeout(BOUND, TcpStream::connect(address)).await??;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            born: Instant::now(),
            used: 0,
            last: 0,
            error: None,
            read: Vec::new(),
        })
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.used += 1;
        self.more(bytes).await
    }

    pub(crate) async fn more(&mut self, bytes: &[u8]) -> io::Result<()> {
        let sent = timeout(BOUND, self.stream.write_all(bytes)).await;
        sent.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    /// What is known of it, for an accusation.
    pub(crate) fn story(&self) -> String {
        let Self {
            used, last, error, ..
        } = self;
        let age = self.born.elapsed();
        format!(
            "on a connection used {used} times in {age:.1?}, last answered {last}, ended by {error:?}"
        )
    }

    /// Ends with a reset instead of an orderly close.
    pub(crate) fn reset(self) {
        let _ = self.stream.set_zero_linger();
    }

    pub(crate) async fn answer(&mut self) -> Result<Answer, Lost> {
        timeout(BOUND, self.read_answer())
            .await
            .unwrap_or(Err(Lost::Hangs))
    }

    async fn read_answer(&mut self) -> Result<Answer, Lost> {
        loop {
            let mut answer = self.read_head().await?;
            // 100 comes before the answer.
            if answer.status != 100 {
                answer.body = self.read_body(&answer).await?;
                self.last = answer.status;
                return Ok(answer);
            }
        }
    }

    async fn read_head(&mut self) -> Result<Answer, Lost> {
        let end = loop {
            let found = self.read.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(at) = found {
                break at + 4;
            }
            if !self.fill().await {
                return Err(if self.read.is_empty() {
                    Lost::Silent
                } else {
                    Lost::InHead
                });
            }
        };
        let head: Vec<u8> = self.read.drain(..end).collect();
        let head = String::from_utf8(head).map_err(|_| Lost::NotHttp)?;
        let status = head.get(..13).filter(|line| line.starts_with("HTTP/1."));
        let status = status.and_then(|line| line.get(9..12)?.parse().ok());
        Ok(Answer {
            status: status.ok_or(Lost::NotHttp)?,
            head,
            body: Vec::new(),
        })
    }

    async fn read_body(&mut self, answer: &Answer) -> Result<Vec<u8>, Lost> {
        if matches!(answer.status, 204 | 304) {
            return Ok(Vec::new());
        }
        if answer.header("transfer-encoding").is_some() {
            return self.read_chunks().await;
        }
        if let Some(length) = answer.header("content-length") {
            return self
                .exactly(length.parse().map_err(|_| Lost::NotHttp)?)
                .await;
        }
        while self.fill().await {}
        Ok(std::mem::take(&mut self.read))
    }

    async fn read_chunks(&mut self) -> Result<Vec<u8>, Lost> {
        let mut body = Vec::new();
        loop {
            let line = loop {
                if let Some(at) = self.read.windows(2).position(|two| two == b"\r\n") {
                    let line: Vec<u8> = self.read.drain(..at + 2).collect();
                    break line;
                }
                if !self.fill().await {
                    return Err(Lost::InBody);
                }
            };
            let size = std::str::from_utf8(&line)
                .ok()
                .and_then(|line| usize::from_str_radix(line.trim(), 16).ok());
            let size = size.ok_or(Lost::NotHttp)?;
            let chunk = self.exactly(size + 2).await?;
            if size == 0 {
                return Ok(body);
            }
            body.extend_from_slice(&chunk[..size]);
        }
    }

    async fn exactly(&mut self, size: usize) -> Result<Vec<u8>, Lost> {
        while self.read.len() < size {
            if !self.fill().await {
                return Err(Lost::InBody);
            }
        }
        Ok(self.read.drain(..size).collect())
    }

    /// False at the end, which a reset is too.
    async fn fill(&mut self) -> bool {
        self.read.reserve(16 << 10);
        match self.stream.read_buf(&mut self.read).await {
            Ok(some) => some > 0,
            Err(error) => {
                self.error = Some(error.kind());
                false
            }
        }
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self
            .head
            .split("\r\n")
            .skip(1)
            .filter_map(|line| line.split_once(':'));
        lines
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }

    /// Whether the connection ends with it.
    pub(crate) fn closes(&self) -> bool {
        self.header("connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"))
            || self.head.starts_with("HTTP/1.0")
    }
}
