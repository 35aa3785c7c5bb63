//! Requests that no two servers read alike end here.

use crate::support::{Gateway, Listening};

#[tokio::test]
async fn requests_with_doubtful_heads_are_refused_and_the_connection_closed() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address).start().await;
    for head in [
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    ] {
        let mut caller = gateway.caller().await;
        caller.send(head).await;
        let (answer, body) = caller.message().await;
        assert_eq!(answer.status(), 400, "{head:?}");
        assert_eq!(answer.one("connection"), Some("close"), "{head:?}");
        assert!(body.contains("patchwright.request.malformed"), "{body}");
        assert_eq!(caller.rest().await, "");
    }
    assert!(upstream.is_left_alone().await);
}

#[tokio::test]
async fn what_hyper_refuses_never_reaches_the_upstream() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address).start().await;
    for head in [
        "POST / HTTP/1.0\r\nHost: p\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: identity\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: p\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: p\r\nContent-Length: +1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : p\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: p\r\nX: a\r\n b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: p\r\nX: a\0b\r\n\r\n",
        "GET /a b HTTP/1.1\r\nHost: p\r\n\r\n",
    ] {
        let mut caller = gateway.caller().await;
        caller.send(head).await;
        assert!(caller.rest().await.starts_with("HTTP/1.1 400"), "{head:?}");
    }
    assert!(upstream.is_left_alone().await);
}

#[tokio::test]
async fn of_two_framings_the_stronger_counts_and_the_connection_ends() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address).start().await;
    for lines in [
        "Content-Length: 3\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 3",
    ] {
        let mut caller = gateway.caller().await;
        caller
            .send(format!(
                "POST / HTTP/1.1\r\nHost: p\r\n{lines}\r\n\r\n2\r\n{{}}\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: p\r\n\r\n"
            ))
            .await;
        let mut up = upstream.accept().await;
        let head = up.head().await;
        assert_eq!(head.one("content-length"), None, "{lines}");
        assert_eq!(up.until("0\r\n\r\n").await, "2\r\n{}\r\n0\r\n\r\n");
        up.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            .await;
        let (answer, _) = caller.message().await;
        assert_eq!(answer.one("connection"), Some("close"), "{lines}");
        assert_eq!(caller.rest().await, "");
        assert!(upstream.is_left_alone().await, "{lines}");
    }
}

#[tokio::test]
async fn a_loop_through_here_ends() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address).start().await;
    let mut caller = gateway.caller().await;
    let via = ["1.1 patchwright"; 8].join(", ");
    caller
        .send(format!("GET / HTTP/1.1\r\nHost: p\r\nVia: {via}\r\n\r\n"))
        .await;
    assert_eq!(caller.head().await.status(), 508);
    assert!(upstream.is_left_alone().await);
}
