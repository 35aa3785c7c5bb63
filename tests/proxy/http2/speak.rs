//! HTTP/2 with prior knowledge, on either side.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Version};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use crate::support::{Gateway, Listening, Running, within};

async fn connect(gateway: &Running) -> http2::SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(gateway.address).await.unwrap();
    let io = TokioIo::new(stream);
    let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    sender
}

fn request(method: &str, body: &'static str) -> Request<Full<Bytes>> {
    Request::builder()
        .method(method)
        .uri("http://proxy.example/a?b")
        .version(Version::HTTP_2)
        .header("cookie", "a=1")
        .header("cookie", "b=2")
        .body(Full::from(body))
        .unwrap()
}

#[tokio::test]
async fn a_request_over_http2_reaches_an_http1_upstream() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address).start().await;
    let mut sender = connect(&gateway).await;
    let answer = tokio::spawn(sender.send_request(request("PATCH", "{}")));
    let mut up = upstream.accept().await;
    let (head, body) = up.message().await;
    assert_eq!(head.start(), "PATCH /a?b HTTP/1.1");
    assert_eq!(head.one("host"), Some(&*upstream.address.to_string()));
    assert_eq!(head.one("via"), Some("2.0 patchwright"));
    assert_eq!(head.all("cookie"), ["a=1; b=2"]);
    assert_eq!(body, "{}");
    up.send("HTTP/1.1 200 OK\r\nKeep-Alive: x\r\nContent-Length: 2\r\n\r\nok")
        .await;
    let answer = within("the answer", answer).await.unwrap().unwrap();
    assert!(!answer.headers().contains_key("keep-alive"));
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "ok");
}

#[tokio::test]
async fn our_answer_to_head_over_http2_has_no_content() {
    let gone = Listening::new().await.address;
    let gateway = Gateway::at(gone).start().await;
    let mut sender = connect(&gateway).await;
    for _ in 0..2 {
        let answer = sender.send_request(request("HEAD", "")).await.unwrap();
        assert_eq!(answer.status(), 502);
        assert!(answer.headers().contains_key("content-length"));
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body.len(), 0);
    }
}

#[tokio::test]
async fn a_truncated_answer_resets_the_stream() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address).start().await;
    let mut sender = connect(&gateway).await;
    let answer = tokio::spawn(sender.send_request(request("GET", "")));
    let mut up = upstream.accept().await;
    up.head().await;
    up.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        .await;
    let answer = within("the answer", answer).await.unwrap().unwrap();
    drop(up);
    let body = within("the body's end", answer.into_body().collect()).await;
    assert!(body.is_err());
}

#[tokio::test]
async fn an_http2_upstream_is_spoken_to_with_prior_knowledge() {
    // The proxy itself is the HTTP/2 server at hand: caller -(1.1)-> proxy -(2)-> proxy -(1.1)-> upstream.
    let upstream = Listening::new().await;
    let inner = Gateway::at(upstream.address).start().await;
    let outer = Gateway::at(inner.address)
        .with(|config| config.upstreams[0].http2 = true)
        .start()
        .await;
    let mut caller = outer.caller().await;
    caller
        .send(
            "POST /x HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        )
        .await;
    let mut up = upstream.accept().await;
    let head = up.head().await;
    assert_eq!(head.start(), "POST /x HTTP/1.1");
    assert_eq!(head.all("via"), ["1.1 patchwright", "2.0 patchwright"]);
    up.until("0\r\n\r\n").await;
    up.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        .await;
    let (head, body) = caller.message().await;
    assert_eq!((head.status(), body.as_str()), (200, "ok"));
}

#[tokio::test]
async fn an_idle_http2_connection_is_said_goodbye_to() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address)
        .with(|config| config.timeouts.idle = Duration::from_millis(50))
        .start()
        .await;
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    tokio::io::AsyncWriteExt::write_all(&mut stream, preface)
        .await
        .unwrap();
    let mut read = Vec::new();
    let ended = within("the end", stream.read_to_end(&mut read)).await;
    assert!(ended.is_ok());
    // A GOAWAY frame: type 7 at the fourth byte of its header.
    let mut frames = read.as_slice();
    let mut types = Vec::new();
    while frames.len() >= 9 {
        let length = u32::from_be_bytes([0, frames[0], frames[1], frames[2]]) as usize;
        types.push(frames[3]);
        frames = &frames[9 + length..];
    }
    assert!(types.contains(&7), "{types:?}");
}

#[tokio::test]
async fn draining_finishes_http2_streams() {
    let upstream = Listening::new().await;
    let mut gateway = Gateway::at(upstream.address).start().await;
    let mut sender = connect(&gateway).await;
    let answer = tokio::spawn(sender.send_request(request("GET", "")));
    let mut up = upstream.accept().await;
    up.head().await;
    gateway.shut_down();
    up.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        .await;
    let answer = within("the answer", answer).await.unwrap().unwrap();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "ok");
    gateway.stopped().await;
}
