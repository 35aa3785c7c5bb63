//! Bounds in number, size and time.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;

use crate::support::{Gateway, Listening, Peer};

const GET: &str = "GET / HTTP/1.1\r\nHost: p\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const SHORT: Duration = Duration::from_millis(120);

#[tokio::test]
async fn more_requests_than_allowed_are_503_until_an_answer_has_ended() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address)
        .with(|config| config.limits.concurrency = 1)
        .start()
        .await;
    let (mut first, mut second) = (gateway.caller().await, gateway.caller().await);
    first.send(GET).await;
    let mut up = upstream.accept().await;
    up.head().await;
    up.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")
        .await;
    first.until("\r\n\r\no").await;
    // The head is out and the body is not: the place is taken still.
    gateway.counted("patchwright_in_flight 1");
    second.send(GET).await;
    let (head, body) = second.message().await;
    assert_eq!((head.status(), head.one("retry-after")), (503, Some("1")));
    assert!(body.contains("patchwright.overloaded"), "{body}");
    up.send("k").await;
    first.exactly(1).await;
    second.send(GET).await;
    up.head().await;
    up.send(OK).await;
    assert_eq!(second.message().await.0.status(), 200);
}

#[tokio::test]
async fn more_connections_than_allowed_wait_for_a_place() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address)
        .with(|config| config.limits.connections = 1)
        .start()
        .await;
    let mut first = gateway.caller().await;
    first.send(GET).await;
    let mut up = upstream.accept().await;
    up.head().await;
    let mut second = gateway.caller().await;
    second.send("GET /second HTTP/1.1\r\nHost: p\r\n\r\n").await;
    assert!(upstream.is_left_alone().await);
    up.send(OK).await;
    first.message().await;
    drop(first);
    assert_eq!(up.head().await.start(), "GET /second HTTP/1.1");
}

#[tokio::test]
async fn a_head_that_comes_too_slowly_is_408() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address)
        .with(|config| config.timeouts.header_read = SHORT)
        .start()
        .await;
    let mut caller = gateway.caller().await;
    caller.send("GET / HTTP/1.1\r\nHost: p\r\n").await;
    let (head, body) = caller.message().await;
    assert_eq!(
        (head.status(), head.one("connection")),
        (408, Some("close"))
    );
    assert!(body.contains("patchwright.request.timeout"), "{body}");
    assert_eq!(caller.rest().await, "");

    // On a connection that has served a request already, from the first byte of the next.
    let mut caller = gateway.caller().await;
    caller.send(GET).await;
    let mut up = upstream.accept().await;
    up.head().await;
    tokio::time::sleep(SHORT * 2).await;
    up.send(OK).await;
    assert_eq!(caller.message().await.0.status(), 200);
    caller.send("GET").await;
    assert_eq!(caller.head().await.status(), 408);
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed_silently() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address)
        .with(|config| config.timeouts.header_read = SHORT)
        .start()
        .await;
    assert_eq!(gateway.caller().await.rest().await, "");
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_its_next_head_has_its_own_time() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address)
        .with(|config| {
            config.timeouts.header_read = SHORT;
            config.timeouts.idle = SHORT * 8;
        })
        .start()
        .await;
    let mut caller = gateway.caller().await;
    caller.send(GET).await;
    let mut up = upstream.accept().await;
    up.head().await;
    up.send(OK).await;
    caller.message().await;
    // Longer than a head may take, shorter than a connection may be idle.
    tokio::time::sleep(SHORT * 3).await;
    caller.send(GET).await;
    up.head().await;
    up.send(OK).await;
    assert_eq!(caller.message().await.0.status(), 200);
    assert_eq!(caller.rest().await, "");
}

#[tokio::test]
async fn a_head_that_is_too_large_is_431() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address)
        .with(|config| config.limits.header_bytes = 8192)
        .start()
        .await;
    let mut caller = gateway.caller().await;
    let long = "x".repeat(10_000);
    caller
        .send(format!("GET / HTTP/1.1\r\nHost: p\r\nX: {long}\r\n\r\n"))
        .await;
    assert!(caller.rest().await.starts_with("HTTP/1.1 431"));
    assert!(upstream.is_left_alone().await);
}

#[tokio::test]
async fn a_caller_that_stops_reading_is_given_up() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address)
        .with(|config| config.timeouts.idle = Duration::from_millis(300))
        .start()
        .await;
    let mut caller = gateway.caller().await;
    caller.send(GET).await;
    let mut up = upstream.accept().await;
    up.head().await;
    up.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        .await;
    let block = vec![b'x'; 1 << 20];
    // It ends when the proxy has given the caller up, and the upstream with it.
    crate::support::within("the end of the answer", async {
        while up.stream.write_all(&block).await.is_ok() {}
    })
    .await;
    drop(caller);
}

#[tokio::test]
async fn a_caller_that_closes_its_sending_side_still_gets_its_answer() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address).start().await;
    let mut caller: Peer = gateway.caller().await;
    caller.send(GET).await;
    caller.stream.shutdown().await.unwrap();
    let mut up = upstream.accept().await;
    up.head().await;
    up.send(OK).await;
    assert!(caller.rest().await.ends_with("ok"));
}
