//! Who does not finish a handshake, or never meant to make one.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;

use super::listen::{serving, serving_with};
use super::support::{Authority, Caller, GET, Log, OK};
use crate::support::{Gateway, Listening, within};

#[tokio::test]
async fn plain_http_on_a_port_with_tls_is_told_so() {
    let upstream = Listening::new().await;
    let (gateway, ..) = serving(&upstream).await;
    let mut caller = gateway.caller().await;
    // More than the answer waits for: it must not be lost to a reset.
    caller
        .send(GET.replace("\r\n\r\n", &format!("\r\nX: {}\r\n\r\n", "y".repeat(4000))))
        .await;
    let (head, body) = caller.message().await;
    assert_eq!(head.start(), "HTTP/1.1 400 Bad Request");
    assert_eq!(head.one("connection"), Some("close"));
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["code"], "patchwright.request.plain_http");
    assert_eq!(body["status"], 400);
    assert_eq!(caller.rest().await, "");
    gateway.counted(r#"patchwright_tls_handshakes_total{result="plain_http"} 1"#);
}

#[tokio::test]
async fn plain_http_that_comes_slowly_is_told_so_without_a_reset() {
    let upstream = Listening::new().await;
    let (gateway, ..) = serving(&upstream).await;
    let mut caller = gateway.caller().await;
    caller.send("GET / HT").await;
    caller.head().await;
    // What is written to a closed connection resets it, and the next write fails.
    for part in ["TP/1.1\r\n", "Host: p\r\n", "\r\n"] {
        caller.send(part).await;
        assert!(!caller.is_silent().await, "the answer goes on, or ends");
    }
}

#[tokio::test]
async fn a_handshake_that_is_not_finished_ends_with_the_time_for_a_head_and_blocks_nobody() {
    let upstream = Listening::new().await;
    let (gateway, authority, _files) = serving_with(&upstream, |config| {
        config.timeouts.header_read = Duration::from_millis(200);
    })
    .await;
    // Half a ClientHello, its first byte, and nothing at all.
    let mut slow = Vec::new();
    for beginning in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"\x16",
        b"",
    ] {
        let mut caller = gateway.caller().await;
        caller.send(beginning).await;
        slow.push(caller);
    }
    let mut quick = Caller::trusting(&authority).peer(gateway.address).await;
    quick.send(GET).await;
    let mut up = upstream.accept().await;
    up.head().await;
    up.send(OK).await;
    assert_eq!(quick.message().await.1, "ok");
    for mut caller in slow {
        assert!(caller.has_ended().await);
    }
    gateway.counted(r#"patchwright_tls_handshakes_total{result="timeout"} 3"#);
}

#[tokio::test]
async fn the_head_has_what_the_handshake_left_of_its_time() {
    let upstream = Listening::new().await;
    let (gateway, authority, _files) = serving_with(&upstream, |config| {
        config.timeouts.header_read = Duration::from_millis(200);
    })
    .await;
    let mut caller = Caller::trusting(&authority).peer(gateway.address).await;
    caller.send("GET / HT").await;
    assert_eq!(caller.message().await.0.status(), 408);
}

#[tokio::test]
async fn a_connection_counts_from_before_its_handshake() {
    let upstream = Listening::new().await;
    let (gateway, authority, _files) =
        serving_with(&upstream, |config| config.limits.connections = 1).await;
    let silent = gateway.caller().await;
    let caller = Caller::trusting(&authority);
    let mut next = Box::pin(caller.connect(gateway.address));
    let moment = tokio::time::timeout(Duration::from_millis(50), &mut next);
    assert!(moment.await.is_err(), "there is only one place");
    drop(silent);
    next.await.unwrap();
}

#[tokio::test]
async fn garbage_is_refused_and_the_next_caller_served() {
    let upstream = Listening::new().await;
    let (gateway, authority, _files) = serving(&upstream).await;
    let long = vec![0x16; 100_000];
    for garbage in [
        &b"\x16\x03\x01\x00\x05hello"[..],
        b"\x80\x2e\x01\x00\x02",
        b"\0\0\0\0\0\0",
        &long,
    ] {
        let mut caller = gateway.caller().await;
        // What is too much for it may be refused before it is all written.
        let _ = caller.stream.write_all(garbage).await;
        within("the end", async {
            while !caller.has_ended().await {
                caller.bytes(1).await;
            }
        })
        .await;
    }
    gateway.counted(r#"patchwright_tls_handshakes_total{result="invalid"} 4"#);
    Caller::trusting(&authority)
        .connect(gateway.address)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_caller_that_does_not_trust_us_is_counted_as_such() {
    let upstream = Listening::new().await;
    let (gateway, ..) = serving(&upstream).await;
    let log = Log::here();
    let caller = Caller::trusting(&Authority::new());
    caller.connect(gateway.address).await.unwrap_err();
    log.has("it does not accept the certificate of listen.tls")
        .await;
    gateway.counted(r#"patchwright_tls_handshakes_total{result="refused_certificate"} 1"#);
}

#[tokio::test]
async fn tls_on_a_port_without_it_ends_with_a_hint_in_the_log() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address).start().await;
    let log = Log::here();
    let caller = Caller::trusting(&Authority::new());
    caller.connect(gateway.address).await.unwrap_err();
    log.has("the caller speaks TLS to a port without it").await;
    assert_eq!(log.text().matches("speaks TLS").count(), 1);
}
