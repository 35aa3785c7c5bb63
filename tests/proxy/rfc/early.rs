//! Answers that come before the request has ended (RFC 9112 section 9.6, RUSTSEC-2025-0037): the rest of
//! the body is read away or the connection ended, and never read as a request.

use super::both;
use crate::support::{Gateway, Listening, Running};

const SMUGGLED: &str = "GET /api/smuggled HTTP/1.1\r\nHost: p\r\n\r\n";

async fn at_api() -> (Listening, Running) {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address)
        .with(|config| "/api".clone_into(&mut config.upstreams[0].prefix))
        .start()
        .await;
    (upstream, gateway)
}

/// Every answer of our own, with a body that is not there yet, or only in part.
#[tokio::test]
async fn the_rest_of_a_body_that_we_refused_is_no_request() {
    let (upstream, gateway) = at_api().await;
    let length = SMUGGLED.len() + 100_000;
    let chunk = format!("{length:x}\r\n");
    for (status, head, begun) in [
        (
            404,
            format!("POST /x HTTP/1.1\r\nHost: p\r\nContent-Length: {length}\r\n\r\n"),
            "",
        ),
        (
            404,
            format!("POST /x HTTP/1.1\r\nHost: p\r\nContent-Length: {length}\r\n\r\n"),
            "begun",
        ),
        (
            404,
            "POST /x HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(),
            chunk.as_str(),
        ),
        (
            400,
            format!("POST /api HTTP/1.1\r\nContent-Length: {length}\r\n\r\n"),
            "",
        ),
        (
            405,
            format!("TRACE /api HTTP/1.1\r\nHost: p\r\nContent-Length: {length}\r\n\r\n"),
            "",
        ),
        (
            417,
            format!(
                "PUT /api HTTP/1.1\r\nHost: p\r\nExpect: x\r\nContent-Length: {length}\r\n\r\n"
            ),
            "",
        ),
        (
            404,
            format!(
                "PUT /x HTTP/1.1\r\nHost: p\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n\r\n"
            ),
            "",
        ),
        (
            204,
            format!("OPTIONS * HTTP/1.1\r\nHost: p\r\nContent-Length: {length}\r\n\r\n"),
            "",
        ),
    ] {
        let mut caller = gateway.caller().await;
        caller.send(format!("{head}{begun}")).await;
        let (answer, _) = caller.message().await;
        assert_eq!(answer.status(), status, "{head}");
        assert_eq!(answer.one("connection"), Some("close"), "{head}");
        caller.send(SMUGGLED).await;
        assert_eq!(caller.rest().await, "", "{head}");
    }
    assert!(upstream.is_left_alone().await);
}

/// Nothing of the upload is read, and then some.
#[tokio::test]
async fn an_upload_that_no_upstream_takes_is_the_last_on_its_connection() {
    let gone = Listening::new().await.address;
    let gateway = Gateway::at(gone).start().await;
    for (length, begun) in [(100_000, ""), (100_000, "begun"), (10, "begun")] {
        let mut caller = gateway.caller().await;
        caller
            .send(format!(
                "PUT / HTTP/1.1\r\nHost: p\r\nContent-Length: {length}\r\n\r\n{begun}"
            ))
            .await;
        let (answer, _) = caller.message().await;
        assert_eq!(answer.status(), 502);
        if length > 10 {
            assert_eq!(answer.one("connection"), Some("close"), "{begun}");
        }
        caller.send(SMUGGLED).await;
        assert!(caller.rest().await.is_empty());
    }
}

/// A body that is there in full is read away, and the connection goes on behind it.
#[tokio::test]
async fn behind_a_body_that_was_read_away_the_connection_goes_on() {
    let (upstream, gateway) = at_api().await;
    let mut caller = gateway.caller().await;
    let body = "GET /api/smuggled HTTP/1.1\r\nHost: p\r\n\r\n";
    caller
        .send(format!(
            "POST /x HTTP/1.1\r\nHost: p\r\nContent-Length: {}\r\n\r\n{body}GET /api/next HTTP/1.1\r\nHost: p\r\n\r\n",
            body.len()
        ))
        .await;
    let (answer, _) = caller.message().await;
    assert_eq!((answer.status(), answer.one("connection")), (404, None));
    let mut up = upstream.accept().await;
    assert_eq!(up.head().await.start(), "GET /api/next HTTP/1.1");
}

/// The upstream's answer passes before the request has ended. What still comes of the body goes where the
/// body went, and is a body there.
#[tokio::test]
async fn behind_an_early_answer_of_the_upstream_the_body_is_still_a_body() {
    let length = SMUGGLED.len();
    for (framing, first, rest, arrives) in [
        (
            format!("Content-Length: {}", 5 + length),
            "first".to_owned(),
            SMUGGLED.to_owned(),
            SMUGGLED.to_owned(),
        ),
        (
            "Transfer-Encoding: chunked".to_owned(),
            "5\r\nfirst\r\n".to_owned(),
            format!("{length:x}\r\n{SMUGGLED}\r\n0\r\n\r\n"),
            format!("{length:X}\r\n{SMUGGLED}\r\n0\r\n\r\n"),
        ),
    ] {
        let (upstream, gateway) = both().await;
        let mut caller = gateway.caller().await;
        caller
            .send(format!(
                "POST / HTTP/1.1\r\nHost: p\r\n{framing}\r\n\r\n{first}"
            ))
            .await;
        let mut up = upstream.accept().await;
        up.until(&first).await;
        up.send("HTTP/1.1 413 Payload Too Large\r\nContent-Length: 3\r\n\r\nbig")
            .await;
        let (head, answer) = caller.message().await;
        assert_eq!((head.status(), answer.as_str()), (413, "big"));
        caller.send(rest).await;
        assert_eq!(up.exactly(arrives.len()).await, arrives, "{framing}");
        caller.send("GET /next HTTP/1.1\r\nHost: p\r\n\r\n").await;
        assert_eq!(up.head().await.start(), "GET /next HTTP/1.1", "{framing}");
        assert!(upstream.is_left_alone().await, "{framing}");
    }
}

/// Once the upstream has answered and gone, what still comes of the body goes nowhere.
#[tokio::test]
async fn an_early_answer_and_the_upstreams_end_are_the_callers_end() {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    caller
        .send("POST / HTTP/1.1\r\nHost: p\r\nContent-Length: 1000000\r\n\r\nfirst")
        .await;
    let mut up = upstream.accept().await;
    up.until("first").await;
    up.send("HTTP/1.1 413 Payload Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig")
        .await;
    let (head, answer) = caller.message().await;
    assert_eq!((head.status(), answer.as_str()), (413, "big"));
    drop(up);
    caller.send(SMUGGLED).await;
    assert_eq!(caller.rest().await, "");
    assert!(upstream.is_left_alone().await);
}
