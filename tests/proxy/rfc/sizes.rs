//! Heads that are too large (RFC 9110 sections 15.5.15 and 4.1, RFC 6585 section 5), each with a reason
//! that a program can read.

use super::{both, refused};
use crate::support::{Gateway, Listening};

#[tokio::test]
async fn a_head_that_is_too_large_or_has_too_many_fields_is_431() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address)
        .with(|config| config.limits.header_bytes = 8192)
        .start()
        .await;
    let long = "x".repeat(10_000);
    for request in [
        format!("GET / HTTP/1.1\r\nHost: p\r\nX: {long}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: p\r\n{long}: x\r\n\r\n"),
        format!("GET /{long} HTTP/1.1\r\nHost: p\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: p\r\nX: {long}"),
        format!(
            "GET / HTTP/1.1\r\nHost: p\r\n{}\r\n",
            "X: y\r\n".repeat(200)
        ),
    ] {
        refused(&gateway, request, 431, "patchwright.request.head.too.large").await;
    }
    assert!(upstream.is_left_alone().await);
    gateway
        .counted(r#"patchwright_own_answers_total{code="patchwright.request.head.too.large"} 5"#);
}

/// A hundred fields are what hyper's parser takes.
#[tokio::test]
async fn a_hundred_fields_pass() {
    let head = super::up(format!(
        "GET / HTTP/1.1\r\nHost: p\r\n{}\r\n",
        "X: y\r\n".repeat(99)
    ))
    .await;
    assert_eq!(head.all("x").len(), 99);
}

/// 9110 §15.5.15.
#[tokio::test]
async fn a_target_that_is_too_long_is_414() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address)
        .with(|config| config.limits.header_bytes = 200_000)
        .start()
        .await;
    let request = format!("GET /{} HTTP/1.1\r\nHost: p\r\n\r\n", "x".repeat(70_000));
    refused(
        &gateway,
        request,
        414,
        "patchwright.request.target.too.long",
    )
    .await;
    assert!(upstream.is_left_alone().await);
    gateway
        .counted(r#"patchwright_own_answers_total{code="patchwright.request.target.too.long"} 1"#);
}

/// The longest target that the parser takes passes whole.
#[tokio::test]
async fn a_long_target_passes_whole() {
    let target = format!("/{}", "x".repeat(60_000));
    let head = super::up(format!("GET {target} HTTP/1.1\r\nHost: p\r\n\r\n")).await;
    assert_eq!(head.start(), format!("GET {target} HTTP/1.1"));
}

/// An upstream's head is bounded too.
#[tokio::test]
async fn an_answer_whose_head_never_ends_is_502() {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    caller.send(super::GET).await;
    let mut up = upstream.accept().await;
    up.head().await;
    up.send("HTTP/1.1 200 OK\r\n").await;
    let line = format!("X: {}\r\n", "y".repeat(1 << 14));
    crate::support::within("the proxy to have enough", async {
        while tokio::io::AsyncWriteExt::write_all(&mut up.stream, line.as_bytes())
            .await
            .is_ok()
        {}
    })
    .await;
    assert_eq!(caller.head().await.status(), 502);
}
