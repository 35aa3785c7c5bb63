//! RFC 9110 sections 6.4 and 8: content passes as it is, whatever it is called and however it is coded.

use super::both;

const BODIES: [&[u8]; 5] = [
    b"",
    b"{\"a\":1.10,\"a\":2}",
    b"\x1f\x8b\x08\0\xff\0",
    b"GET / HTTP/1.1\r\nHost: p\r\n\r\n",
    b"0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
];

/// With a length, both ways, on one connection.
#[tokio::test]
async fn content_is_not_touched() {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    let mut connection = None;
    for body in BODIES {
        let mut request = format!(
            "POST /x HTTP/1.1\r\nHost: p\r\nContent-Encoding: x\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        caller.send(request).await;
        if connection.is_none() {
            connection = Some(upstream.accept().await);
        }
        let up = connection.as_mut().unwrap();
        let (head, sent) = up.raw_message().await;
        assert_eq!(head.one("content-length"), Some(&*body.len().to_string()));
        assert_eq!(sent, body);
        let mut answer =
            format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
        answer.extend_from_slice(body);
        up.send(answer).await;
        let (head, got) = caller.raw_message().await;
        assert_eq!(head.one("content-length"), Some(&*body.len().to_string()));
        assert_eq!(got, body);
    }
}

/// 9110 §8.6: `Content-Length: 0` of a caller is kept, and none is made up where there was none.
#[tokio::test]
async fn an_empty_body_is_described_as_the_caller_did() {
    let head = super::up("PATCH / HTTP/1.1\r\nHost: p\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!(head.one("content-length"), Some("0"));
    let head = super::up("PATCH / HTTP/1.1\r\nHost: p\r\n\r\n").await;
    assert_eq!(head.one("content-length"), None);
    assert_eq!(head.one("transfer-encoding"), None);
}
