//! Bodies stream, in both directions, with their framing made anew and never from a copy.

use crate::support::{Gateway, Listening, Running};

async fn both() -> (Listening, Running) {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address).start().await;
    (upstream, gateway)
}

#[tokio::test]
async fn the_upstream_sees_a_chunk_before_the_caller_sends_the_next() {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    caller
        .send("POST / HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        .await;
    let mut up = upstream.accept().await;
    assert_eq!(up.head().await.one("transfer-encoding"), Some("chunked"));
    assert_eq!(up.until("one\r\n").await, "3\r\none\r\n");
    caller.send("3\r\ntwo\r\n0\r\n\r\n").await;
    assert_eq!(up.until("0\r\n\r\n").await, "3\r\ntwo\r\n0\r\n\r\n");
}

#[tokio::test]
async fn the_caller_sees_a_chunk_before_the_upstream_sends_the_next() {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    caller.send("GET / HTTP/1.1\r\nHost: p\r\n\r\n").await;
    let mut up = upstream.accept().await;
    up.head().await;
    up.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        .await;
    assert_eq!(
        caller.head().await.one("transfer-encoding"),
        Some("chunked")
    );
    assert_eq!(caller.until("one\r\n").await, "3\r\none\r\n");
    up.send("3\r\ntwo\r\n0\r\n\r\n").await;
    assert_eq!(caller.until("0\r\n\r\n").await, "3\r\ntwo\r\n0\r\n\r\n");
}

#[tokio::test]
async fn a_get_with_a_body_of_unknown_length_keeps_it() {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    caller
        .send("GET / HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")
        .await;
    let mut up = upstream.accept().await;
    up.head().await;
    assert_eq!(up.until("0\r\n\r\n").await, "2\r\n{}\r\n0\r\n\r\n");
}

#[tokio::test]
async fn a_caller_whose_body_is_not_wanted_still_reads_why() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address)
        .with(|config| config.upstreams[0].prefix = "/api".to_owned())
        .start()
        .await;
    let mut caller = gateway.caller().await;
    caller
        .send("POST /nowhere HTTP/1.1\r\nHost: p\r\nContent-Length: 400000\r\n\r\n")
        .await;
    caller.send("x".repeat(100_000)).await;
    caller.stream.readable().await.unwrap();
    // The answer is there, and most callers look for it only when they have sent everything. Had the
    // connection been closed, this would be answered with a reset, and sending would fail.
    for _ in 0..3 {
        caller.send("x".repeat(100_000)).await;
    }
    assert_eq!(caller.message().await.0.status(), 404);
    assert_eq!(caller.rest().await, "");
}

#[tokio::test]
async fn a_truncated_answer_is_visibly_broken() {
    let (upstream, gateway) = both().await;
    for (head, part) in [
        ("Transfer-Encoding: chunked", "5\r\nhello\r\n"),
        ("Content-Length: 10", "hello"),
    ] {
        let mut caller = gateway.caller().await;
        caller.send("GET / HTTP/1.1\r\nHost: p\r\n\r\n").await;
        let mut up = upstream.accept().await;
        up.head().await;
        up.send(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{part}"))
            .await;
        caller.head().await;
        caller.until("hello").await;
        drop(up);
        let rest = caller.rest().await;
        assert!(
            !rest.contains("0\r\n\r\n"),
            "{rest:?} ends as if it were whole"
        );
        assert!(rest.len() < 5, "{rest:?}");
    }
}

#[tokio::test]
async fn an_answer_that_stops_moving_is_cut_off() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address)
        .with(|config| config.timeouts.idle = std::time::Duration::from_millis(50))
        .start()
        .await;
    let mut caller = gateway.caller().await;
    caller.send("GET / HTTP/1.1\r\nHost: p\r\n\r\n").await;
    let mut up = upstream.accept().await;
    up.head().await;
    up.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
        .await;
    caller.head().await;
    assert_eq!(caller.rest().await, "hello");
    assert_eq!(up.rest().await, "", "the upstream's connection ends too");
}
