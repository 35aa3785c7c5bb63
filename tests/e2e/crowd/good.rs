//! The callers that nobody may harm.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::MissedTickBehavior;

use super::paths;

const CALLERS: usize = 8;
/// Of one caller: 800 requests a second in all, well below what one core can do.
const EVERY: Duration = Duration::from_millis(10);

/// Sends `requests` and says how long the answers took.
pub(crate) async fn measure(proxy: SocketAddr, requests: usize) -> String {
    let callers: Vec<_> = (0..CALLERS)
        .map(|number| tokio::spawn(caller(proxy, number, requests / CALLERS)))
        .collect();
    let (mut times, mut failures) = (Vec::new(), Vec::new());
    for caller in callers {
        match caller.await.unwrap() {
            Ok(some) => times.extend(some),
            Err(failure) => failures.push(failure.to_string()),
        }
    }
    times.sort_unstable();
    let at = |share: usize| {
        let last = times.len().saturating_sub(1);
        times
            .get(last * share / 1000)
            .map_or(0, Duration::as_micros)
    };
    format!(
        r#"{{"answers":{},"failures":{failures:?},"p50":{},"p99":{},"max":{}}}"#,
        times.len(),
        at(500),
        at(990),
        at(1000),
    )
}

async fn caller(proxy: SocketAddr, number: usize, requests: usize) -> io::Result<Vec<Duration>> {
    let mut stream = TcpStream::connect(proxy).await?;
    stream.set_nodelay(true)?;
    let (conversation, participant) = paths(number);
    let mut times = Vec::with_capacity(requests);
    let mut read = Vec::new();
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for turn in 0..requests {
        let (start, body, wanted) = if turn % 4 == 0 {
            (format!("GET {conversation}"), String::new(), "200")
        } else {
            let body = format!(r#"{{"attributes":{{"turn":"{turn}"}}}}"#);
            (format!("PATCH {participant}"), body, "202")
        };
        let request = format!(
            "{start} HTTP/1.1\r\nHost: p\r\nAuthorization: Bearer e2e\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        ticks.tick().await;
        let sent = Instant::now();
        stream.write_all(request.as_bytes()).await?;
        let status = answer(&mut stream, &mut read).await?;
        times.push(sent.elapsed());
        if status != wanted {
            return Err(io::Error::other(format!("{start}: {status}")));
        }
    }
    Ok(times)
}

/// Reads one answer and returns its status.
pub(crate) async fn answer(stream: &mut TcpStream, read: &mut Vec<u8>) -> io::Result<String> {
    read.clear();
    loop {
        if stream.read_buf(read).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |length| length.parse().unwrap());
        let missing = (end + 4 + length).saturating_sub(read.len());
        stream.read_exact(&mut vec![0; missing]).await?;
        return Ok(head.get(9..12).unwrap_or_default().to_owned());
    }
}
