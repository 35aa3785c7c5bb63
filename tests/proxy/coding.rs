//! Coded bodies on the wire: what leaves is framed for what leaves.

use std::time::Duration;

use crate::coder::{br, gzip, zstd};
use crate::support::{Gateway, Listening, Peer, Running};

const PATH: &str = "/api/v2/conversations/web/instances/c1/participants/p1";
const CONVERSATION: &[u8] = br#"{"participants":[{"id":"p1","state":"connected"}]}"#;

async fn both() -> (Listening, Running) {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address).start().await;
    (upstream, gateway)
}

fn head(lines: &str) -> String {
    format!("PATCH {PATH} HTTP/1.1\r\nHost: p\r\nAuthorization: Bearer a\r\n{lines}\r\n\r\n")
}

/// Answers the lookup that comes next.
async fn look_up(up: &mut Peer) {
    let asked = up.head().await;
    assert_eq!(
        asked.start(),
        "GET /api/v2/conversations/web/instances/c1 HTTP/1.1"
    );
    let length = CONVERSATION.len();
    up.send(format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n"
    ))
    .await;
    up.send(CONVERSATION).await;
}

#[tokio::test]
async fn a_coded_patch_leaves_as_text_with_its_own_length() {
    let text = "{\"attributes\":{\"note\":\"é\"}}".as_bytes();
    let repaired = "{\"state\":\"connected\",\"attributes\":{\"note\":\"é\"}}";
    for (name, body) in [("gzip", gzip(text)), ("br", br(text)), ("zstd", zstd(text))] {
        for chunked in [false, true] {
            let (upstream, gateway) = both().await;
            let mut caller = gateway.caller().await;
            let lines =
                format!("Content-Type: application/json\r\nContent-Encoding: {name}\r\nDigest: x");
            if chunked {
                caller
                    .send(head(&format!("{lines}\r\nTransfer-Encoding: chunked")))
                    .await;
                for byte in &body {
                    caller
                        .send([&b"1\r\n"[..], &[*byte], b"\r\n"].concat())
                        .await;
                }
                caller.send("0\r\n\r\n").await;
            } else {
                caller
                    .send(head(&format!("{lines}\r\nContent-Length: {}", body.len())))
                    .await;
                caller.send(&body).await;
            }
            let mut up = upstream.accept().await;
            look_up(&mut up).await;
            let (sent, arrived) = up.message().await;
            assert_eq!(sent.start(), format!("PATCH {PATH} HTTP/1.1"));
            assert_eq!(
                sent.one("content-length"),
                Some(&*repaired.len().to_string())
            );
            for gone in ["content-encoding", "transfer-encoding", "digest"] {
                assert_eq!(sent.one(gone), None, "{name}");
            }
            assert_eq!(arrived, repaired);
            assert!(up.is_silent().await, "and nothing behind it");
            up.send("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
                .await;
            let (answer, _) = caller.message().await;
            let report = answer.one("patchwright").unwrap();
            assert!(report.contains("repairs=(fill coding)"), "{report}");
            gateway.counted("patchwright_repairs_total{rule=\"web-instance\",repair=\"coding\"} 1");
        }
    }
}

#[tokio::test]
async fn a_coded_patch_that_is_left_alone_leaves_byte_for_byte() {
    for (name, body) in [
        ("gzip", gzip(b"{\"state\":\"x\"}")),
        ("GZIP, identity", gzip(b"{\"state\":\"x\"}")),
        ("gzip", b"\x1f\x8b no gzip at all".to_vec()),
        ("compress", b"\x1f\x9d\x90".to_vec()),
    ] {
        let (upstream, gateway) = both().await;
        let mut caller = gateway.caller().await;
        let length = body.len();
        let lines = "Content-Type: application/json\r\nDigest: x\r\nContent-Encoding:";
        caller
            .send(head(&format!("{lines} {name}\r\nContent-Length: {length}")))
            .await;
        caller.send(&body).await;
        let mut up = upstream.accept().await;
        let (sent, arrived) = up.raw_message().await;
        assert_eq!(sent.one("content-encoding"), Some(name));
        assert_eq!(sent.one("content-length"), Some(&*length.to_string()));
        assert_eq!((sent.one("digest"), arrived), (Some("x"), body));
    }
}

#[tokio::test]
async fn what_is_held_is_shown_and_bounded() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address)
        .with(|config| {
            config.repair.buffered = patchwright::layer::budget::Budget::new(1000);
            config.repair.body_timeout = Duration::from_secs(60);
        })
        .start()
        .await;
    gateway.counted("patchwright_buffered_bytes 0");
    let mut slow = gateway.caller().await;
    slow.send(head(
        "Content-Type: application/json\r\nContent-Length: 100000",
    ))
    .await;
    slow.send(" ".repeat(990)).await;
    while !gateway
        .metrics
        .render()
        .contains("patchwright_buffered_bytes 990")
    {
        tokio::task::yield_now().await;
    }
    let mut other = gateway.caller().await;
    other
        .send(head("Content-Type: application/json\r\nContent-Length: 11") + "{\"a\":\"bcd\"}")
        .await;
    let (answer, body) = other.message().await;
    assert_eq!(
        (answer.status(), answer.one("retry-after")),
        (503, Some("1"))
    );
    assert!(body.contains("patchwright.overloaded"), "{body}");
    gateway.counted("patchwright_own_answers_total{code=\"patchwright.overloaded\"} 1");
    assert!(upstream.is_left_alone().await);
    // When the slow one has gone there is room.
    drop(slow);
    while !gateway
        .metrics
        .render()
        .contains("patchwright_buffered_bytes 0")
    {
        tokio::task::yield_now().await;
    }
    other
        .send(head("Content-Type: application/json\r\nContent-Length: 2") + "{}")
        .await;
    let mut up = upstream.accept().await;
    look_up(&mut up).await;
    assert_eq!(up.message().await.1, r#"{"state":"connected"}"#);
}
