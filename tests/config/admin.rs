//! The subcommands that ask a running proxy, without one.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use crate::{GOOD, file, patchwright, with_env};

/// Answers one request with `status` and hands out its head.
fn answer_once(status: &'static str) -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8(head).unwrap()
    });
    (address, server)
}

/// The head of what the server was asked, which must have happened by now.
fn asked(address: &str, server: thread::JoinHandle<String>) -> String {
    // A server that still waits gets a caller that says nothing, and fails instead of hanging.
    drop(TcpStream::connect(address));
    server.join().unwrap()
}

#[test]
fn healthcheck_says_by_its_exit_code_what_the_admin_listener_answers() {
    for (status, code, says) in [
        ("200 OK", 0, ""),
        ("204 No Content", 0, ""),
        ("503 Service Unavailable", 1, "/healthz: answered 503"),
    ] {
        let (address, server) = answer_once(status);
        let ran = patchwright(&["healthcheck", "--admin", &address]);
        assert_eq!(ran.code, code, "{}", ran.stderr);
        assert!(ran.stderr.contains(says), "{}", ran.stderr);
        let head = asked(&address, server);
        assert!(head.starts_with("GET /healthz HTTP/1.1\r\n"), "{head}");
    }
}

#[test]
fn healthcheck_asks_whether_it_takes_requests_with_ready() {
    let (address, server) = answer_once("503 Service Unavailable");
    let ran = patchwright(&["healthcheck", "--ready", "--admin", &address]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("/readyz: answered 503"),
        "{}",
        ran.stderr
    );
    let head = asked(&address, server);
    assert!(head.starts_with("GET /readyz HTTP/1.1\r\n"), "{head}");
}

#[test]
fn healthcheck_finds_the_address_in_the_proxys_own_environment() {
    let (address, server) = answer_once("503 Service Unavailable");
    let ran = with_env(
        &["healthcheck"],
        &[("PATCHWRIGHT__ADMIN__ADDRESS", &address)],
    );
    assert!(ran.stderr.contains("answered 503"), "{}", ran.stderr);
    asked(&address, server);
}

#[test]
fn healthcheck_fails_where_nothing_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let ran = patchwright(&["healthcheck", "--admin", &address]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("/healthz: "), "{}", ran.stderr);
}

#[test]
fn report_says_why_there_is_none_and_how_to_find_the_address() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let ran = patchwright(&["report", "--admin", &format!("http://{address}")]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    let says = format!("http://{address}/report: ");
    assert!(
        ran.stderr.contains(&says) && ran.stderr.contains("admin listening on"),
        "{}",
        ran.stderr
    );

    let (address, server) = answer_once("404 Not Found");
    let ran = with_env(&["report"], &[("PATCHWRIGHT__ADMIN__ADDRESS", &address)]);
    assert!(
        ran.code == 1 && ran.stderr.contains("answered 404"),
        "{}",
        ran.stderr
    );
    let head = asked(&address, server);
    assert!(head.starts_with("GET /report HTTP/1.1\r\n"), "{head}");

    let (address, server) = answer_once("200 OK");
    let (_folder, name) = file(&format!("{GOOD}[admin]\naddress = \"{address}\"\n"));
    let ran = patchwright(&["report", "--config", &name]);
    assert!(
        ran.code == 1 && ran.stderr.contains("can't be read"),
        "{}",
        ran.stderr
    );
    asked(&address, server);

    let (_folder, name) = file(&format!("{GOOD}[admin]\naddress = \"127.0.0.1:0\"\n"));
    let ran = patchwright(&["report", "--config", &name]);
    assert!(
        ran.code == 2 && ran.stderr.contains("port 0"),
        "{}",
        ran.stderr
    );
}
