//! An upstream that says goodbye, refuses or breaks off: what is sent again, and what is not.

use std::time::Duration;

use super::wire::*;
use crate::support::{Gateway, Listening, Peer, Running, within};

const GET: &str = "GET /x HTTP/1.1\r\nHost: p\r\n\r\n";
const PATCH: &str = "PATCH /x HTTP/1.1\r\nHost: p\r\nContent-Length: 7\r\n\r\n{\"a\":1}";
const BARE_POST: &str = "POST /x HTTP/1.1\r\nHost: p\r\n\r\n";

async fn gateway(upstream: &Listening) -> Running {
    let gateway = Gateway::at(upstream.address);
    let gateway = gateway.with(|config| config.upstreams[0].http2 = true);
    gateway.start().await
}

async fn asks(gateway: &Running, request: &str) -> Peer {
    let mut caller = gateway.caller().await;
    caller.send(request).await;
    caller
}

async fn is_answered(caller: &mut Peer, status: u16, code: &str) {
    let (head, body) = caller.message().await;
    assert_eq!(head.status(), status, "{body}");
    assert!(body.contains(code), "{body}");
}

#[tokio::test]
async fn a_goodbye_lets_requests_in_flight_finish_and_new_ones_go_elsewhere() {
    let upstream = Listening::new().await;
    let gateway = gateway(&upstream).await;
    let mut first = asks(&gateway, PATCH).await;
    let mut old = Wire::upstream(&upstream, &[]).await;
    let (stream, _) = old.request().await;
    old.send(goaway(stream, NO_ERROR)).await;
    // It has been heard once something after it is acknowledged.
    assert!(old.is_alive().await);
    let mut second = asks(&gateway, PATCH).await;
    let mut new = Wire::upstream(&upstream, &[]).await;
    let (stream_of_new, body) = new.request().await;
    assert_eq!(body, "{\"a\":1}");
    new.send(ok(stream_of_new)).await;
    is_answered(&mut second, 200, "").await;
    old.send(ok(stream)).await;
    is_answered(&mut first, 200, "").await;
    let more = old.rest().await;
    assert!(more.iter().all(|frame| frame.kind != HEADERS), "{more:?}");
}

#[tokio::test]
async fn a_patch_beyond_the_last_stream_of_a_goodbye_is_sent_elsewhere_byte_for_byte() {
    let upstream = Listening::new().await;
    let gateway = gateway(&upstream).await;
    let mut caller = asks(&gateway, PATCH).await;
    let mut old = Wire::upstream(&upstream, &[]).await;
    let (_, body) = old.request().await;
    assert_eq!(body, "{\"a\":1}");
    old.send(goaway(0, NO_ERROR)).await;
    let mut new = Wire::upstream(&upstream, &[]).await;
    let (stream, body) = new.request().await;
    assert_eq!(body, "{\"a\":1}");
    new.send(ok(stream)).await;
    is_answered(&mut caller, 200, "").await;
}

#[tokio::test]
async fn what_was_complete_with_its_head_is_not_sent_again_after_a_goodbye() {
    let upstream = Listening::new().await;
    let gateway = gateway(&upstream).await;
    let mut caller = asks(&gateway, BARE_POST).await;
    let mut old = Wire::upstream(&upstream, &[]).await;
    old.request().await;
    old.send(goaway(0, NO_ERROR)).await;
    is_answered(&mut caller, 502, "patchwright.upstream.broken").await;
    assert!(upstream.is_left_alone().await);
    // A GET may be carried out twice.
    let mut caller = asks(&gateway, GET).await;
    let mut old = Wire::upstream(&upstream, &[]).await;
    old.request().await;
    old.send(goaway(0, NO_ERROR)).await;
    let mut new = Wire::upstream(&upstream, &[]).await;
    let (stream, _) = new.request().await;
    new.send(ok(stream)).await;
    is_answered(&mut caller, 200, "").await;
}

#[tokio::test]
async fn a_refused_patch_gets_one_more_try_on_another_connection() {
    let upstream = Listening::new().await;
    let gateway = gateway(&upstream).await;
    let mut caller = asks(&gateway, PATCH).await;
    let mut first = Wire::upstream(&upstream, &[]).await;
    let (stream, _) = first.request().await;
    first.send(reset(stream, REFUSED_STREAM)).await;
    let mut second = Wire::upstream(&upstream, &[]).await;
    let (stream, body) = second.request().await;
    assert_eq!(body, "{\"a\":1}");
    second.send(ok(stream)).await;
    is_answered(&mut caller, 200, "").await;
    assert!(first.is_alive().await, "the connection itself is sound");
}

#[tokio::test]
async fn a_patch_refused_twice_is_503_and_not_sent_a_third_time() {
    let upstream = Listening::new().await;
    let gateway = gateway(&upstream).await;
    let mut caller = asks(&gateway, PATCH).await;
    let mut connections = Vec::new();
    for _ in 0..2 {
        let mut wire = Wire::upstream(&upstream, &[]).await;
        let (stream, _) = wire.request().await;
        wire.send(reset(stream, REFUSED_STREAM)).await;
        connections.push(wire);
    }
    let (head, body) = caller.message().await;
    assert_eq!((head.status(), head.one("retry-after")), (503, Some("1")));
    assert!(body.contains("patchwright.upstream.busy"), "{body}");
    assert!(upstream.is_left_alone().await);
    gateway.counted(r#"code="patchwright.upstream.busy"} 1"#);
}

#[tokio::test]
async fn a_refused_upload_that_is_too_large_to_keep_is_503_and_not_sent_again() {
    let upstream = Listening::new().await;
    let gateway = gateway(&upstream).await;
    let mut caller = gateway.caller().await;
    let length = (64 << 10) + 1;
    caller
        .send(format!(
            "PUT /x HTTP/1.1\r\nHost: p\r\nContent-Length: {length}\r\n\r\n"
        ))
        .await;
    let mut wire = Wire::upstream(&upstream, &[(INITIAL_WINDOW_SIZE, 1 << 20)]).await;
    wire.send(window_update(0, 1 << 20)).await;
    caller.send(vec![b'x'; length]).await;
    let (stream, body) = wire.request().await;
    assert_eq!(body.len(), length);
    wire.send(reset(stream, REFUSED_STREAM)).await;
    is_answered(&mut caller, 503, "patchwright.upstream.busy").await;
    assert!(upstream.is_left_alone().await);
}

#[tokio::test]
async fn a_stream_that_breaks_before_its_answer_is_502_and_not_sent_again() {
    for error in [NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, CANCEL] {
        let upstream = Listening::new().await;
        let gateway = gateway(&upstream).await;
        let mut caller = asks(&gateway, PATCH).await;
        let mut wire = Wire::upstream(&upstream, &[]).await;
        let (stream, _) = wire.request().await;
        wire.send(reset(stream, error)).await;
        is_answered(&mut caller, 502, "patchwright.upstream.broken").await;
        assert!(upstream.is_left_alone().await, "sent again after {error}");
        // The connection is sound and takes the next one.
        let mut caller = asks(&gateway, PATCH).await;
        let (stream, _) = wire.request().await;
        wire.send(ok(stream)).await;
        is_answered(&mut caller, 200, "").await;
    }
}

#[tokio::test]
async fn a_connection_that_breaks_under_a_patch_is_502_and_not_sent_again() {
    for last_words in [goaway(1, NO_ERROR), goaway(1, INTERNAL_ERROR), Vec::new()] {
        let upstream = Listening::new().await;
        let gateway = gateway(&upstream).await;
        let mut caller = asks(&gateway, PATCH).await;
        let mut wire = Wire::upstream(&upstream, &[]).await;
        wire.request().await;
        wire.send(&last_words).await;
        drop(wire);
        is_answered(&mut caller, 502, "patchwright.upstream.broken").await;
        assert!(upstream.is_left_alone().await, "{last_words:?}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_seen_to_break_off() {
    for refused in [INTERNAL_ERROR, REFUSED_STREAM, NO_ERROR] {
        let upstream = Listening::new().await;
        let gateway = gateway(&upstream).await;
        let mut caller = asks(&gateway, PATCH).await;
        let mut wire = Wire::upstream(&upstream, &[]).await;
        let (stream, _) = wire.request().await;
        wire.send(frame(HEADERS, END_HEADERS, stream, OK)).await;
        wire.send(frame(DATA, 0, stream, b"half")).await;
        caller.until("half\r\n").await;
        wire.send(reset(stream, refused)).await;
        assert_eq!(caller.rest().await, "", "no last chunk");
        assert!(upstream.is_left_alone().await);
    }
}

#[tokio::test]
async fn a_connection_that_was_closed_while_idle_costs_no_request() {
    let upstream = Listening::new().await;
    let gateway = gateway(&upstream).await;
    for last_words in [goaway(1, NO_ERROR), Vec::new()] {
        let mut caller = asks(&gateway, PATCH).await;
        let mut wire = Wire::upstream(&upstream, &[]).await;
        let (stream, _) = wire.request().await;
        wire.send(ok(stream)).await;
        is_answered(&mut caller, 200, "").await;
        wire.send(last_words).await;
        tokio::io::AsyncWriteExt::shutdown(&mut wire.stream)
            .await
            .unwrap();
        // The proxy has noticed when it has closed, too.
        wire.rest().await;
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed_in_time_and_politely() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address)
        .with(|config| {
            config.upstreams[0].http2 = true;
            config.timeouts.upstream_idle = Duration::from_millis(100);
        })
        .start()
        .await;
    let mut caller = asks(&gateway, GET).await;
    let mut wire = Wire::upstream(&upstream, &[]).await;
    let (stream, _) = wire.request().await;
    // Not while there is a request on it.
    tokio::time::sleep(Duration::from_millis(300)).await;
    wire.send(ok(stream)).await;
    is_answered(&mut caller, 200, "").await;
    wire.ends_with(NO_ERROR).await;
}

#[tokio::test]
async fn a_connection_that_has_died_silently_is_found_out() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address)
        .with(|config| {
            config.upstreams[0].http2 = true;
            config.timeouts.request = Duration::from_millis(1500);
        })
        .start()
        .await;
    let mut caller = asks(&gateway, PATCH).await;
    let mut dead = Wire::upstream(&upstream, &[]).await;
    dead.request().await;
    // It is not even read from any more: no sign of life comes, and the time for the answer is not up.
    is_answered(&mut caller, 502, "patchwright.upstream.broken").await;
    let mut caller = asks(&gateway, PATCH).await;
    let mut wire = Wire::upstream(&upstream, &[]).await;
    let (stream, _) = wire.request().await;
    wire.send(ok(stream)).await;
    is_answered(&mut caller, 200, "").await;
}

#[tokio::test]
async fn a_caller_that_hangs_up_in_its_body_never_completes_over_http2() {
    let upstream = Listening::new().await;
    let gateway = gateway(&upstream).await;
    let caller = asks(
        &gateway,
        "POST /x HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n",
    )
    .await;
    let mut wire = Wire::upstream(&upstream, &[]).await;
    assert_eq!(wire.next(DATA).await.payload, b"one");
    drop(caller.stream);
    let end = within("the end of the stream", async {
        loop {
            let frame = wire.frame().await.unwrap();
            assert!(!frame.ends_stream(), "{frame:?}");
            if frame.kind == RST_STREAM {
                return frame;
            }
        }
    });
    assert_ne!(end.await.error(), NO_ERROR);
}
