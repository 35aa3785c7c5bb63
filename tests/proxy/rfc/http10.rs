//! HTTP/1.0 on either side (RFC 9112 section 2.3, appendix C.2).

use super::{GET, OK, answered, both};

/// 9112 §6.1: a caller of HTTP/1.0 is sent no chunks; the end of the connection ends the answer.
#[tokio::test]
async fn an_http_1_0_caller_is_sent_no_chunks() {
    for keep_alive in ["", "Connection: keep-alive\r\n"] {
        let (upstream, gateway) = both().await;
        let request = format!("GET / HTTP/1.0\r\n{keep_alive}\r\n");
        let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
        let (mut caller, _up) = answered(&upstream, &gateway, &request, answer).await;
        let head = caller.head().await;
        assert_eq!(head.one("transfer-encoding"), None);
        assert_eq!(head.one("content-length"), None);
        assert_eq!(caller.rest().await, "ok");
    }
}

/// 9112 §9.3: persistence is agreed on by both or not at all.
#[tokio::test]
async fn an_http_1_0_caller_keeps_its_connection_only_if_it_asks() {
    let (upstream, gateway) = both().await;
    let (mut caller, _up) = answered(&upstream, &gateway, "GET / HTTP/1.0\r\n\r\n", OK).await;
    assert!(caller.rest().await.ends_with("\r\n\r\nok"));

    let (upstream, gateway) = both().await;
    let request = "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n";
    let (mut caller, mut up) = answered(&upstream, &gateway, request, OK).await;
    let (head, body) = caller.message().await;
    assert_eq!(head.one("connection"), Some("keep-alive"));
    assert_eq!(body, "ok");
    caller.send(request).await;
    let head = up.head().await;
    assert_eq!(head.start(), "GET / HTTP/1.1", "9112 §2.3: our own version");
    assert_eq!(head.one("connection"), None);
}

/// A body that is cut off by the end of an HTTP/1.0 caller's sending side never completes upstream.
#[tokio::test]
async fn an_http_1_0_body_needs_a_length() {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    caller
        .send("POST / HTTP/1.0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: p\r\n\r\n")
        .await;
    let mut up = upstream.accept().await;
    let head = up.head().await;
    assert_eq!(head.one("transfer-encoding"), None);
    up.send(OK).await;
    assert!(caller.rest().await.ends_with("ok"));
    assert!(up.is_silent().await, "what followed was a request");
}

/// 9110 §2.5: what an HTTP/1.0 upstream can do is not known of its next connection. Were one kept, a
/// body of unknown length would be sent on it as none at all, and nobody would be told.
#[tokio::test]
async fn a_connection_that_spoke_http_1_0_is_not_used_again() {
    let (upstream, gateway) = both().await;
    let answer = "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok";
    let (mut caller, mut first) = answered(&upstream, &gateway, GET, answer).await;
    let (head, body) = caller.message().await;
    assert_eq!((head.start(), body.as_str()), ("HTTP/1.1 200 OK", "ok"));
    caller
        .send(
            "PATCH / HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        )
        .await;
    let mut second = upstream.accept().await;
    let head = second.head().await;
    assert_eq!(head.start(), "PATCH / HTTP/1.1");
    assert_eq!(head.one("transfer-encoding"), Some("chunked"));
    assert_eq!(second.until("0\r\n\r\n").await, "2\r\n{}\r\n0\r\n\r\n");
    assert_eq!(first.rest().await, "");
}
