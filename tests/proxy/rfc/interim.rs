//! `Expect` and interim answers (RFC 9110 sections 10.1.1 and 15.2).

use super::{OK, both};

/// 9110 §10.1.1: 100 comes from here, once, and not before the body is wanted.
#[tokio::test]
async fn a_hundred_continue_comes_once_and_when_the_body_is_wanted() {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    caller
        .send("PUT / HTTP/1.1\r\nHost: p\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n")
        .await;
    let mut up = upstream.accept().await;
    assert_eq!(caller.head().await.0, "HTTP/1.1 100 Continue\r\n\r\n");
    up.send("HTTP/1.1 100 Continue\r\n\r\n").await;
    caller.send("ok").await;
    let (head, body) = up.message().await;
    assert_eq!((head.one("expect"), body.as_str()), (None, "ok"));
    up.send(OK).await;
    assert_eq!(caller.head().await.status(), 200);
}

/// 9110 §10.1.1: no 100 where the final answer is there first; then the body isn't waited for.
#[tokio::test]
async fn a_refusal_comes_in_place_of_the_100() {
    let (upstream, gateway) = both().await;
    for expect in ["something", "100-continue, x", "100-continue\r\nExpect: x"] {
        let mut caller = gateway.caller().await;
        caller
            .send(format!(
                "PUT / HTTP/1.1\r\nHost: p\r\nExpect: {expect}\r\nContent-Length: 2\r\n\r\n"
            ))
            .await;
        let (head, body) = caller.message().await;
        assert_eq!(head.status(), 417, "{expect}");
        assert!(body.contains("patchwright.request.expectation"), "{body}");
        assert_eq!(caller.rest().await, "");
    }
    assert!(upstream.is_left_alone().await);
}

/// 9110 §10.1.1: HTTP/1.0 knows no interim answers, and its expectation is ignored.
#[tokio::test]
async fn an_http_1_0_caller_gets_no_100() {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    caller
        .send("PUT / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        .await;
    let mut up = upstream.accept().await;
    up.head().await;
    assert!(caller.is_silent().await, "an interim answer came");
    caller.send("ok").await;
    assert_eq!(up.exactly(2).await, "ok");
    up.send(OK).await;
    assert!(caller.head().await.start().ends_with(" 200 OK"));
}

/// 9110 §10.1.1: a request without a body needs no 100.
#[tokio::test]
async fn without_a_body_there_is_no_100() {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    caller
        .send("GET / HTTP/1.1\r\nHost: p\r\nExpect: 100-continue\r\n\r\n")
        .await;
    let mut up = upstream.accept().await;
    assert_eq!(up.head().await.one("expect"), None);
    up.send(OK).await;
    assert_eq!(caller.head().await.status(), 200);
}
