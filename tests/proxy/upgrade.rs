//! `Upgrade`: only what both sides agreed on, and nothing before.

use crate::support::{Gateway, Listening, Running};

const ASK: &str = "GET /socket HTTP/1.1\r\nHost: p\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
                   Sec-WebSocket-Key: x\r\n\r\n";
const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
                      Sec-WebSocket-Accept: y\r\n\r\n";

async fn both() -> (Listening, Running) {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address).start().await;
    (upstream, gateway)
}

#[tokio::test]
async fn bytes_are_tunnelled_both_ways_after_the_101_and_not_before() {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    caller
        .send(format!("{ASK}GET /smuggled HTTP/1.1\r\n\r\n"))
        .await;
    let mut up = upstream.accept().await;
    let head = up.head().await;
    assert_eq!(head.one("upgrade"), Some("websocket"));
    assert_eq!(head.one("connection"), Some("upgrade"));
    assert_eq!(head.one("sec-websocket-key"), Some("x"));
    assert!(up.is_silent().await, "bytes came before the 101");
    up.send(format!("{SWITCH}hello")).await;
    let head = caller.head().await;
    assert_eq!(head.status(), 101);
    assert_eq!(head.one("sec-websocket-accept"), Some("y"));
    assert_eq!(head.one("connection"), Some("upgrade"));
    assert_eq!(caller.exactly(5).await, "hello");
    assert_eq!(up.until("\r\n\r\n").await, "GET /smuggled HTTP/1.1\r\n\r\n");
    caller.send("ping").await;
    assert_eq!(up.exactly(4).await, "ping");
    drop(caller);
    assert_eq!(up.rest().await, "");
}

#[tokio::test]
async fn a_refused_upgrade_is_an_ordinary_answer() {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    caller
        .send(format!("{ASK}GET /next HTTP/1.1\r\nHost: p\r\n\r\n"))
        .await;
    let mut up = upstream.accept().await;
    up.head().await;
    up.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
        .await;
    let (head, body) = caller.message().await;
    assert_eq!((head.status(), body.as_str()), (403, "no"));
    assert_eq!(
        up.head().await.start(),
        "GET /next HTTP/1.1",
        "as a request of its own"
    );
}

#[tokio::test]
async fn a_101_that_nobody_asked_for_is_502() {
    let asked_for_another = ASK.replace("Upgrade: websocket", "Upgrade: chess");
    for request in ["GET / HTTP/1.1\r\nHost: p\r\n\r\n", &asked_for_another] {
        let (upstream, gateway) = both().await;
        let mut caller = gateway.caller().await;
        caller.send(request).await;
        let mut up = upstream.accept().await;
        up.head().await;
        up.send(SWITCH).await;
        let (head, body) = caller.message().await;
        assert_eq!(head.status(), 502);
        assert!(body.contains("patchwright.upstream.broken"), "{body}");
        assert_eq!(up.rest().await, "");
    }
}

#[tokio::test]
async fn an_upgrade_with_a_body_or_to_h2c_is_sent_without() {
    for request in [
        ASK.replace("\r\n\r\n", "\r\nContent-Length: 2\r\n\r\nhi"),
        ASK.replace("websocket", "h2c"),
    ] {
        let (upstream, gateway) = both().await;
        let mut caller = gateway.caller().await;
        caller.send(request).await;
        let mut up = upstream.accept().await;
        let head = up.head().await;
        assert_eq!(head.one("upgrade"), None);
        assert_eq!(head.one("connection"), None);
    }
}

#[tokio::test]
async fn a_silent_tunnel_is_closed_and_a_tunnel_keeps_its_place() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address)
        .with(|config| {
            config.timeouts.idle = std::time::Duration::from_millis(200);
            config.limits.connections = 1;
        })
        .start()
        .await;
    let mut caller = gateway.caller().await;
    caller.send(ASK).await;
    let mut up = upstream.accept().await;
    up.head().await;
    up.send(SWITCH).await;
    caller.head().await;
    let mut second = gateway.caller().await;
    second.send("GET / HTTP/1.1\r\nHost: p\r\n\r\n").await;
    assert!(upstream.is_left_alone().await, "the one place is taken");
    assert_eq!(caller.rest().await, "");
    assert_eq!(up.rest().await, "");
    upstream.accept().await.head().await;
}

/// CVE-2026-73548: what was a tunnel is no connection for requests any more.
#[tokio::test]
async fn an_upgraded_connection_is_never_used_again() {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    caller.send(ASK).await;
    let mut up = upstream.accept().await;
    up.head().await;
    up.send(SWITCH).await;
    assert_eq!(caller.head().await.status(), 101);
    for _ in 0..2 {
        let mut other = gateway.caller().await;
        other.send("GET /next HTTP/1.1\r\nHost: p\r\n\r\n").await;
        let mut second = upstream.accept().await;
        assert_eq!(second.head().await.start(), "GET /next HTTP/1.1");
    }
    drop(caller);
    assert_eq!(
        up.rest().await,
        "",
        "the tunnel carried nothing but its own"
    );
}

/// CVE-2026-58055: where the body ends and what follows is the same to all three.
#[tokio::test]
async fn behind_an_upgrade_with_a_body_both_sides_agree() {
    let (upstream, gateway) = both().await;
    let ask = ASK.replace("\r\n\r\n", "\r\nContent-Length: 39\r\n\r\n");
    let body = "GET /smuggled HTTP/1.1\r\nHost: p\r\n\r\n....";
    let next = "GET /next HTTP/1.1\r\nHost: p\r\n\r\n";
    let mut caller = gateway.caller().await;
    caller.send(format!("{ask}{body}{next}")).await;
    let mut up = upstream.accept().await;
    let (head, sent) = up.message().await;
    assert_eq!(head.one("upgrade"), None);
    assert_eq!(sent, body);
    up.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        .await;
    assert_eq!(caller.head().await.status(), 200);
    assert_eq!(up.head().await.start(), "GET /next HTTP/1.1");
}
