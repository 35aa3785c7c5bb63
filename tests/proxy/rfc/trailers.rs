//! Trailers (RFC 9110 section 6.5, RFC 9112 section 7.1.2): passed on as trailers or not at all, and
//! never a part of the head.

use super::both;

/// Fields that must not come behind the content (9110 §6.5.1), and one that may.
const FORBIDDEN: [(&str, &str); 24] = [
    ("Content-Length", "9"),
    ("Transfer-Encoding", "gzip"),
    ("Host", "evil"),
    ("Connection", "x-sum"),
    ("Authorization", "Bearer evil"),
    ("Proxy-Authorization", "evil"),
    ("WWW-Authenticate", "evil"),
    ("Content-Type", "evil"),
    ("Content-Encoding", "evil"),
    ("Content-Range", "evil"),
    ("Cookie", "evil"),
    ("Set-Cookie", "evil"),
    ("TE", "evil"),
    ("Trailer", "evil"),
    ("Upgrade", "evil"),
    ("Keep-Alive", "evil"),
    ("Max-Forwards", "evil"),
    ("Expect", "evil"),
    ("Cache-Control", "evil"),
    ("If-Match", "evil"),
    ("Range", "evil"),
    ("Location", "evil"),
    ("Via", "evil"),
    ("Retry-After", "99999"),
];

fn chunked() -> (String, String) {
    let names: Vec<_> = FORBIDDEN.iter().map(|(name, _)| *name).collect();
    let lines = FORBIDDEN
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"));
    (
        format!(
            "Trailer: {}, X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n",
            names.join(", ")
        ),
        format!(
            "1\r\na\r\n0\r\n{}X-Sum: 1\r\n\r\n",
            lines.collect::<String>()
        ),
    )
}

#[tokio::test]
async fn trailers_pass_both_ways_without_what_rules_a_message() {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    let (fields, body) = chunked();
    caller
        .send(format!(
            "POST / HTTP/1.1\r\nHost: p\r\nTE: trailers\r\nConnection: te\r\n{fields}{body}"
        ))
        .await;
    let mut up = upstream.accept().await;
    let head = up.head().await;
    assert_eq!(head.one("x-sum"), None, "9110 §6.5.1: never merged");
    let came = up.until("\r\n\r\n").await;
    assert_eq!(came.to_ascii_lowercase(), "1\r\na\r\n0\r\nx-sum: 1\r\n\r\n");
    up.send(format!("HTTP/1.1 200 OK\r\n{fields}{body}")).await;
    let head = caller.head().await;
    assert_eq!(head.one("x-sum"), None, "9110 §6.5.1: never merged");
    assert_eq!(head.one("retry-after"), None);
    let came = caller.until("\r\n\r\n").await;
    assert_eq!(came.to_ascii_lowercase(), "1\r\na\r\n0\r\nx-sum: 1\r\n\r\n");
}

/// 9110 §6.5.1: a caller that did not ask for trailers gets the content without them.
#[tokio::test]
async fn a_caller_that_does_not_read_trailers_gets_none() {
    let (upstream, gateway) = both().await;
    let answer = "HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nb\r\n0\r\nX-Sum: 2\r\n\r\n";
    let (mut caller, _up) = super::answered(&upstream, &gateway, super::GET, answer).await;
    caller.head().await;
    assert_eq!(caller.until("\r\n\r\n").await, "1\r\nb\r\n0\r\n\r\n");
}

/// Towards HTTP/1.1, hyper writes only what `Trailer` announces.
#[tokio::test]
async fn a_trailer_that_was_not_announced_is_dropped() {
    let (upstream, gateway) = both().await;
    let request = "GET / HTTP/1.1\r\nHost: p\r\nTE: trailers\r\nConnection: te\r\n\r\n";
    let answer = "HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nb\r\n0\r\n\
                  X-Sum: 2\r\nX-Unannounced: 3\r\n\r\n";
    let (mut caller, _up) = super::answered(&upstream, &gateway, request, answer).await;
    caller.head().await;
    let body = caller.until("\r\n\r\n").await;
    assert_eq!(body.to_ascii_lowercase(), "1\r\nb\r\n0\r\nx-sum: 2\r\n\r\n");
}
