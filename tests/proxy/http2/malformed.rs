//! RFC 9113 section 8: malformed requests are never forwarded.

use super::counting::{Counting, others_are_served};
use super::wire::*;
use crate::support::{Gateway, Listening};

type Fields<'a> = &'a [(&'a str, &'a str)];

const METHOD: (&str, &str) = (":method", "GET");
const SCHEME: (&str, &str) = (":scheme", "http");
const AUTHORITY: (&str, &str) = (":authority", "p");
const PATH: (&str, &str) = (":path", "/x");

/// Refused one way or another: reset, answered with an error, or shown the door.
async fn is_refused(gateway: &crate::support::Running, head: &[u8], what: &str) {
    let mut caller = Wire::caller(gateway.address, &[]).await;
    let head = frame(HEADERS, END_HEADERS | END_STREAM, 1, head);
    caller.send(head).await;
    loop {
        let frame = tokio::time::timeout(std::time::Duration::from_secs(5), caller.read_frame());
        let frame = frame
            .await
            .unwrap_or_else(|_| panic!("not refused: {what}"));
        let Some(frame) = frame else { return };
        match frame.kind {
            RST_STREAM => return,
            GOAWAY => return assert_ne!(frame.error(), NO_ERROR, "{what}"),
            HEADERS => return assert!((400..600).contains(&frame.status()), "{what}: {frame:?}"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_malformed_head_is_never_forwarded() {
    let upstream = Counting::new().await;
    let gateway = Gateway::at(upstream.address).start().await;
    let with =
        |name: &'static str, value: &'static str| [METHOD, SCHEME, AUTHORITY, PATH, (name, value)];
    for (name, value) in [
        // Section 8.2.1.
        ("X-Upper", "case"),
        ("", "no name"),
        ("a b", "space"),
        ("a:b", "colon"),
        ("a\0b", "NUL"),
        ("a\rb", "CR"),
        ("a\nb", "LF"),
        ("a\u{80}b", "not ASCII"),
        ("x", "a\0b"),
        ("x", "a\rb"),
        ("x", "a\nb"),
        ("x", "a\r\nGET /smuggled HTTP/1.1\r\n\r\n"),
        // Section 8.2.2.
        ("connection", "close"),
        ("connection", "te"),
        ("keep-alive", "timeout=1"),
        ("proxy-connection", "close"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "websocket"),
        ("te", "gzip"),
        ("te", "trailers, gzip"),
        // Section 8.3.
        (":status", "200"),
        (":unknown", "x"),
        (":method", "GET"),
        (":path", "/y"),
        (":scheme", "http"),
        (":authority", "q"),
        (":protocol", "websocket"),
        // Section 8.1.1.
        ("content-length", "1"),
        ("content-length", "-1"),
        ("content-length", "x"),
        // Section 8.3.1.
        ("host", "another"),
        ("host", ""),
    ] {
        is_refused(
            &gateway,
            &block(&with(name, value)),
            &format!("{name}: {value:?}"),
        )
        .await;
    }
    let late = [("x", "y"), METHOD, SCHEME, AUTHORITY, PATH];
    let heads: [Fields<'_>; 17] = [
        &[SCHEME, AUTHORITY, PATH],
        &[METHOD, AUTHORITY, PATH],
        &[METHOD, SCHEME, AUTHORITY],
        &[METHOD, SCHEME, PATH],
        &[],
        &late,
        &[METHOD, SCHEME, AUTHORITY, ("x", "y"), PATH],
        &[METHOD, SCHEME, AUTHORITY, (":path", "")],
        &[METHOD, SCHEME, AUTHORITY, (":path", "*")],
        &[METHOD, SCHEME, AUTHORITY, (":path", "x")],
        &[METHOD, SCHEME, AUTHORITY, (":path", "/a b")],
        &[(":method", ""), SCHEME, AUTHORITY, PATH],
        &[(":method", "G T"), SCHEME, AUTHORITY, PATH],
        &[METHOD, (":scheme", ""), AUTHORITY, PATH],
        &[METHOD, SCHEME, (":authority", "a b"), PATH],
        &[(":method", "CONNECT"), AUTHORITY],
        &[(":method", "CONNECT"), SCHEME, AUTHORITY, PATH],
    ];
    for fields in heads {
        is_refused(&gateway, &block(fields), &format!("{fields:?}")).await;
    }
    for (bad, what) in [
        (&[0x80][..], "index 0"),
        (&[0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], "a huge index"),
        (&[0x00, 0x7f, 0xff, 0xff, 0xff, 0xff, 0x7f], "a huge length"),
        (&[0x00, 0x05, b'a'], "cut off"),
        (&[0x3f, 0xff, 0xff, 0xff, 0x7f], "a huge table"),
    ] {
        is_refused(&gateway, &[&head("GET"), bad].concat(), what).await;
    }
    others_are_served(&gateway).await;
    assert_eq!(upstream.held(), 0, "something was forwarded");
}

#[tokio::test]
async fn a_body_of_another_length_than_announced_never_completes_upstream() {
    for (announced, data) in [("5", "four"), ("3", "four")] {
        let upstream = Listening::new().await;
        let gateway = Gateway::at(upstream.address).start().await;
        let mut caller = Wire::caller(gateway.address, &[]).await;
        let head = [head("PATCH"), block(&[("content-length", announced)])].concat();
        caller.send(frame(HEADERS, END_HEADERS, 1, &head)).await;
        caller
            .send(frame(DATA, END_STREAM, 1, data.as_bytes()))
            .await;
        assert_eq!(caller.next(RST_STREAM).await.error(), PROTOCOL_ERROR);
        // Its head may have gone on before the body came.
        let accepted =
            tokio::time::timeout(std::time::Duration::from_millis(100), upstream.accept());
        if let Ok(mut up) = accepted.await {
            let seen = up.rest().await;
            let body = seen.split_once("\r\n\r\n").map_or("", |(_, body)| body);
            assert!(body.len() < announced.parse().unwrap(), "{seen}");
        }
    }
}

#[tokio::test]
async fn frames_out_of_place_end_the_stream_or_the_connection() {
    let upstream = Counting::new().await;
    let gateway = Gateway::at(upstream.address).start().await;
    for (frames, what) in [
        (frame(DATA, 0, 1, b"x"), "data of an idle stream"),
        (get(2), "a stream of ours"),
        (get(0), "stream 0"),
        (
            frame(RST_STREAM, 0, 1, &[0; 4]),
            "a reset of an idle stream",
        ),
        (window_update(1, 1), "a window of an idle stream"),
        (frame(CONTINUATION, END_HEADERS, 1, &[]), "more of no head"),
        (
            frame(DATA, PADDED, 1, &[9, 0]),
            "more padding than there is",
        ),
        (frame(HEADERS, END_HEADERS | PADDED, 1, &[255]), "the same"),
        (frame(SETTINGS, 0, 1, &[]), "settings of a stream"),
        (frame(SETTINGS, ACK, 0, &[0; 6]), "an answer that asks"),
        (
            settings(&[(INITIAL_WINDOW_SIZE, 0x8000_0000)]),
            "a huge window",
        ),
        (settings(&[(5, 1)]), "a tiny frame size"),
        (frame(PING, 0, 0, b"short"), "a short ping"),
        (frame(GOAWAY, 0, 0, b"short"), "a short goodbye"),
        (frame(5, 0, 1, &[0; 4]), "a push from a caller"),
        (
            frame(DATA, 0, 1, &vec![0; 20_000]),
            "a frame that is too large",
        ),
        (
            [frame(HEADERS, END_STREAM, 1, &head("GET")), get(3)].concat(),
            "a head within a head",
        ),
        (
            [frame(HEADERS, END_HEADERS, 3, &head("PATCH")), get(1)].concat(),
            "a stream of the past",
        ),
    ] {
        let mut caller = Wire::caller(gateway.address, &[]).await;
        caller.send(frames).await;
        let frames = caller.rest().await;
        let goodbye = frames.iter().find(|frame| frame.kind == GOAWAY);
        let error = goodbye.map(Frame::error);
        assert!(
            error.is_some_and(|error| error != NO_ERROR),
            "{what}: {error:?}"
        );
    }
    others_are_served(&gateway).await;
}

#[tokio::test]
async fn data_after_the_end_of_a_stream_ends_the_connection() {
    let mut upstream = Counting::new().await;
    let gateway = Gateway::at(upstream.address).start().await;
    let mut caller = Wire::caller(gateway.address, &[]).await;
    caller.send(get(1)).await;
    upstream.holds(1).await;
    caller.send(frame(DATA, 0, 1, b"late")).await;
    // RFC 9113 section 5.4.1 lets an error of a stream be one of the connection.
    caller.ends_with(PROTOCOL_ERROR).await;
}

#[tokio::test]
async fn a_connection_field_that_is_no_text_harms_nobody() {
    // hyperium/hyper#4019: it used to panic where such a message is sent over HTTP/2.
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address).start().await;
    let mut caller = Wire::caller(gateway.address, &[]).await;
    caller.send(get(1)).await;
    let mut up = upstream.accept().await;
    up.head().await;
    up.send(b"HTTP/1.1 200 OK\r\nConnection: \xff, x\r\nX: y\r\nContent-Length: 2\r\n\r\nok")
        .await;
    assert_eq!(caller.answer().await, (200, "ok".to_owned()));

    let gateway = Gateway::at(upstream.address)
        .with(|config| config.upstreams[0].http2 = true)
        .start()
        .await;
    let mut caller = gateway.caller().await;
    caller
        .send(b"GET /x HTTP/1.1\r\nHost: p\r\nConnection: \xff, x\r\nX: y\r\n\r\n")
        .await;
    let mut up = Wire::upstream(&upstream, &[]).await;
    let (stream, _) = up.request().await;
    up.send(ok(stream)).await;
    assert_eq!(caller.message().await.0.status(), 200);
}
