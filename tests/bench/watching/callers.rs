//! Closed loops of requests, each on a connection that it keeps.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread;

use crate::upstream::{CONVERSATION, PARTICIPANT};

/// Kinds of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A GET that no rule matches.
    Passed,
    /// A PATCH that a rule matches and that lacks nothing.
    Complete,
    /// A PATCH that is repaired from a snapshot in the cache.
    Repaired,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Passed, Self::Complete, Self::Repaired];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Passed => "GET passed",
            Self::Complete => "PATCH passed",
            Self::Repaired => "PATCH repaired",
        }
    }

    fn request(self) -> String {
        let common = "Host: proxy\r\nAuthorization: Bearer benchmark\r\nUser-Agent: benchmark/1\r\nAccept: */*\r\n";
        match self {
            Self::Passed => format!("GET /api/v2/users/me HTTP/1.1\r\n{common}\r\n"),
            Self::Complete | Self::Repaired => {
                let body = if self == Self::Complete {
                    r#"{"state":"connected","routing":{"queue":{"id":"q"}},"attributes":{"note":"seen"}}"#
                } else {
                    r#"{"attributes":{"note":"seen","priority":"7"}}"#
                };
                let path = format!("{CONVERSATION}/participants/{PARTICIPANT}");
                let about = format!(
                    "Content-Type: application/json\r\nContent-Length: {}",
                    body.len()
                );
                format!("PATCH {path} HTTP/1.1\r\n{common}{about}\r\n\r\n{body}")
            }
        }
    }
}

/// Sends so many requests to each proxy, over so many connections at once, and ends when all are answered as they
/// should. Each caller goes from proxy to proxy, so that whatever else the machine does falls on all of them alike.
pub(crate) fn send(proxies: &[SocketAddr], kind: Kind, requests: usize, connections: usize) {
    thread::scope(|scope| {
        for number in 0..connections {
            // The first ones send what is over.
            let share = (requests + connections - 1 - number) / connections;
            scope.spawn(move || caller(proxies, kind, share));
        }
    });
}

fn caller(proxies: &[SocketAddr], kind: Kind, requests: usize) {
    let mut connections: Vec<_> = proxies.iter().map(|proxy| connect(*proxy)).collect();
    let request = kind.request();
    for _ in 0..requests {
        for (writer, reader) in &mut connections {
            writer.write_all(request.as_bytes()).unwrap();
            check(&answer(reader), kind);
        }
        // Whoever comes later finds the caches as the one before left them.
        connections.rotate_left(1);
    }
}

fn connect(proxy: SocketAddr) -> (TcpStream, BufReader<TcpStream>) {
    let writer = TcpStream::connect(proxy).unwrap();
    writer.set_nodelay(true).unwrap();
    let reader = BufReader::new(writer.try_clone().unwrap());
    (writer, reader)
}

fn check(head: &str, kind: Kind) {
    let well = match kind {
        Kind::Passed => true,
        Kind::Complete => head.contains("outcome=complete"),
        // The first ones look up, or wait for the one that does.
        Kind::Repaired => {
            let mut origins = ["hit", "miss", "shared"].iter();
            let known = |origin| head.contains(&format!("snapshot={origin}"));
            head.contains("outcome=repaired") && origins.any(known)
        }
    };
    assert!(well && head.starts_with("HTTP/1.1 20"), "{head}");
}

/// Reads an answer and returns its head.
fn answer(reader: &mut BufReader<TcpStream>) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        let read = reader.read_line(&mut head).unwrap();
        assert!(read > 0, "the proxy hung up: {head}");
    }
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.parse().unwrap())
    });
    let mut body = vec![0; length.unwrap()];
    reader.read_exact(&mut body).unwrap();
    head
}
