//! An end that anyone on the way could have made is no end.

use tokio::io::AsyncWriteExt as _;

use super::support::{Authority, Folder, Secured};
use crate::support::{Gateway, Peer};

/// The head, and whatever the caller got of the body, when the upstream sends this and closes.
async fn answered_with(answer: &str, politely: bool) -> (String, String) {
    let authority = Authority::new();
    let (folder, upstream) = (Folder::new(), Secured::new(&authority.sign()).await);
    let ca = folder.put("ca.pem", &authority.pem());
    let gateway = Gateway::to(&upstream.url())
        .with(|config| config.upstreams[0].ca = Some(ca))
        .start()
        .await;
    let mut caller: Peer = gateway.caller().await;
    // So that whatever comes ends with the connection.
    caller
        .send("GET / HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n")
        .await;
    let mut up = upstream.accept().await;
    up.head().await;
    up.send(answer).await;
    if politely {
        up.stream.shutdown().await.unwrap();
    } else {
        // The end of TCP without the end of TLS.
        up.stream.get_mut().0.shutdown().await.unwrap();
    }
    let head = caller.head().await.0;
    (head, caller.rest().await)
}

#[tokio::test]
async fn a_body_up_to_the_end_of_the_connection_is_whole_only_with_a_close_notify() {
    let answer = "HTTP/1.1 200 OK\r\n\r\nhello";
    let (head, body) = answered_with(answer, true).await;
    assert!(head.contains("transfer-encoding: chunked"), "{head}");
    assert!(body.ends_with("hello\r\n0\r\n\r\n"), "{body:?}");
    let (head, body) = answered_with(answer, false).await;
    assert!(head.contains("transfer-encoding: chunked"), "{head}");
    assert!(!body.contains("\r\n0\r\n"), "no last chunk: {body:?}");
}

#[tokio::test]
async fn a_body_shorter_than_announced_is_as_short_for_the_caller() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello";
    for politely in [true, false] {
        let (head, body) = answered_with(answer, politely).await;
        assert!(head.contains("content-length: 50"), "{head}");
        assert!(body.len() < 50, "{body:?}");
    }
}
