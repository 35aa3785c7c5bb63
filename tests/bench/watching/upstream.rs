//! An upstream that costs as little as it can: it knows one conversation and says yes to everything else.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

pub(crate) const CONVERSATION: &str = "/api/v2/conversations/9e4e0000-0000-4000-8000-000000000001";
pub(crate) const PARTICIPANT: &str = "9e4e0000-0000-4000-9002-000000000001";

/// Says where it listens and answers until its parent ends.
pub(crate) fn run() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for connection in listener.incoming() {
            thread::spawn(|| serve(connection.unwrap()));
        }
    });
    // The parent's end of it is closed when the parent is gone.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

/// Until the proxy hangs up.
fn serve(connection: TcpStream) -> Option<()> {
    connection.set_nodelay(true).ok()?;
    let mut writer = connection.try_clone().ok()?;
    let mut reader = BufReader::new(connection);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            (reader.read_line(&mut head).ok()? > 0).then_some(())?;
        }
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.parse().ok())?
        });
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body).ok()?;
        let content = if head.starts_with("PATCH") {
            String::new()
        } else {
            format!(
                r#"{{"participants":[{{"id":"{PARTICIPANT}","purpose":"agent","queueId":"9e4e0000-0000-4000-9003-000000000001","calls":[{{"state":"connected"}}]}}]}}"#
            )
        };
        let status = if content.is_empty() {
            "202 Accepted"
        } else {
            "200 OK"
        };
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{content}",
            content.len()
        );
        writer.write_all(answer.as_bytes()).ok()?;
    }
}
