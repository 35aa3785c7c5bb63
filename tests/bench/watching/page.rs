//! Who looks on: the page in somebody's browser, and a scraper that comes more often than any would.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

/// Looks on until the process ends. Nothing is wrong with an operator's listener that goes away.
pub(crate) fn open(admin: SocketAddr) {
    thread::spawn(move || events(admin));
    thread::spawn(move || {
        while get(admin, "/metrics").is_ok() {
            thread::sleep(Duration::from_secs(1));
        }
    });
}

/// Hears events; where there are none it asks for what the page would show.
fn events(admin: SocketAddr) {
    let heard = get(admin, "/events");
    while heard.is_ok() && get(admin, "/repairs").is_ok() {
        thread::sleep(Duration::from_secs(1));
    }
}

/// Reads an answer to its end.
fn get(admin: SocketAddr, path: &str) -> std::io::Result<u64> {
    let mut connection = TcpStream::connect(admin)?;
    let head =
        format!("GET {path} HTTP/1.1\r\nHost: {admin}\r\nAccept: */*\r\nConnection: close\r\n\r\n");
    connection.write_all(head.as_bytes())?;
    let (mut buffer, mut read) = ([0; 16 << 10], 0);
    loop {
        match connection.read(&mut buffer)? {
            0 => return Ok(read),
            more => read += more as u64,
        }
    }
}
