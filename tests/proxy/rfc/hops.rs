//! RFC 9110 section 7.6: what belongs to one hop stays on it, and who was there says so.

use super::{GET, both, down, up};
use crate::support::{Gateway, Head, Listening};

/// What the lines say, which of the fields must be gone, and which must still be there.
type Row = (
    &'static str,
    &'static [u8],
    &'static [&'static str],
    &'static [&'static str],
);

const ROWS: [Row; 8] = [
    (
        "9110 §7.6.1: nominated fields go, and Connection with them",
        b"Connection: x-a, X-B\r\nX-A: 1\r\nx-b: 2\r\nX-C: 3\r\n",
        &["connection", "x-a", "x-b"],
        &["x-c"],
    ),
    (
        "9110 §7.6.1: in however many lines",
        b"Connection: x-a\r\nX-A: 1\r\nCONNECTION: x-b\r\nx-b: 2\r\nconnection:\r\nX-C: 3\r\n",
        &["connection", "x-a", "x-b"],
        &["x-c"],
    ),
    (
        "9110 §5.6.1.2: empty list members are none",
        b"Connection: , ,x-a,\t,, x-b ,\r\nX-A: 1\r\nX-B: 2\r\nX-C: 3\r\n",
        &["connection", "x-a", "x-b"],
        &["x-c"],
    ),
    (
        "9110 §7.6.1: every line of a nominated field",
        b"Connection: x-a\r\nX-A: 1\r\nX-C: 3\r\nX-A: 2\r\n",
        &["connection", "x-a"],
        &["x-c"],
    ),
    (
        "9110 §5.5: a value need not be UTF-8 (hyper#4019)",
        b"Connection: \xff\xfe, x-a\r\nX-A: 1\r\nX-C: 3\r\n",
        &["connection", "x-a"],
        &["x-c"],
    ),
    (
        "9110 §7.6.1: an option that is no field name is none",
        b"Connection: \"x-c\", x c, x-c;q=1, x-a\r\nX-A: 1\r\nX-C: 3\r\n",
        &["connection", "x-a"],
        &["x-c"],
    ),
    (
        "9110 §7.6.1: fields of one hop that nobody nominated",
        b"Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nTE: gzip\r\n\
          HTTP2-Settings: AAMAAABk\r\nUpgrade: foo/2\r\nX-C: 3\r\n",
        &[
            "keep-alive",
            "proxy-connection",
            "te",
            "http2-settings",
            "upgrade",
            "connection",
        ],
        &["x-c"],
    ),
    (
        "9110 §7.6.1: what a message hangs on can't be nominated away",
        b"Connection: authorization, content-type, content-encoding, via, content-length, host, \
          www-authenticate, allow, transfer-encoding\r\nAuthorization: Bearer t\r\n\
          Content-Type: application/json\r\nContent-Encoding: gzip\r\nVia: 1.0 fred\r\n\
          WWW-Authenticate: Bearer\r\nAllow: GET\r\n",
        &["connection", "transfer-encoding"],
        &[
            "authorization",
            "content-type",
            "content-encoding",
            "via",
            "content-length",
            "www-authenticate",
            "allow",
        ],
    ),
];

fn holds((name, _, gone, kept): &Row, head: &Head) {
    for field in *gone {
        assert!(head.all(field).is_empty(), "{name}: {field} in {}", head.0);
    }
    for field in *kept {
        assert!(
            !head.all(field).is_empty(),
            "{name}: no {field} in {}",
            head.0
        );
    }
}

#[tokio::test]
async fn a_request_sheds_what_was_for_this_hop() {
    for row in &ROWS {
        let mut request = b"POST / HTTP/1.1\r\nHost: p\r\nContent-Length: 2\r\n".to_vec();
        request.extend_from_slice(row.1);
        request.extend_from_slice(b"\r\n{}");
        let head = up(request).await;
        holds(row, &head);
        assert_eq!(head.one("content-length"), Some("2"), "{}", row.0);
        assert!(head.one("host").is_some(), "{}", row.0);
    }
}

#[tokio::test]
async fn an_answer_sheds_what_was_for_this_hop() {
    for row in &ROWS {
        let mut answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n".to_vec();
        answer.extend_from_slice(row.1);
        answer.extend_from_slice(b"\r\n{}");
        let head = down(answer).await;
        holds(row, &head);
        assert_eq!(head.one("content-length"), Some("2"), "{}", row.0);
    }
}

/// 9110 §10.1.4: TE is for the next hop, and `trailers` is the one thing it can be told.
#[tokio::test]
async fn te_passes_on_as_trailers_or_not_at_all() {
    for (lines, expected) in [
        ("TE: trailers\r\nConnection: te", Some("trailers")),
        ("TE: gzip;q=0.5, Trailers", Some("trailers")),
        ("TE: gzip", None),
        ("TE: trailers;q=0.5x", None),
        ("TE:", None),
    ] {
        let head = up(format!("GET / HTTP/1.1\r\nHost: p\r\n{lines}\r\n\r\n")).await;
        assert_eq!(head.one("te"), expected, "{lines}");
        let connection = expected.map(|_| "te");
        assert_eq!(head.one("connection"), connection, "{lines}");
    }
}

/// 9110 §7.6.3: behind those who were there before, in the version that was received.
#[tokio::test]
async fn via_is_appended_in_the_order_of_hops() {
    for (request, expected) in [
        ("GET / HTTP/1.1\r\nHost: p\r\n", &["1.1 patchwright"][..]),
        ("GET / HTTP/1.0\r\n", &["1.0 patchwright"]),
        (
            "GET / HTTP/1.1\r\nHost: p\r\nVia: 1.0 fred, 1.1 p.example (x, y)\r\nVia: 1.1 third\r\n",
            &[
                "1.0 fred, 1.1 p.example (x, y)",
                "1.1 third",
                "1.1 patchwright",
            ],
        ),
    ] {
        let head = up(format!("{request}\r\n")).await;
        assert_eq!(head.all("via"), expected, "{request}");
    }
    // 9110 §7.6.3: a gateway may leave an answer's Via as it is; what stands there is kept.
    let head = down("HTTP/1.1 200 OK\r\nVia: 1.1 a\r\nVia: 1.1 b\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(head.await.all("via"), ["1.1 a", "1.1 b"]);
}

/// 9110 §7.6: a message is not forwarded to oneself for ever.
#[tokio::test]
async fn a_loop_through_here_ends() {
    let (upstream, gateway) = both().await;
    for via in [
        ["1.1 patchwright"; 8].join(", "),
        ["2.0 patchwright"; 8].join("\r\nVia: "),
    ] {
        let mut caller = gateway.caller().await;
        caller
            .send(format!("GET / HTTP/1.1\r\nHost: p\r\nVia: {via}\r\n\r\n"))
            .await;
        assert_eq!(caller.head().await.status(), 508);
    }
    assert!(upstream.is_left_alone().await);
}

/// 9112 §9.6: `close` is a matter of one connection.
#[tokio::test]
async fn close_on_one_side_is_not_close_on_the_other() {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    caller
        .send("GET / HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n")
        .await;
    let mut up = upstream.accept().await;
    assert_eq!(up.head().await.one("connection"), None);
    up.send(super::OK).await;
    assert_eq!(caller.message().await.0.one("connection"), Some("close"));
    assert_eq!(caller.rest().await, "");
    // The upstream's connection goes on.
    let mut caller = gateway.caller().await;
    caller.send(GET).await;
    up.head().await;
    up.send("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nConnection: CLOSE\r\nContent-Length: 0\r\n\r\n")
        .await;
    assert_eq!(caller.head().await.one("connection"), None);
    assert_eq!(up.rest().await, "", "9112 §9.6: and this one does not");
    caller.send(GET).await;
    upstream.accept().await.head().await;
}

/// 9113 §8.2.2: on HTTP/2 none of it may be sent, and nothing of it makes a message fail (hyper#4019).
#[tokio::test]
async fn nothing_of_one_hop_gets_onto_http_2() {
    let upstream = Listening::new().await;
    let inner = Gateway::at(upstream.address).start().await;
    let outer = Gateway::at(inner.address)
        .with(|config| config.upstreams[0].http2 = true)
        .start()
        .await;
    for row in &ROWS {
        let mut request = b"POST / HTTP/1.1\r\nHost: p\r\nContent-Length: 2\r\n".to_vec();
        request.extend_from_slice(row.1);
        request.extend_from_slice(b"\r\n{}");
        let mut caller = outer.caller().await;
        caller.send(request).await;
        let mut up = upstream.accept().await;
        holds(row, &up.message().await.0);
        let mut answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n".to_vec();
        answer.extend_from_slice(row.1);
        answer.extend_from_slice(b"\r\n{}");
        up.send(answer).await;
        holds(row, &caller.message().await.0);
    }
}
