//! What RFC 9110 and RFC 9112 demand of an intermediary, duty by duty, on raw sockets and in both
//! directions.
//!
//! Each row or test names the section it stands for. What is shown elsewhere stays there:
//!
//! | Duty | Where |
//! |---|---|
//! | 9110 §9.2.2: nothing but an idempotent request is sent again | `failure.rs`, `tests/layer/resend.rs` |
//! | 9110 §15.6: 502, 503, 504 and 408 | `failure.rs`, `limits.rs` |
//! | 9110 §7.8: `Upgrade` | `upgrade.rs` |
//! | 9112 §8: what is incomplete never looks complete | `body.rs`, `failure.rs` |
//! | 9530: digests after an edit | `tests/layer/bodies.rs` |

mod content;
mod early;
mod fields;
mod framing;
mod framing_down;
mod hops;
mod http10;
mod injection;
mod interim;
mod length_after_edit;
mod methods;
mod persistence;
mod sizes;
mod target;
mod trailers;
mod unparsed;

use crate::support::{Gateway, Head, Listening, Peer, Running};

const GET: &str = "GET / HTTP/1.1\r\nHost: p\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

async fn both() -> (Listening, Running) {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address).start().await;
    (upstream, gateway)
}

/// Sends `request`, and has the head that arrives upstream.
async fn up(request: impl AsRef<[u8]>) -> Head {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    caller.send(request).await;
    upstream.accept().await.head().await
}

/// Answers a GET with `answer`, and has the head that the caller gets.
async fn down(answer: impl AsRef<[u8]>) -> Head {
    let (upstream, gateway) = both().await;
    let (mut caller, _up) = answered(&upstream, &gateway, GET, answer).await;
    caller.head().await
}

/// Sends `request`, lets it arrive, answers it with `answer`.
async fn answered(
    upstream: &Listening,
    gateway: &Running,
    request: &str,
    answer: impl AsRef<[u8]>,
) -> (Peer, Peer) {
    let mut caller = gateway.caller().await;
    caller.send(request).await;
    let mut up = upstream.accept().await;
    up.head().await;
    up.send(answer).await;
    (caller, up)
}

/// Sends `request` on a connection of its own, which must be answered with `status` in the API's error
/// format and closed.
async fn refused(gateway: &Running, request: impl AsRef<[u8]>, status: u16, code: &str) {
    let shown = String::from_utf8_lossy(request.as_ref()).into_owned();
    let mut caller = gateway.caller().await;
    caller.send(request).await;
    let (head, body) = caller.message().await;
    assert_eq!(head.status(), status, "{shown:.200?}");
    assert_eq!(head.one("connection"), Some("close"), "{shown:.200?}");
    assert_eq!(head.one("content-type"), Some("application/json"));
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["code"], code, "{shown:.200?}");
    assert_eq!(body["status"], status);
    assert_eq!(caller.rest().await, "", "{shown:.200?}");
}
