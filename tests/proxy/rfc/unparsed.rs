//! What is no request at all is refused by the parser, in the API's error format all the same.

use super::{both, refused};

const MALFORMED: &str = "patchwright.request.malformed";

/// Section and request.
const ROWS: &[(&str, &[u8])] = &[
    ("9112 §6.1: no transfer coding on HTTP/1.0", b"POST / HTTP/1.0\r\nHost: p\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("9112 §6.3: the last coding is chunked", b"POST / HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: identity\r\n\r\n"),
    ("9112 §6.3: and nothing that looks like it", b"POST / HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    ("9112 §6.3: nor a quoted one", b"POST / HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"),
    ("9112 §6.3: nor one in front of others", b"POST / HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
    ("9112 §6.3: not in two lines either", b"POST / HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n"),
    ("9112 §6.3: nor with a control in it", b"POST / HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n"),
    ("9110 §8.6: lengths that differ", b"POST / HTTP/1.1\r\nHost: p\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
    ("9110 §8.6: a list of lengths", b"POST / HTTP/1.1\r\nHost: p\r\nContent-Length: 1, 1\r\n\r\na"),
    ("9110 §8.6: a list that differs", b"POST / HTTP/1.1\r\nHost: p\r\nContent-Length: 1, 2\r\n\r\nab"),
    ("9110 §8.6: an empty length (CVE-2023-40225)", b"POST / HTTP/1.1\r\nHost: p\r\nContent-Length:\r\n\r\na"),
    ("9110 §8.6: a signed length", b"POST / HTTP/1.1\r\nHost: p\r\nContent-Length: +1\r\n\r\na"),
    ("9110 §8.6: a negative length", b"POST / HTTP/1.1\r\nHost: p\r\nContent-Length: -1\r\n\r\na"),
    ("9110 §8.6: a length in hexadecimal", b"POST / HTTP/1.1\r\nHost: p\r\nContent-Length: 0x1\r\n\r\na"),
    ("9110 §8.6: a broken length", b"POST / HTTP/1.1\r\nHost: p\r\nContent-Length: 1.0\r\n\r\na"),
    ("9110 §8.6: a length with a space in it", b"POST / HTTP/1.1\r\nHost: p\r\nContent-Length: 1 0\r\n\r\na"),
    ("9112 §6.3: a length beyond 64 bits (CVE-2021-40346)", b"POST / HTTP/1.1\r\nHost: p\r\nContent-Length: 18446744073709551617\r\n\r\na"),
    ("9112 §5.1: space before the colon", b"GET / HTTP/1.1\r\nHost : p\r\n\r\n"),
    ("9112 §5.1: a tab before the colon", b"GET / HTTP/1.1\r\nHost: p\r\nX\t: a\r\n\r\n"),
    ("9112 §5.2: obs-fold", b"GET / HTTP/1.1\r\nHost: p\r\nX: a\r\n b\r\n\r\n"),
    ("9112 §5.2: obs-fold by a tab", b"GET / HTTP/1.1\r\nHost: p\r\nX: a\r\n\tb\r\n\r\n"),
    ("9112 §2.2: space before the first field", b"GET / HTTP/1.1\r\n Host: p\r\n\r\n"),
    ("9110 §5.1: an empty name (CVE-2023-25725)", b"GET / HTTP/1.1\r\nHost: p\r\n: a\r\n\r\n"),
    ("9110 §5.1: no name at all", b"GET / HTTP/1.1\r\nHost: p\r\na\r\n\r\n"),
    ("9110 §5.1: a name that is no token", b"GET / HTTP/1.1\r\nHost: p\r\nX@(y): a\r\n\r\n"),
    ("9110 §5.1: a name that is not ASCII", b"GET / HTTP/1.1\r\nHost: p\r\nX\xc3\xa9: a\r\n\r\n"),
    ("9110 §5.5: NUL in a value", b"GET / HTTP/1.1\r\nHost: p\r\nX: a\0b\r\n\r\n"),
    ("9110 §5.5: bare CR in a value", b"GET / HTTP/1.1\r\nHost: p\r\nX: a\rb\r\n\r\n"),
    ("9110 §5.5: bare CR before a field", b"GET / HTTP/1.1\r\nHost: p\r\nX: a\rY: b\r\n\r\n"),
    ("9110 §5.5: DEL in a value", b"GET / HTTP/1.1\r\nHost: p\r\nX: a\x7fb\r\n\r\n"),
    ("9112 §3: a space in the target", b"GET /a b HTTP/1.1\r\nHost: p\r\n\r\n"),
    ("9112 §3: NUL in the target", b"GET /a\0b HTTP/1.1\r\nHost: p\r\n\r\n"),
    ("9112 §3: bare CR in the target", b"GET /a\rb HTTP/1.1\r\nHost: p\r\n\r\n"),
    ("9112 §3: a target that is none", b"GET ?a HTTP/1.1\r\nHost: p\r\n\r\n"),
    ("9112 §3: no target", b"GET HTTP/1.1\r\nHost: p\r\n\r\n"),
    ("9112 §3: HTTP/0.9", b"GET /\r\nHost: p\r\n\r\n"),
    ("9112 §2.3: a version that is none", b"GET / HTTP/x\r\nHost: p\r\n\r\n"),
    ("9112 §2.3: a version that is not spoken here", b"GET / HTTP/3.0\r\nHost: p\r\n\r\n"),
    ("9110 §9.1: a method that is no token", b"G(T / HTTP/1.1\r\nHost: p\r\n\r\n"),
    ("9112 §3: what is not HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
];

#[tokio::test]
async fn what_is_no_request_never_reaches_the_upstream() {
    let (upstream, gateway) = both().await;
    for (section, request) in ROWS {
        eprintln!("{section}");
        refused(&gateway, request, 400, MALFORMED).await;
    }
    assert!(upstream.is_left_alone().await);
    let line = format!(
        r#"patchwright_own_answers_total{{code="{MALFORMED}"}} {}"#,
        ROWS.len()
    );
    gateway.counted(&line);
}

/// 9112 §2.2: an empty line in front of a request is no request, and LF alone may end lines.
#[tokio::test]
async fn what_the_grammar_lets_pass_passes() {
    for request in [
        "\r\n\r\nGET /a HTTP/1.1\r\nHost: p\r\n\r\n",
        "GET /a HTTP/1.1\nHost: p\n\n",
        "GET /a HTTP/1.1\r\nHost:p\r\nX:\r\n\r\n",
    ] {
        let head = super::up(request).await;
        assert_eq!(head.start(), "GET /a HTTP/1.1", "{request:?}");
        assert!(!head.0.replace("\r\n", "").contains('\n'), "{request:?}");
    }
}

/// In the version of the request before it, if that was an older one.
#[tokio::test]
async fn behind_a_request_of_http_1_0_the_reason_is_there_too() {
    let (upstream, gateway) = both().await;
    let request = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    let (mut caller, _up) = super::answered(&upstream, &gateway, request, super::OK).await;
    caller.message().await;
    caller.send("GET / HTTP/1.0\r\nHost : p\r\n\r\n").await;
    let (head, body) = caller.message().await;
    assert_eq!(head.status(), 400);
    assert!(body.contains(MALFORMED), "{body}");
}

/// What hyper refuses after other requests is told apart from their answers.
#[tokio::test]
async fn a_refusal_follows_the_answers_before_it() {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    caller
        .send("GET /1 HTTP/1.1\r\nHost: p\r\n\r\nGET /2 HTTP/1.1\r\nHost : p\r\n\r\n")
        .await;
    let mut up = upstream.accept().await;
    assert_eq!(up.head().await.start(), "GET /1 HTTP/1.1");
    up.send(super::OK).await;
    let (head, body) = caller.message().await;
    assert_eq!((head.status(), body.as_str()), (200, "ok"));
    let (head, body) = caller.message().await;
    assert_eq!(head.status(), 400);
    assert!(body.contains(MALFORMED), "{body}");
    assert_eq!(caller.rest().await, "");
    assert!(up.is_silent().await, "the second was forwarded");
}

/// A caller that sends its body before it looks for an answer still reads why (9112 §9.6).
#[tokio::test]
async fn a_caller_that_sends_on_still_reads_the_reason() {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    caller
        .send("POST / HTTP/1.1\r\nHost : p\r\nContent-Length: 400000\r\n\r\n")
        .await;
    caller.stream.readable().await.unwrap();
    for _ in 0..4 {
        caller.send("x".repeat(100_000)).await;
    }
    assert_eq!(caller.message().await.0.status(), 400);
    assert_eq!(caller.rest().await, "");
    assert!(upstream.is_left_alone().await);
}
