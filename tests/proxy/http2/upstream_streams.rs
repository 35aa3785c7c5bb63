//! Streams are taken only where the upstream allows them.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::wire::*;
use crate::support::{Gateway, Listening, Peer, Running};

const GET: &str = "GET /x HTTP/1.1\r\nHost: p\r\n\r\n";
const PATCH: &str = "PATCH /x HTTP/1.1\r\nHost: p\r\nContent-Length: 2\r\n\r\n{}";

/// What an upstream has seen.
#[derive(Debug, Default)]
struct Seen {
    requests: usize,
    /// The most streams that were open at once, for each connection.
    most: Vec<usize>,
}

/// Serves on its own, and allows so many streams at once.
struct Counting {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

impl Counting {
    async fn allowing(streams: u32) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let index = {
                    let mut seen = shared.lock().unwrap();
                    seen.most.push(0);
                    seen.most.len() - 1
                };
                tokio::spawn(serve(stream, streams, index, Arc::clone(&shared)));
            }
        });
        Self { address, seen }
    }
}

/// Answers late, and the newest first, so that there are always as many open as the proxy dares.
async fn serve(stream: TcpStream, streams: u32, index: usize, seen: Arc<Mutex<Seen>>) {
    let mut wire = Wire { stream };
    let mut preface = [0; 24];
    if tokio::io::AsyncReadExt::read_exact(&mut wire.stream, &mut preface)
        .await
        .is_err()
    {
        return;
    }
    wire.send(settings(&[(MAX_CONCURRENT_STREAMS, streams)]))
        .await;
    let (mut open, mut whole) = (BTreeSet::new(), Vec::new());
    loop {
        let mut next = [0];
        let read = wire.stream.peek(&mut next);
        if tokio::time::timeout(Duration::from_millis(50), read)
            .await
            .is_err()
        {
            for stream in whole.drain(..).rev() {
                open.remove(&stream);
                wire.send(ok(stream)).await;
            }
            continue;
        }
        let Some(frame) = wire.read_frame().await else {
            return;
        };
        if frame.kind == HEADERS {
            open.insert(frame.stream);
            let mut seen = seen.lock().unwrap();
            seen.requests += 1;
            seen.most[index] = seen.most[index].max(open.len());
        }
        if frame.ends_stream() {
            whole.push(frame.stream);
        }
        wire.acknowledge(&frame).await;
    }
}

async fn burst(gateway: &Running, callers: usize) {
    let mut burst = JoinSet::new();
    for _ in 0..callers {
        let address = gateway.address;
        burst.spawn(async move {
            let mut caller = Peer::connect(address).await;
            caller.send(PATCH).await;
            let (head, body) = caller.message().await;
            assert_eq!(head.status(), 200, "{body}");
        });
    }
    while let Some(done) = burst.join_next().await {
        done.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_256_has_never_more_streams_on_a_connection_than_allowed() {
    for (allowed, least) in [(1, 8), (10, 4), (100, 2)] {
        let upstream = Counting::allowing(allowed).await;
        let gateway = Gateway::at(upstream.address)
            .with(|config| {
                config.upstreams[0].http2 = true;
                config.timeouts.connect = Duration::from_secs(20);
            })
            .start()
            .await;
        burst(&gateway, 256).await;
        let seen = upstream.seen.lock().unwrap();
        assert_eq!(seen.requests, 256);
        let allowed = allowed as usize;
        assert!(seen.most.iter().all(|most| *most <= allowed), "{seen:?}");
        assert!(seen.most.len() >= least, "{seen:?}");
        assert!(seen.most.len() <= 64, "{seen:?}");
    }
}

#[tokio::test]
async fn a_cold_burst_makes_one_connection_and_sends_nothing_before_its_settings() {
    let upstream = Listening::new().await;
    let gateway = http2(&upstream).await;
    let mut callers = Vec::new();
    for _ in 0..20 {
        let mut caller = gateway.caller().await;
        caller.send(GET).await;
        callers.push(caller);
    }
    let mut wire = Wire::silent(&upstream).await;
    assert!(upstream.is_left_alone().await);
    let read = tokio::time::timeout(Duration::from_millis(50), wire.next(HEADERS));
    assert!(
        read.await.is_err(),
        "a request before the upstream's SETTINGS"
    );
    wire.send(settings(&[(MAX_CONCURRENT_STREAMS, 20)])).await;
    for _ in 0..20 {
        let (stream, _) = wire.request().await;
        wire.send(ok(stream)).await;
    }
    for caller in &mut callers {
        assert_eq!(caller.message().await.0.status(), 200);
    }
}

async fn http2(upstream: &Listening) -> Running {
    let gateway = Gateway::at(upstream.address);
    let gateway = gateway.with(|config| config.upstreams[0].http2 = true);
    gateway.start().await
}

#[tokio::test]
async fn settings_that_allow_fewer_streams_send_the_next_request_to_another_connection() {
    let upstream = Listening::new().await;
    let gateway = http2(&upstream).await;
    let mut first = gateway.caller().await;
    first.send(PATCH).await;
    let mut one = Wire::upstream(&upstream, &[(MAX_CONCURRENT_STREAMS, 100)]).await;
    let (stream, _) = one.request().await;
    one.send(settings(&[(MAX_CONCURRENT_STREAMS, 1)])).await;
    assert!(one.is_alive().await);
    let mut second = gateway.caller().await;
    second.send(PATCH).await;
    let mut other = Wire::upstream(&upstream, &[]).await;
    let (stream_of_other, _) = other.request().await;
    other.send(ok(stream_of_other)).await;
    assert_eq!(second.message().await.0.status(), 200);
    one.send(ok(stream)).await;
    assert_eq!(first.message().await.0.status(), 200);
}

#[tokio::test]
async fn settings_that_allow_more_streams_let_those_in_who_wait() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address)
        .with(|config| {
            config.upstreams[0].http2 = true;
            config.limits.http2_connections = 1;
        })
        .start()
        .await;
    let (mut first, mut second) = (gateway.caller().await, gateway.caller().await);
    first.send(PATCH).await;
    let mut wire = Wire::upstream(&upstream, &[(MAX_CONCURRENT_STREAMS, 1)]).await;
    wire.request().await;
    second.send(PATCH).await;
    assert!(wire.is_alive().await);
    wire.send(settings(&[(MAX_CONCURRENT_STREAMS, 2)])).await;
    let (stream, _) = wire.request().await;
    wire.send(ok(stream)).await;
    assert_eq!(second.message().await.0.status(), 200);
}

/// Asks on another connection, because the first one is full, and is answered there.
async fn goes_elsewhere(gateway: &Running, upstream: &Listening) {
    let mut caller = gateway.caller().await;
    caller.send(GET).await;
    let mut other = Wire::upstream(upstream, &[(MAX_CONCURRENT_STREAMS, 1)]).await;
    let (stream, _) = other.request().await;
    other.send(ok(stream)).await;
    assert_eq!(caller.message().await.0.status(), 200);
    // And that one is gone again.
    other.send(goaway(stream, NO_ERROR)).await;
    other.rest().await;
}

#[tokio::test]
async fn a_stream_is_taken_until_the_answer_has_ended() {
    let upstream = Listening::new().await;
    let gateway = http2(&upstream).await;
    let (mut first, mut second) = (gateway.caller().await, gateway.caller().await);
    first.send(GET).await;
    let mut wire = Wire::upstream(&upstream, &[(MAX_CONCURRENT_STREAMS, 1)]).await;
    let (stream, _) = wire.request().await;
    wire.send(frame(HEADERS, END_HEADERS, stream, OK)).await;
    wire.send(frame(DATA, 0, stream, b"be")).await;
    first.until("be\r\n").await;
    goes_elsewhere(&gateway, &upstream).await;
    wire.send(frame(DATA, END_STREAM, stream, b"gun")).await;
    first.until("0\r\n\r\n").await;
    second.send(GET).await;
    let (stream, _) = wire.request().await;
    wire.send(ok(stream)).await;
    assert_eq!(second.message().await.0.status(), 200);
}

#[tokio::test]
async fn waiting_for_a_stream_has_an_end_and_nothing_was_sent() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address)
        .with(|config| {
            config.upstreams[0].http2 = true;
            config.limits.http2_connections = 1;
            config.timeouts.connect = Duration::from_millis(200);
        })
        .start()
        .await;
    let (mut first, mut second) = (gateway.caller().await, gateway.caller().await);
    first.send(PATCH).await;
    let mut wire = Wire::upstream(&upstream, &[(MAX_CONCURRENT_STREAMS, 1)]).await;
    let (stream, _) = wire.request().await;
    second.send(PATCH).await;
    let (head, body) = second.message().await;
    assert_eq!((head.status(), head.one("retry-after")), (503, Some("1")));
    assert!(body.contains("patchwright.upstream.busy"), "{body}");
    wire.send(ok(stream)).await;
    assert_eq!(first.message().await.0.status(), 200);
    // The one that gave up has left no request behind.
    first.send(PATCH).await;
    let (next, _) = wire.request().await;
    assert_eq!(next, stream + 2);
    wire.send(ok(next)).await;
    assert_eq!(first.message().await.0.status(), 200);
}

#[tokio::test]
async fn an_upstream_that_accepts_and_says_nothing_is_502_in_time() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address)
        .with(|config| {
            config.upstreams[0].http2 = true;
            config.timeouts.connect = Duration::from_millis(100);
        })
        .start()
        .await;
    let mut caller = gateway.caller().await;
    caller.send(PATCH).await;
    let mut wire = Wire::silent(&upstream).await;
    let (head, body) = caller.message().await;
    assert_eq!(head.status(), 502);
    assert!(body.contains("patchwright.upstream.unreachable"), "{body}");
    assert!(wire.rest().await.iter().all(|frame| frame.kind != HEADERS));
}

#[tokio::test]
async fn nobody_listening_is_502_unreachable_over_http2() {
    let gone = Listening::new().await.address;
    let gateway = Gateway::at(gone)
        .with(|config| config.upstreams[0].http2 = true)
        .start()
        .await;
    let mut caller = gateway.caller().await;
    for _ in 0..3 {
        caller.send(PATCH).await;
        let (head, body) = caller.message().await;
        assert_eq!(head.status(), 502);
        assert!(body.contains("patchwright.upstream.unreachable"), "{body}");
    }
}

#[tokio::test]
async fn a_stream_is_taken_until_the_upload_has_ended_too() {
    let upstream = Listening::new().await;
    let gateway = http2(&upstream).await;
    let (mut first, mut second) = (gateway.caller().await, gateway.caller().await);
    first
        .send("POST /x HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbe\r\n")
        .await;
    let mut wire = Wire::upstream(&upstream, &[(MAX_CONCURRENT_STREAMS, 1)]).await;
    let stream = wire.next(DATA).await.stream;
    // It has heard enough, and the rest comes nevertheless.
    wire.send(ok(stream)).await;
    assert_eq!(first.head().await.status(), 200);
    goes_elsewhere(&gateway, &upstream).await;
    first.send("3\r\ngun\r\n0\r\n\r\n").await;
    while !wire.next(DATA).await.ends_stream() {}
    second.send(GET).await;
    let (stream, _) = wire.request().await;
    wire.send(ok(stream)).await;
    assert_eq!(second.message().await.0.status(), 200);
}

#[tokio::test]
async fn an_answer_that_nobody_reads_holds_up_no_other() {
    let upstream = Listening::new().await;
    let gateway = http2(&upstream).await;
    let mut caller = gateway.caller().await;
    caller.send(GET).await;
    let mut wire = Wire::upstream(&upstream, &[]).await;
    let options = wire.next(SETTINGS).await;
    let window = options.payload.chunks(6).find(|one| one[..2] == [0, 4]);
    let window = u32::from_be_bytes(window.unwrap()[2..].try_into().unwrap());
    let more = wire.next(WINDOW_UPDATE).await;
    assert_eq!(more.stream, 0);
    let more = u32::from_be_bytes(more.payload.try_into().unwrap());
    // A hundred streams, each as full as it may be.
    assert!(more + 65_535 >= 100 * window, "{window} {more}");
}
