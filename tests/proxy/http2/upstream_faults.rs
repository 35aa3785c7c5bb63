//! An upstream whose frames are wrong, or never end, or never come.

use std::time::Duration;

use super::wire::*;
use crate::support::{Gateway, Listening, Peer, Running, within};

const PATCH: &str = "PATCH /x HTTP/1.1\r\nHost: p\r\nContent-Length: 2\r\n\r\n{}";
/// More than any buffer on the way holds.
const FLOOD: usize = 64 << 20;

async fn gateway(upstream: &Listening, request: Duration) -> Running {
    Gateway::at(upstream.address)
        .with(|config| {
            config.upstreams[0].http2 = true;
            config.timeouts.request = request;
            config.timeouts.idle = request;
        })
        .start()
        .await
}

async fn patches(gateway: &Running) -> Peer {
    let mut caller = gateway.caller().await;
    caller.send(PATCH).await;
    caller
}

async fn is_told(caller: &mut Peer, status: u16, code: &str) {
    let (head, body) = caller.message().await;
    assert_eq!(head.status(), status, "{body}");
    assert!(body.contains(code), "{body}");
}

/// Sends the same over and over, reading what comes back, until the connection or its use is over.
async fn flood(wire: &mut Wire, unit: &[u8], until: &mut Peer) -> (u16, String) {
    let block = unit.repeat((16 << 10) / unit.len() + 1);
    let (mut read, mut write) = wire.stream.split();
    let writing = async {
        let mut sent = 0;
        while sent < FLOOD {
            if tokio::io::AsyncWriteExt::write_all(&mut write, &block)
                .await
                .is_err()
            {
                break;
            }
            sent += block.len();
            // A flood that leaves the machine some time: what counts is that it doesn't end.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        std::future::pending::<()>().await;
    };
    let reading = async {
        let mut sink = tokio::io::sink();
        let _ = tokio::io::copy(&mut read, &mut sink).await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = writing => unreachable!(),
        () = reading => unreachable!(),
        answered = until.message() => (answered.0.status(), answered.1),
    }
}

#[tokio::test]
async fn an_upstream_that_reads_nothing_is_504_in_time() {
    let upstream = Listening::new().await;
    let gateway = gateway(&upstream, Duration::from_millis(300)).await;
    let mut caller = patches(&gateway).await;
    let mut wire = Wire::upstream(&upstream, &[(INITIAL_WINDOW_SIZE, 0)]).await;
    let head = wire.next(HEADERS).await;
    // A live one that only keeps its window shut.
    let reset = async {
        loop {
            let frame = wire.frame().await.unwrap();
            assert_ne!(frame.kind, DATA);
            wire.acknowledge(&frame).await;
            if frame.kind == RST_STREAM {
                return frame;
            }
        }
    };
    let (reset, ()) = tokio::join!(
        reset,
        is_told(&mut caller, 504, "patchwright.upstream.timeout")
    );
    assert_eq!((reset.stream, reset.error()), (head.stream, CANCEL));
}

#[tokio::test]
async fn endless_settings_and_pings_of_an_upstream_don_t_outlast_the_request() {
    for unit in [
        settings(&[(INITIAL_WINDOW_SIZE, 65_535)]),
        frame(PING, 0, 0, b"pingping"),
    ] {
        let upstream = Listening::new().await;
        let gateway = gateway(&upstream, Duration::from_millis(500)).await;
        let mut caller = patches(&gateway).await;
        let mut wire = Wire::upstream(&upstream, &[]).await;
        wire.request().await;
        let (status, body) = flood(&mut wire, &unit, &mut caller).await;
        // It gives no sign of life: in none of those frames, and no PONG among them.
        assert_eq!(status, 502, "{body}");
    }
}

#[tokio::test]
async fn an_endless_head_of_continuation_frames_from_an_upstream_is_502() {
    let upstream = Listening::new().await;
    let gateway = gateway(&upstream, Duration::from_secs(60)).await;
    let mut caller = patches(&gateway).await;
    let mut wire = Wire::upstream(&upstream, &[]).await;
    let (stream, _) = wire.request().await;
    wire.send(frame(HEADERS, 0, stream, OK)).await;
    let more = frame(
        CONTINUATION,
        0,
        stream,
        &block(&[("x-y", "z".repeat(1000))]),
    );
    let (status, body) = flood(&mut wire, &more, &mut caller).await;
    assert_eq!(status, 502, "{body}");
    assert!(body.contains("patchwright.upstream.broken"), "{body}");
}

#[tokio::test]
async fn a_head_of_an_upstream_that_is_too_large_is_502_and_costs_one_stream() {
    let upstream = Listening::new().await;
    let gateway = gateway(&upstream, Duration::from_secs(60)).await;
    let mut caller = patches(&gateway).await;
    let mut wire = Wire::upstream(&upstream, &[]).await;
    let (stream, _) = wire.request().await;
    let large = [OK, &block(&[("x-y", "z".repeat(70 << 10))])].concat();
    let (first, rest) = large.split_at(16 << 10);
    wire.send(frame(HEADERS, END_STREAM, stream, first)).await;
    let mut parts = rest.chunks(16 << 10).peekable();
    while let Some(part) = parts.next() {
        let flags = if parts.peek().is_none() {
            END_HEADERS
        } else {
            0
        };
        wire.send(frame(CONTINUATION, flags, stream, part)).await;
    }
    is_told(&mut caller, 502, "patchwright.upstream.broken").await;
}

#[tokio::test]
async fn a_malformed_answer_is_502_and_never_passed_on() {
    let fields = |fields: &[(&str, &str)]| block(fields);
    for (malformed, what) in [
        (fields(&[("x", "y")]), "no :status"),
        (fields(&[(":status", "200"), ("X", "y")]), "upper case"),
        (
            fields(&[(":status", "200"), ("x", "a\r\nb")]),
            "a line break",
        ),
        (fields(&[(":status", "200"), ("x", "a\0")]), "NUL"),
        (fields(&[(":status", "2000")]), "a status of four digits"),
        (fields(&[(":status", "0")]), "a status of one digit"),
        (
            fields(&[(":status", "200"), (":status", "500")]),
            ":status twice",
        ),
        (fields(&[("x", "y"), (":status", "200")]), ":status late"),
        (
            fields(&[(":status", "200"), ("connection", "close")]),
            "a field of the connection",
        ),
        (
            fields(&[(":status", "200"), ("transfer-encoding", "chunked")]),
            "a transfer coding",
        ),
        (
            fields(&[(":status", "200"), ("content-length", "1")]),
            "a length and no content",
        ),
        (vec![0x80], "index 0"),
        (vec![0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], "a huge index"),
    ] {
        let upstream = Listening::new().await;
        let gateway = gateway(&upstream, Duration::from_secs(60)).await;
        let mut caller = patches(&gateway).await;
        let mut wire = Wire::upstream(&upstream, &[]).await;
        let (stream, _) = wire.request().await;
        let head = frame(HEADERS, END_HEADERS | END_STREAM, stream, &malformed);
        wire.send(head).await;
        let (head, body) = caller.message().await;
        assert_eq!(head.status(), 502, "{what}: {head:?} {body}");
        assert!(body.contains("patchwright.upstream.broken"), "{body}");
        assert!(upstream.is_left_alone().await, "{what}: sent again");
    }
}

#[tokio::test]
async fn more_or_less_content_than_announced_is_seen_to_be_wrong() {
    for (announced, sent) in [("3", "four"), ("5", "four")] {
        let upstream = Listening::new().await;
        let gateway = gateway(&upstream, Duration::from_secs(60)).await;
        let mut caller = patches(&gateway).await;
        let mut wire = Wire::upstream(&upstream, &[]).await;
        let (stream, _) = wire.request().await;
        let head = block(&[(":status", "200"), ("content-length", announced)]);
        wire.send(frame(HEADERS, END_HEADERS, stream, &head)).await;
        wire.send(frame(DATA, END_STREAM, stream, sent.as_bytes()))
            .await;
        let answer = caller.rest().await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let complete = head.starts_with("HTTP/1.1 200") && body.len().to_string() == announced;
        assert!(!complete, "{answer}");
    }
}

#[tokio::test]
async fn what_is_no_http2_is_502() {
    for nonsense in [
        b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".to_vec(),
        frame(DATA, 0, 1, b"x"),
        frame(SETTINGS, 0, 0, &[0; 5]),
        frame(99, 0, 0, &vec![0; 20_000]),
    ] {
        let upstream = Listening::new().await;
        let gateway = Gateway::at(upstream.address)
            .with(|config| {
                config.upstreams[0].http2 = true;
                config.timeouts.connect = Duration::from_millis(500);
            })
            .start()
            .await;
        let mut caller = patches(&gateway).await;
        let mut wire = Wire::silent(&upstream).await;
        wire.send(&nonsense).await;
        is_told(&mut caller, 502, "patchwright.upstream.unreachable").await;
    }
}

#[tokio::test]
async fn a_window_of_an_upstream_that_overflows_ends_its_connection_alone() {
    let upstream = Listening::new().await;
    let gateway = gateway(&upstream, Duration::from_secs(60)).await;
    let mut caller = patches(&gateway).await;
    let mut wire = Wire::upstream(&upstream, &[]).await;
    wire.request().await;
    wire.send(window_update(0, 0x7fff_ffff)).await;
    wire.send(window_update(0, 0x7fff_ffff)).await;
    is_told(&mut caller, 502, "patchwright.upstream.broken").await;
    let mut caller = patches(&gateway).await;
    let mut wire = Wire::upstream(&upstream, &[]).await;
    let (stream, _) = wire.request().await;
    wire.send(ok(stream)).await;
    within("the answer", is_told(&mut caller, 200, "")).await;
}
