//! Callers that take their time, or for ever.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;

use super::wire::*;
use crate::support::{Gateway, Listening, Peer, Running, within};

const SHORT: Duration = Duration::from_millis(300);

async fn gateway(upstream: &Listening) -> Running {
    Gateway::at(upstream.address)
        .with(|config| config.timeouts.idle = SHORT)
        .start()
        .await
}

/// Answers with more than anybody wants to buffer; how much went out until the proxy gave up.
async fn pour(up: &mut Peer) -> usize {
    up.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        .await;
    let block = vec![b'x'; 64 << 10];
    let mut sent = 0;
    within("the end of the answer", async {
        while up.stream.write_all(&block).await.is_ok() {
            sent += block.len();
        }
    })
    .await;
    sent
}

#[tokio::test]
async fn a_caller_whose_window_never_opens_is_given_up_and_the_upstream_released() {
    for window in [0, 1, 100] {
        let upstream = Listening::new().await;
        let gateway = gateway(&upstream).await;
        let mut caller = Wire::caller(gateway.address, &[(INITIAL_WINDOW_SIZE, window)]).await;
        caller.send(get(1)).await;
        let mut up = upstream.accept().await;
        up.head().await;
        let (sent, frames) = tokio::join!(pour(&mut up), caller.rest());
        // What the system buffers for a socket is most of it.
        assert!(sent < 32 << 20, "window {window}: {sent}");
        let got: usize = frames
            .iter()
            .filter(|frame| frame.kind == DATA)
            .map(|frame| frame.payload.len())
            .sum();
        assert!(got <= window as usize);
        gateway.counted("patchwright_in_flight 0");
    }
}

#[tokio::test]
async fn a_window_that_never_opens_is_seen_behind_other_requests() {
    let upstream = Listening::new().await;
    let gateway = gateway(&upstream).await;
    let mut caller = Wire::caller(gateway.address, &[(INITIAL_WINDOW_SIZE, 0)]).await;
    caller.send(get(1)).await;
    let mut stuck = upstream.accept().await;
    stuck.head().await;
    // Small enough to be with hyper as a whole.
    stuck
        .send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        .await;
    let mut stream = 3;
    within("the end of the stream", async {
        loop {
            // Another one that is answered, and without content: always something in flight.
            let head = frame(HEADERS, END_HEADERS | END_STREAM, stream, &head("HEAD"));
            caller.send(head).await;
            stuck.head().await;
            tokio::time::sleep(Duration::from_millis(20)).await;
            stuck.send("HTTP/1.1 204 No Content\r\n\r\n").await;
            loop {
                let frame = caller.frame().await.unwrap();
                assert_ne!(frame.kind, GOAWAY, "it is one stream that is stuck");
                if frame.kind == RST_STREAM && frame.stream == 1 {
                    return;
                }
                if frame.kind == HEADERS && frame.stream == stream {
                    break;
                }
            }
            stream += 2;
        }
    })
    .await;
    assert!(stream > 5, "others were answered meanwhile");
}

#[tokio::test]
async fn a_slow_window_that_keeps_opening_is_waited_for() {
    let upstream = Listening::new().await;
    let gateway = gateway(&upstream).await;
    let mut caller = Wire::caller(gateway.address, &[(INITIAL_WINDOW_SIZE, 0)]).await;
    caller.send(get(1)).await;
    let mut up = upstream.accept().await;
    up.head().await;
    let length = 96 << 10;
    up.send(format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{}",
        "x".repeat(length)
    ))
    .await;
    let mut got = 0;
    let started = std::time::Instant::now();
    while got < length {
        tokio::time::sleep(SHORT / 6).await;
        caller.send(window_update(1, 8 << 10)).await;
        caller.send(window_update(0, 8 << 10)).await;
        got += caller.next(DATA).await.payload.len();
    }
    assert!(started.elapsed() > SHORT * 3 / 2);
    assert!(caller.is_alive().await);
}

#[tokio::test]
async fn an_answer_arrives_to_the_byte_through_frames_of_any_size() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address).start().await;
    let mut caller = Wire::caller(gateway.address, &[(INITIAL_WINDOW_SIZE, 1 << 20)]).await;
    caller.send(window_update(0, 1 << 24)).await;
    caller.send(get(1)).await;
    let mut up = upstream.accept().await;
    up.head().await;
    let numbers: Vec<_> = (0..60_000).map(|number| number.to_string()).collect();
    let body = numbers.join(",");
    up.send(format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ))
    .await;
    let answer = caller.answer().await;
    assert!(answer == (200, body));
}

#[tokio::test]
async fn a_body_that_never_comes_is_408() {
    let upstream = Listening::new().await;
    let id = "0d4a2b1c-6f3e-4a55-9c1d-000000000001";
    let repaired = format!("/api/v2/conversations/{id}/participants/{id}");
    let gateway = Gateway::at(upstream.address)
        .with(|config| {
            config.timeouts.idle = SHORT;
            config.repair.body_timeout = SHORT;
        })
        .start()
        .await;
    for path in ["/x", &repaired] {
        let mut caller = Wire::caller(gateway.address, &[]).await;
        let head = block(&[
            (":method", "PATCH"),
            (":scheme", "http"),
            (":authority", "p"),
            (":path", path),
            ("authorization", "Bearer t"),
        ]);
        caller.send(frame(HEADERS, END_HEADERS, 1, &head)).await;
        caller.send(frame(DATA, 0, 1, b"{")).await;
        let (status, body) = caller.answer().await;
        assert_eq!(status, 408, "{path}: {body}");
        assert!(body.contains("patchwright.request.timeout"), "{body}");
    }
}

#[tokio::test]
async fn a_preface_that_comes_too_slowly_is_closed() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address)
        .with(|config| config.timeouts.header_read = SHORT)
        .start()
        .await;
    for part in [
        "P",
        "PRI * HTTP/2.0\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r",
    ] {
        let mut caller = gateway.caller().await;
        caller.send(part).await;
        caller.rest().await;
    }
}

#[tokio::test]
async fn a_head_that_is_never_finished_ends_by_the_idle_time() {
    let upstream = Listening::new().await;
    let gateway = gateway(&upstream).await;
    let mut caller = Wire::caller(gateway.address, &[]).await;
    caller
        .send(frame(HEADERS, END_STREAM, 1, &head("GET")))
        .await;
    caller.rest().await;
    assert!(upstream.is_left_alone().await);
}
