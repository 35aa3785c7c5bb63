//! The same bounds on HTTP/2.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use tokio::io::AsyncWriteExt as _;

use crate::support::{Gateway, Listening, Running, within};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// With so small a window that an answer soon waits for the caller.
async fn connect(gateway: &Running) -> SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(gateway.address).await.unwrap();
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(1024)
        .handshake(TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    sender
}

fn request(body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    Request::builder()
        .method("POST")
        .uri("http://p/")
        .body(Full::new(body.into()))
        .unwrap()
}

#[tokio::test]
async fn a_stream_in_the_middle_of_its_body_reads_that_there_is_no_room_and_others_go_on() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address)
        .with(|config| config.limits.concurrency = 1)
        .start()
        .await;
    let mut sender = connect(&gateway).await;
    let first = tokio::spawn(sender.send_request(request("")));
    let mut up = upstream.accept().await;
    up.head().await;
    // More than the stream's window: it can't be sent as a whole before the answer.
    let refused = sender.send_request(request(vec![b'x'; 1 << 20]));
    let refused = within("the refusal", refused).await.unwrap();
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()["retry-after"], "1");
    let body = refused.into_body().collect().await.unwrap().to_bytes();
    assert!(
        String::from_utf8_lossy(&body).contains("patchwright.overloaded"),
        "{body:?}"
    );
    up.send(OK).await;
    let first = within("the answer", first).await.unwrap().unwrap();
    assert_eq!(first.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_head_over_the_limit_is_refused() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address)
        .with(|config| config.limits.header_bytes = 8192)
        .start()
        .await;
    let mut sender = connect(&gateway).await;
    let mut long = request("");
    long.headers_mut()
        .insert("x", "y".repeat(10_000).parse().unwrap());
    match within("the refusal", sender.send_request(long)).await {
        Ok(refused) => assert_eq!(
            refused.status(),
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
        ),
        Err(error) => assert!(!error.is_timeout(), "{error}"),
    }
    assert!(upstream.is_left_alone().await);
}

#[tokio::test]
async fn a_stream_that_is_not_read_gives_its_place_and_its_upstream_back() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address)
        .with(|config| {
            config.limits.concurrency = 1;
            config.timeouts.idle = Duration::from_millis(300);
        })
        .start()
        .await;
    let mut sender = connect(&gateway).await;
    let unread = tokio::spawn(sender.send_request(request("")));
    let mut up = upstream.accept().await;
    up.head().await;
    up.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        .await;
    let unread = within("the head", unread).await.unwrap().unwrap();
    up.send(vec![b'x'; 50_000]).await;
    // The body is not polled, so its window stays closed.
    assert_eq!(up.rest().await, "");
    gateway.counted("patchwright_in_flight 0");
    assert!(unread.into_body().collect().await.is_err());
}

#[tokio::test]
async fn callers_that_read_nothing_do_not_stop_the_upstream_connection_that_all_share() {
    let upstream = Listening::new().await;
    let inner = Gateway::at(upstream.address).start().await;
    let outer = Gateway::at(inner.address)
        .with(|config| config.upstreams[0].http2 = true)
        .start()
        .await;
    let get = "GET / HTTP/1.1\r\nHost: p\r\n\r\n";
    let written = Arc::new(AtomicUsize::new(0));
    let mut unread = Vec::new();
    for _ in 0..4 {
        let mut caller = outer.caller().await;
        caller.send(get).await;
        let mut up = upstream.accept().await;
        up.head().await;
        up.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
            .await;
        let written = Arc::clone(&written);
        tokio::spawn(async move {
            let block = vec![b'x'; 64 << 10];
            while up.stream.write_all(&block).await.is_ok() {
                written.fetch_add(1, Ordering::Relaxed);
            }
        });
        unread.push(caller);
    }
    within("everything to be full", async {
        let mut before = 0;
        loop {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let now = written.load(Ordering::Relaxed);
            if now == before {
                break;
            }
            before = now;
        }
    })
    .await;
    let mut caller = outer.caller().await;
    caller.send(get).await;
    let mut up = upstream.accept().await;
    up.head().await;
    up.send(OK).await;
    assert_eq!(caller.message().await.1, "ok");
}
