use std::pin::pin;

use bytes::Bytes;
use http::Method;
use http_body_util::Full;
use hyper::client::conn::http2;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::connection::Executor;
use super::*;

const LONG: Duration = Duration::from_secs(5);

fn pool(address: &str) -> Pool {
    let uri: Uri = format!("http://{address}").parse().unwrap();
    let upstream = crate::config::Upstream {
        name: "api".to_owned(),
        url: uri.clone(),
        hosts: Vec::new(),
        prefix: "/".to_owned(),
        strip_prefix: None,
        ca: None,
        identity: None,
        http2: true,
    };
    let settings = Settings {
        connections: 2,
        connect: LONG,
        idle: LONG,
        ping: LONG,
        header_bytes: 16 << 10,
    };
    Pool::new(uri, Connector::new(&upstream, LONG).unwrap(), settings)
}

/// A connection whose other side is only there to have been there.
async fn connection() -> (Sender, impl Future) {
    let (here, there) = tokio::io::duplex(1 << 16);
    tokio::spawn(async move {
        let mut there = h2::server::handshake(there).await.unwrap();
        while there.accept().await.is_some() {}
    });
    let builder = http2::Builder::new(Executor::default());
    builder.handshake(TokioIo::new(here)).await.unwrap()
}

async fn answering() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut connection = h2::server::handshake(stream).await.unwrap();
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            respond.send_response(Response::new(()), true).unwrap();
        }
    });
    address
}

#[tokio::test]
async fn a_stream_that_is_granted_to_nobody_is_given_back() {
    let pool = pool("127.0.0.1:1");
    let (sender, connection) = connection().await;
    let _open = pin!(connection);
    pool.shared.state().made(sender, 1);
    for _ in 0..3 {
        let granted = pool.shared.state().wait(None);
        pool.shared.pump();
        drop(Waiting::new(granted, Arc::clone(&pool.shared)));
    }
    let acquired = pool.shared.acquire(None).await;
    assert!(matches!(acquired, Ok(Acquired::Stream(..))));
}

#[tokio::test]
async fn a_request_that_a_closed_connection_gives_back_goes_over_another() {
    let pool = pool(&answering().await);
    for _ in 0..2 {
        let (sender, connection) = connection().await;
        drop(connection);
        pool.shared.state().made(sender, 1);
    }
    let (body, _) = RequestBody::new(Full::new(Bytes::from_static(b"{}")), LONG);
    let mut request = Request::new(body);
    *request.method_mut() = Method::PATCH;
    *request.uri_mut() = "http://p/x".parse().unwrap();
    let sent = pool.request(request).await;
    assert!(matches!(sent, Ok(Sent::Answered(..))), "{sent:?}");
}
