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
async fn announced_trailers_pass_both_ways_without_framing_fields() {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    caller
        .send(
            "POST / HTTP/1.1\r\nHost: p\r\nTE: trailers\r\nConnection: te\r\nTrailer: X-Sum, X-Other\r\n\
             Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\nContent-Length: 9\r\n\r\n",
        )
        .await;
    let mut up = upstream.accept().await;
    let head = up.head().await;
    assert_eq!(head.one("te"), Some("trailers"));
    assert_eq!(head.one("connection"), Some("te"));
    let body = up.until("\r\n\r\n").await;
    assert_eq!(body.to_ascii_lowercase(), "1\r\na\r\n0\r\nx-sum: 1\r\n\r\n");
    up.send(
        "HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nb\r\n0\r\n\
         X-Sum: 2\r\nX-Unannounced: 3\r\n\r\n",
    )
    .await;
    caller.head().await;
    let body = caller.until("\r\n\r\n").await;
    assert_eq!(body.to_ascii_lowercase(), "1\r\nb\r\n0\r\nx-sum: 2\r\n\r\n");
}

#[tokio::test]
async fn a_hundred_continue_comes_from_here_and_only_when_the_body_is_wanted() {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    caller
        .send("PUT / HTTP/1.1\r\nHost: p\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        .await;
    let mut up = upstream.accept().await;
    assert_eq!(caller.head().await.status(), 100);
    caller.send("ok").await;
    let (head, body) = up.message().await;
    assert_eq!((head.one("expect"), body.as_str()), (None, "ok"));

    drop(upstream);
    let mut caller = gateway.caller().await;
    caller
        .send("PUT / HTTP/1.1\r\nHost: p\r\nExpect: something\r\nContent-Length: 2\r\n\r\n")
        .await;
    assert_eq!(caller.head().await.status(), 417);
}

#[tokio::test]
async fn an_answer_before_the_end_of_the_request_gets_through() {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    caller
        .send("POST / HTTP/1.1\r\nHost: p\r\nContent-Length: 1000000\r\n\r\nfirst")
        .await;
    let mut up = upstream.accept().await;
    up.until("first").await;
    up.send("HTTP/1.1 413 Payload Too Large\r\nContent-Length: 3\r\n\r\nbig")
        .await;
    let (head, body) = caller.message().await;
    assert_eq!((head.status(), body.as_str()), (413, "big"));
}

#[tokio::test]
async fn the_unread_body_of_a_refused_request_is_never_the_next_request() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address)
        .with(|config| config.upstreams[0].prefix = "/api".to_owned())
        .start()
        .await;
    let smuggled = "GET /api/secret HTTP/1.1\r\nHost: p\r\n\r\n";
    let mut caller = gateway.caller().await;
    let length = smuggled.len() + 100_000;
    caller
        .send(format!(
            "POST /nowhere HTTP/1.1\r\nHost: p\r\nContent-Length: {length}\r\n\r\n"
        ))
        .await;
    let (head, _) = caller.message().await;
    assert_eq!(head.status(), 404);
    caller.send(smuggled).await;
    assert_eq!(
        caller.rest().await,
        "",
        "the connection ends with the answer"
    );
    assert!(upstream.is_left_alone().await);
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
