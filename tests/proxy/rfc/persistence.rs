//! RFC 9112 section 9: many requests on one connection, and its end.

use super::{GET, OK, answered, both};

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: p\r\n\r\n")
}

/// 9112 §9.3.2: answers come in the order of their requests.
#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    caller
        .send(format!(
            "{}PATCH /2 HTTP/1.1\r\nHost: p\r\nContent-Length: 2\r\n\r\n{{}}\
             POST /3 HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n{}",
            get("/1"),
            get("/4")
        ))
        .await;
    let mut up = upstream.accept().await;
    for path in ["/1", "/2", "/3", "/4"] {
        let head = up.head().await;
        assert_eq!(head.start().split(' ').nth(1), Some(path));
        match path {
            "/2" => assert_eq!(up.exactly(2).await, "{}"),
            "/3" => assert_eq!(up.until("0\r\n\r\n").await, "1\r\na\r\n0\r\n\r\n"),
            _ => {}
        }
        assert!(up.is_silent().await, "the next one did not wait");
        up.send(format!(
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{path}"
        ))
        .await;
        assert_eq!(caller.message().await.1, path);
    }
}

/// 9112 §9.6: behind `close` nothing is processed, whoever said it.
#[tokio::test]
async fn nothing_behind_close_is_processed() {
    for lines in [
        "Connection: close",
        "connection: x, Close",
        "Connection: close\r\nConnection: keep-alive",
    ] {
        let (upstream, gateway) = both().await;
        let mut caller = gateway.caller().await;
        caller
            .send(format!(
                "GET / HTTP/1.1\r\nHost: p\r\n{lines}\r\n\r\n{}",
                get("/2")
            ))
            .await;
        let mut up = upstream.accept().await;
        up.head().await;
        up.send(OK).await;
        let (head, _) = caller.message().await;
        assert_eq!(head.one("connection"), Some("close"), "{lines}");
        assert_eq!(caller.rest().await, "");
        assert!(up.is_silent().await, "{lines}: the second was forwarded");
        assert!(upstream.is_left_alone().await);
    }
}

/// The same behind a request that is refused here.
#[tokio::test]
async fn nothing_behind_a_malformed_request_is_processed() {
    let (upstream, gateway) = both().await;
    for first in [
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : p\r\n\r\n",
    ] {
        let mut caller = gateway.caller().await;
        caller.send(format!("{first}{}", get("/2"))).await;
        let (head, _) = caller.message().await;
        assert_eq!(
            (head.status(), head.one("connection")),
            (400, Some("close"))
        );
        assert_eq!(caller.rest().await, "");
    }
    assert!(upstream.is_left_alone().await);
}

/// 9112 §9.6: a caller may end its sending side, also behind several requests.
#[tokio::test]
async fn what_was_sent_before_the_senders_end_is_answered() {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    caller.send(format!("{}{}", get("/1"), get("/2"))).await;
    tokio::io::AsyncWriteExt::shutdown(&mut caller.stream)
        .await
        .unwrap();
    let mut up = upstream.accept().await;
    for path in ["/1", "/2"] {
        let head = up.head().await;
        assert_eq!(head.start().split(' ').nth(1), Some(path));
        up.send(format!(
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{path}"
        ))
        .await;
        assert_eq!(caller.message().await.1, path);
    }
    assert_eq!(caller.rest().await, "");
}

/// 9112 §9.3: a connection whose answer was not read whole is not used again.
#[tokio::test]
async fn an_upstream_connection_with_an_unread_answer_is_not_used_again() {
    let (upstream, gateway) = both().await;
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\nhe";
    let (mut caller, mut up) = answered(&upstream, &gateway, GET, answer).await;
    caller.until("he").await;
    drop(caller);
    // It writes until the proxy has noticed.
    let block = vec![b'x'; 1 << 16];
    crate::support::within("the end of the answer", async {
        while tokio::io::AsyncWriteExt::write_all(&mut up.stream, &block)
            .await
            .is_ok()
        {}
    })
    .await;
    let mut caller = gateway.caller().await;
    caller.send(GET).await;
    upstream.accept().await.head().await;
}
