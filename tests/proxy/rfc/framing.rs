//! RFC 9112 section 6 and 7, the request: where a message ends is decided once, and told anew.

use super::{both, refused};
use crate::support::Listening;

/// 9112 §6.1 and §6.3: what hyper would let pass.
#[tokio::test]
async fn codings_other_than_one_chunked_are_refused() {
    let (upstream, gateway) = both().await;
    for lines in [
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: ,chunked",
        "Transfer-Encoding:\r\nTransfer-Encoding: chunked",
    ] {
        let request = format!("POST / HTTP/1.1\r\nHost: p\r\n{lines}\r\n\r\n0\r\n\r\n");
        refused(&gateway, request, 400, "patchwright.request.malformed").await;
    }
    assert!(upstream.is_left_alone().await);
}

/// 9112 §6.3: `Transfer-Encoding` overrides `Content-Length`, the latter is not forwarded, and nothing
/// that follows on the connection is a request (§11.2).
#[tokio::test]
async fn of_two_framings_the_stronger_counts_and_the_connection_ends() {
    let (upstream, gateway) = both().await;
    for lines in [
        "Content-Length: 3\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 3",
        "Transfer-Encoding: CHUNKED\r\nContent-Length: 0\r\nContent-Length: 77",
        "Content-Length: 3\r\nContent-Length: 3\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: nonsense",
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
        assert_eq!(head.one("transfer-encoding"), Some("chunked"), "{lines}");
        assert_eq!(up.until("0\r\n\r\n").await, "2\r\n{}\r\n0\r\n\r\n");
        up.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            .await;
        let (answer, _) = caller.message().await;
        assert_eq!(answer.one("connection"), Some("close"), "{lines}");
        assert_eq!(caller.rest().await, "");
        assert!(upstream.is_left_alone().await, "{lines}");
    }
}

/// 9110 §8.6: the same length twice is one length; zeros in front change nothing.
#[tokio::test]
async fn a_length_is_forwarded_once() {
    for (lines, body) in [
        ("Content-Length: 2\r\nContent-Length: 2", "{}"),
        ("Content-Length: 0000000000000000000002", "{}"),
        ("Content-Length:2", "{}"),
        ("Content-Length: 2 \t", "{}"),
    ] {
        let (upstream, gateway) = both().await;
        let mut caller = gateway.caller().await;
        caller
            .send(format!(
                "POST / HTTP/1.1\r\nHost: p\r\n{lines}\r\n\r\n{body}"
            ))
            .await;
        let (head, sent) = upstream.accept().await.message().await;
        assert_eq!(head.one("content-length"), Some("2"), "{lines}");
        assert_eq!(sent, body);
    }
}

/// 9112 §6.3: a request with neither framing has no body; what follows is another request.
#[tokio::test]
async fn without_framing_there_is_no_body() {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    caller
        .send("POST /1 HTTP/1.1\r\nHost: p\r\n\r\nGET /2 HTTP/1.1\r\nHost: p\r\n\r\n")
        .await;
    let mut up = upstream.accept().await;
    let head = up.head().await;
    assert_eq!(head.start(), "POST /1 HTTP/1.1");
    assert_eq!(head.one("transfer-encoding"), None);
    assert!(up.is_silent().await, "a body came");
    up.send(super::OK).await;
    assert_eq!(up.head().await.start(), "GET /2 HTTP/1.1");
}

/// 9112 §7.1: chunk lines that nobody should read alike end the message, never complete it.
#[tokio::test]
async fn chunks_that_are_none_are_400_and_never_complete_upstream() {
    let huge = format!("2;{}\r\nok\r\n0\r\n\r\n", "x".repeat(20_000));
    for (section, body) in [
        (
            "9112 §7.1: overflow (CVE-2021-32714)",
            "F0000000000000003\r\nabc\r\n0\r\n\r\n",
        ),
        (
            "9112 §7.1: overflow by a digit",
            "10000000000000000\r\nabc\r\n",
        ),
        ("9112 §7.1: no size", "\r\nabc\r\n0\r\n\r\n"),
        ("9112 §7.1: a signed size", "+3\r\nabc\r\n0\r\n\r\n"),
        ("9112 §7.1: a negative size", "-3\r\nabc\r\n0\r\n\r\n"),
        ("9112 §7.1: 0x in front", "0x3\r\nabc\r\n0\r\n\r\n"),
        ("9112 §7.1: no digits", "z\r\nabc\r\n0\r\n\r\n"),
        (
            "9112 §7.1: data longer than its size",
            "2\r\nabc\r\n0\r\n\r\n",
        ),
        ("9112 §7.1: LF alone", "3\nabc\n0\n\n"),
        ("9112 §7.1: CR alone", "3\rabc\r0\r\r"),
        ("9112 §7.1: a space in front", " 3\r\nabc\r\n0\r\n\r\n"),
        (
            "9112 §7.1.1: LF in an extension",
            "3;a\nb\r\nabc\r\n0\r\n\r\n",
        ),
        (
            "9112 §7.1.1: an extension without end (CVE-2023-39326)",
            huge.as_str(),
        ),
        (
            "9112 §7.1.2: a trailer that is none",
            "3\r\nabc\r\n0\r\nX y\r\n\r\n",
        ),
    ] {
        let (upstream, gateway) = both().await;
        let mut caller = gateway.caller().await;
        caller
            .send(format!(
                "POST / HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\n\r\n{body}"
            ))
            .await;
        let (head, answer) = caller.message().await;
        assert_eq!(head.status(), 400, "{section}");
        assert!(
            answer.contains("patchwright.request.incomplete"),
            "{answer}"
        );
        assert_eq!(caller.rest().await, "", "{section}");
        // It may have begun to arrive; it must not have ended.
        let mut up = upstream.accept().await;
        let sent = up.rest().await;
        assert!(!sent.ends_with("0\r\n\r\n"), "{section}: {sent:?}");
    }
}

/// 9112 §7.1.1: extensions are for one hop, whatever is in them.
#[tokio::test]
async fn chunk_extensions_are_not_forwarded() {
    for extension in [
        ";a=b",
        ";a=\"b;c\"",
        ";\0",
        ";\u{e9}",
        " \t;a",
        ";a=GET / HTTP/1.1",
    ] {
        let upstream = Listening::new().await;
        let gateway = crate::support::Gateway::at(upstream.address).start().await;
        let mut caller = gateway.caller().await;
        caller
            .send(format!(
                "POST / HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\n\r\n2{extension}\r\n{{}}\r\n0{extension}\r\n\r\n"
            ))
            .await;
        let mut up = upstream.accept().await;
        up.head().await;
        assert_eq!(
            up.until("0\r\n\r\n").await,
            "2\r\n{}\r\n0\r\n\r\n",
            "{extension:?}"
        );
    }
}
