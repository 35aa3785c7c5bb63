//! RFC 9110 section 8.6 where it is hardest to keep: a body that was edited has another length. It is
//! counted in bytes, from the body that is sent, on HTTP/1.1 and HTTP/2 alike (CVE-2026-42926,
//! CVE-2026-95101, envoy#28515, gravitee#8109).

use crate::support::{Gateway, Listening, Peer, Running};

const PATH: &str = "/api/v2/conversations/c1/participants/p1";
const CONVERSATION: &str =
    r#"{"participants":[{"id":"p1","state":"verbünden 日本 🦀","queue":{"id":"キュー"}}]}"#;
const FILLED: &str = r#""state":"verbünden 日本 🦀","routing":{"queue":{"id":"キュー"}},"#;
/// A body that would begin another request if it were cut off at its old length.
const BODY: &str =
    "{\"attributes\":{\"名前\":\"ü 🎉\",\"x\":\"\\r\\n\\r\\nPOST /smuggled HTTP/1.1\\r\\n\"}}";

/// How the caller frames its body.
fn framings() -> [String; 5] {
    let length = BODY.len();
    let (one, two) = BODY.split_at(22);
    [
        format!("Content-Length: {length}\r\n\r\n{BODY}"),
        format!("Content-Length: {length}\r\nContent-Length: {length}\r\n\r\n{BODY}"),
        format!(
            "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n{length:x}\r\n{BODY}\r\n0\r\n\r\n"
        ),
        format!(
            "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n{:x};a=b\r\n{one}\r\n{:x}\r\n{two}\r\n0\r\nX-Sum: 1\r\n\r\n",
            one.len(),
            two.len()
        ),
        format!(
            "Connection: content-length\r\nContent-Length: {length}\r\nContent-Digest: sha-256=:AAAA:\r\n\
             Repr-Digest: sha-256=:AAAA:\r\nContent-MD5: x\r\nDigest: x\r\n\r\n{BODY}"
        ),
    ]
}

async fn sends_the_right_length(upstream: &Listening, gateway: &Running) {
    for framing in framings() {
        let mut caller = gateway.caller().await;
        let head = format!(
            "PATCH {PATH} HTTP/1.1\r\nHost: p\r\nAuthorization: Bearer t\r\nCache-Control: no-cache\r\n\
             Content-Type: application/json\r\n"
        );
        caller.send(format!("{head}{framing}")).await;
        let mut up: Peer = upstream.accept().await;
        let lookup = up.head().await;
        assert_eq!(lookup.start(), "GET /api/v2/conversations/c1 HTTP/1.1");
        assert_eq!(lookup.one("content-length"), None);
        up.send(format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{CONVERSATION}",
            CONVERSATION.len()
        ))
        .await;
        let head = up.head().await;
        let expected = BODY.replacen('{', &format!("{{{FILLED}"), 1);
        assert!(head.start().starts_with("PATCH "), "{}", head.0);
        assert_eq!(
            head.one("content-length"),
            Some(&*expected.len().to_string()),
            "{framing}"
        );
        for gone in [
            "transfer-encoding",
            "content-digest",
            "repr-digest",
            "content-md5",
            "digest",
        ] {
            assert_eq!(head.one(gone), None, "{gone} of {framing}");
        }
        assert_eq!(up.exactly(expected.len()).await, expected);
        assert!(up.is_silent().await, "something follows: {framing}");
        up.send("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            .await;
        let head = caller.head().await;
        assert_eq!(head.status(), 202);
        assert!(
            head.one("patchwright")
                .unwrap()
                .contains("outcome=repaired"),
            "{}",
            head.0
        );
        drop(up);
    }
}

#[tokio::test]
async fn an_edited_body_has_its_own_length_over_http_1_1() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address).start().await;
    sends_the_right_length(&upstream, &gateway).await;
}

/// caller -(1.1)-> repairs -(2)-> passes on -(1.1)-> upstream. The one in the middle, as an HTTP/2 server,
/// resets a stream whose data is not as long as its `content-length` (9113 §8.1.1), and writes its own.
#[tokio::test]
async fn an_edited_body_has_its_own_length_over_http_2() {
    let upstream = Listening::new().await;
    let inner = Gateway::at(upstream.address)
        .with(|config| {
            config.repair.mode = patchwright::layer::options::Mode::Off;
            config.repair.report = false;
        })
        .start()
        .await;
    let outer = Gateway::at(inner.address)
        .with(|config| config.upstreams[0].http2 = true)
        .start()
        .await;
    sends_the_right_length(&upstream, &outer).await;
}
