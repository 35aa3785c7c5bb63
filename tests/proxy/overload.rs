//! More callers than there is room for, and callers that take their time.

mod http2;

use std::time::Duration;

use patchwright::cli::serve::Server;
use tokio::io::AsyncWriteExt as _;

use crate::support::{Gateway, Listening, Peer, Running, within};

const GET: &str = "GET / HTTP/1.1\r\nHost: p\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

async fn with_connections(connections: usize) -> (Listening, Running) {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address)
        .with(|config| config.limits.connections = connections)
        .start()
        .await;
    (upstream, gateway)
}

/// A request and its answer.
async fn exchange(caller: &mut Peer, up: &mut Peer) {
    caller.send(GET).await;
    up.head().await;
    up.send(OK).await;
    assert_eq!(caller.message().await.0.status(), 200);
}

#[tokio::test]
async fn a_new_caller_takes_the_place_of_the_longest_idle_connection() {
    let (upstream, gateway) = with_connections(2).await;
    let mut first = gateway.caller().await;
    first.send(GET).await;
    let mut up = upstream.accept().await;
    up.head().await;
    up.send(OK).await;
    first.message().await;
    let mut second = gateway.caller().await;
    exchange(&mut second, &mut up).await;

    let mut third = gateway.caller().await;
    exchange(&mut third, &mut up).await;
    assert_eq!(first.rest().await, "", "it has been idle for longest");
    exchange(&mut second, &mut up).await;
}

#[tokio::test]
async fn connections_that_never_ask_keep_nobody_out() {
    let (upstream, gateway) = with_connections(8).await;
    let mut silent = Vec::new();
    for _ in 0..8 {
        silent.push(gateway.caller().await);
    }
    let mut caller = gateway.caller().await;
    caller.send(GET).await;
    let mut up = upstream.accept().await;
    up.head().await;
    up.send(OK).await;
    assert_eq!(caller.message().await.0.status(), 200);
    assert_eq!(silent.remove(0).rest().await, "");
}

#[tokio::test]
async fn an_http2_connection_makes_room_with_a_goodbye() {
    use tokio::io::AsyncReadExt as _;

    let (upstream, gateway) = with_connections(1).await;
    let mut idle = gateway.caller().await;
    idle.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .await;
    let mut caller = gateway.caller().await;
    caller.send(GET).await;
    let mut up = upstream.accept().await;
    up.head().await;
    up.send(OK).await;
    assert_eq!(caller.message().await.0.status(), 200);
    let mut frames = Vec::new();
    within("the end", idle.stream.read_to_end(&mut frames))
        .await
        .unwrap();
    let goaway = b"\0\0\x08\x07\0\0\0\0\0";
    assert!(
        frames.windows(goaway.len()).any(|frame| frame == goaway),
        "{frames:?}"
    );
}

#[tokio::test]
async fn health_and_readiness_are_answered_while_every_place_is_taken() {
    let upstream = Listening::new().await;
    let config = Gateway::at(upstream.address)
        .with(|config| {
            config.limits.connections = 1;
            config.limits.concurrency = 1;
        })
        .config;
    let server = Server::bind(&config).unwrap();
    let (proxy, admin) = (server.address().unwrap(), server.admin_address().unwrap());
    let running = tokio::spawn(server.run(std::future::pending()));
    let mut caller = Peer::connect(proxy).await;
    caller.send(GET).await;
    let mut up = upstream.accept().await;
    up.head().await;
    // As many as the admin listener has places: they don't keep the health check out either.
    let mut idle = Vec::new();
    for _ in 0..40 {
        idle.push(Peer::connect(admin).await);
    }
    for path in ["/healthz", "/readyz"] {
        let mut operator = Peer::connect(admin).await;
        operator
            .send(format!("GET {path} HTTP/1.1\r\nHost: {admin}\r\n\r\n"))
            .await;
        assert_eq!(operator.message().await.0.status(), 200, "{path}");
    }
    running.abort();
}

#[tokio::test]
async fn a_caller_in_the_middle_of_its_body_reads_that_there_is_no_room() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address)
        .with(|config| config.limits.concurrency = 1)
        .start()
        .await;
    let mut first = gateway.caller().await;
    first.send(GET).await;
    let mut up = upstream.accept().await;
    up.head().await;

    let mut second = gateway.caller().await;
    second
        .send("POST / HTTP/1.1\r\nHost: p\r\nContent-Length: 300000\r\n\r\n")
        .await;
    // More than one read: the answer comes before the body has ended.
    second.send(vec![b'x'; 200_000]).await;
    let (head, body) = second.message().await;
    assert_eq!((head.status(), head.one("retry-after")), (503, Some("1")));
    assert!(body.contains("patchwright.overloaded"), "{body}");
    // What follows the refused body is never a request.
    let _ = second.stream.write_all(GET.as_bytes()).await;
    assert_eq!(second.rest().await, "");
    assert!(upstream.is_left_alone().await);
}

#[tokio::test]
async fn a_tunnel_holds_no_place_among_the_requests() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address)
        .with(|config| config.limits.concurrency = 1)
        .start()
        .await;
    let mut tunnel = gateway.caller().await;
    tunnel
        .send("GET / HTTP/1.1\r\nHost: p\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
        .await;
    let mut up = upstream.accept().await;
    up.head().await;
    up.send(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nhi",
    )
    .await;
    tunnel.until("\r\n\r\nhi").await;
    let mut caller = gateway.caller().await;
    caller.send(GET).await;
    let mut other = upstream.accept().await;
    other.head().await;
    other.send(OK).await;
    assert_eq!(caller.message().await.0.status(), 200);
}

#[tokio::test]
async fn a_body_that_dribbles_in_is_given_up_and_one_that_moves_is_not() {
    for (piece, status) in [(1, 408), (8192, 200)] {
        let upstream = Listening::new().await;
        let gateway = Gateway::at(upstream.address)
            .with(|config| config.timeouts.idle = Duration::from_secs(1))
            .start()
            .await;
        let mut caller = gateway.caller().await;
        let pieces = 15;
        let length = piece * pieces;
        caller
            .send(format!(
                "POST / HTTP/1.1\r\nHost: p\r\nContent-Length: {length}\r\n\r\n"
            ))
            .await;
        let mut up = upstream.accept().await;
        up.head().await;
        for _ in 0..pieces {
            // Never silent for as long as `idle`, but for longer in all.
            tokio::time::sleep(Duration::from_millis(100)).await;
            let _ = caller.stream.write_all(&vec![b'x'; piece]).await;
        }
        if status == 200 {
            up.bytes(length).await;
            up.send(OK).await;
        }
        assert_eq!(caller.message().await.0.status(), status, "{piece}");
    }
}

#[tokio::test]
async fn one_connection_makes_room_for_one_caller_also_when_its_requests_had_bodies() {
    let (upstream, gateway) = with_connections(8).await;
    let mut idle = Vec::new();
    let mut up = None;
    for _ in 0..8 {
        let mut caller = gateway.caller().await;
        caller
            .send("POST / HTTP/1.1\r\nHost: p\r\nContent-Length: 2\r\n\r\nhi")
            .await;
        if up.is_none() {
            up = Some(upstream.accept().await);
        }
        let up = up.as_mut().unwrap();
        up.until("hi").await;
        up.send(OK).await;
        caller.message().await;
        idle.push(caller);
    }
    let mut caller = gateway.caller().await;
    exchange(&mut caller, up.as_mut().unwrap()).await;
    let mut closed = 0;
    for mut one in idle {
        closed += usize::from(!one.is_silent().await);
    }
    assert_eq!(closed, 1);
}

#[tokio::test]
async fn callers_in_the_queue_of_a_server_that_stops_are_told_so() {
    let (upstream, mut gateway) = with_connections(1).await;
    let mut first = gateway.caller().await;
    first.send(GET).await;
    let mut up = upstream.accept().await;
    up.head().await;
    // One that was accepted and waits for its place, and two in the system's queue.
    let mut queued = Vec::new();
    for _ in 0..3 {
        let mut caller = gateway.caller().await;
        caller.send(GET).await;
        assert!(caller.is_silent().await);
        queued.push(caller);
    }
    gateway.shut_down();
    for caller in &mut queued {
        let (head, body) = caller.message().await;
        assert_eq!(
            (
                head.status(),
                head.one("retry-after"),
                head.one("connection")
            ),
            (503, Some("1"), Some("close"))
        );
        assert!(body.contains("patchwright.overloaded"), "{body}");
        assert_eq!(caller.rest().await, "");
    }
    up.send(OK).await;
    assert_eq!(first.message().await.1, "ok");
    gateway.stopped().await;
}

#[tokio::test]
async fn more_header_lines_than_anybody_needs_are_431() {
    let (upstream, gateway) = with_connections(8).await;
    for (lines, status) in [(90, 200), (101, 431)] {
        let mut caller = gateway.caller().await;
        let lines = "X: y\r\n".repeat(lines);
        caller
            .send(format!("GET / HTTP/1.1\r\nHost: p\r\n{lines}\r\n"))
            .await;
        if status == 200 {
            let mut up = upstream.accept().await;
            up.head().await;
            up.send(OK).await;
        }
        assert_eq!(caller.head().await.status(), status);
    }
    assert!(upstream.is_left_alone().await);
}
