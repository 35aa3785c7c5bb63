//! Nothing that goes into a head can end it (RFC 9110 section 5.5, CVE-2017-18587).

use super::{GET, both};
use crate::support::{Gateway, Listening, Peer};

const PATH: &str = "/api/v2/conversations/c1/participants/p1";

fn json(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A value that was looked up goes into a body, escaped, and into no head at all.
#[tokio::test]
async fn looked_up_values_stay_in_their_string() {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    caller
        .send(format!(
            "PATCH {PATH} HTTP/1.1\r\nHost: p\r\nAuthorization: Bearer t\r\nContent-Length: 2\r\n\r\n{{}}"
        ))
        .await;
    let mut up = upstream.accept().await;
    up.head().await;
    let conversation = r#"{"participants":[{"id":"p1","state":"a\r\n\r\nGET /x HTTP/1.1\"},{\"","queue":{"id":"q\"\u0000\n"}}]}"#;
    up.send(json(conversation)).await;
    let (head, body) = up.message().await;
    assert!(head.start().starts_with("PATCH "), "{}", head.0);
    assert!(
        !body.contains('\n') && !body.contains('\r') && !body.contains('\0'),
        "{body:?}"
    );
    let sent: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(sent["state"], "a\r\n\r\nGET /x HTTP/1.1\"},{\"");
    assert_eq!(sent["routing"]["queue"]["id"], "q\"\0\n");
    assert_eq!(sent.as_object().unwrap().len(), 2);
    up.send("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
        .await;
    let head = caller.head().await;
    let report = head.one("patchwright").unwrap();
    assert!(!report.contains("GET"), "{report}");
}

/// What our own answers say of a request is escaped too, and they take nothing of it into their head.
#[tokio::test]
async fn our_own_answers_repeat_nothing_of_the_request() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address)
        .with(|config| config.upstreams[0].prefix = "/api".to_owned())
        .start()
        .await;
    for target in ["/%0d%0aSet-Cookie:%20a=b", "/\"},{\"", "/(script)"] {
        let mut caller = gateway.caller().await;
        caller
            .send(format!(
                "GET {target} HTTP/1.1\r\nHost: evil.invalid\r\nX-A: secret\r\n\r\n"
            ))
            .await;
        let (head, body) = caller.message().await;
        assert_eq!(head.status(), 404, "{target}");
        assert_eq!(head.0.lines().count(), 5, "{}", head.0);
        assert!(
            serde_json::from_str::<serde_json::Value>(&body).is_ok(),
            "{body}"
        );
        for part in [target, "evil", "secret"] {
            assert!(!body.contains(part), "{part} is in {body}");
        }
    }
}

/// Bytes beyond ASCII are opaque and pass both ways (9110 §5.5); a tab may stand in a value.
#[tokio::test]
async fn bytes_beyond_ascii_pass_as_they_are() {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    let value = b"x-a: \xff\xe9\x80 \"\t\xf0\x9f\xa6\x80\r\n";
    let mut request = GET.trim_end().as_bytes().to_vec();
    request.extend_from_slice(b"\r\nX-A: ");
    request.extend_from_slice(&value[5..]);
    request.extend_from_slice(b"\r\n");
    caller.send(request).await;
    let mut up: Peer = upstream.accept().await;
    let head = up.raw_until(b"\r\n\r\n").await;
    assert!(head.windows(value.len()).any(|w| w == value), "{head:?}");
    let mut answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-A: ".to_vec();
    answer.extend_from_slice(&value[5..]);
    answer.extend_from_slice(b"\r\n");
    up.send(answer).await;
    let head = caller.raw_until(b"\r\n\r\n").await;
    assert!(head.windows(value.len()).any(|w| w == value), "{head:?}");
}

/// 9110 §15.1: a status phrase is whatever the upstream says, within one line.
#[tokio::test]
async fn the_reason_passes() {
    for start in ["HTTP/1.1 299 Quite  Fine", "HTTP/1.1 599 x"] {
        let head = super::down(format!("{start}\r\nContent-Length: 0\r\n\r\n")).await;
        assert_eq!(head.start(), start);
    }
}
