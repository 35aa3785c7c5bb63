use std::convert::Infallible;
use std::future::{Ready, ready};
use std::time::Duration;

use http::{Request, Response, Version};
use http_body_util::Full;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::*;
use crate::interim::Interims;
use crate::server::Settings;

/// Answers with the version of the request.
struct Says;

impl Service<Request<Incoming>> for Says {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let version = match request.version() {
            Version::HTTP_2 => "two",
            _ => "one",
        };
        ready(Ok(Response::new(Full::from(version))))
    }
}

async fn connection() -> (DuplexStream, Connection<DuplexStream, Says>) {
    let (caller, server) = duplex(4096);
    let activity = Activity::new();
    let place = Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap();
    let io = Io::new(
        server,
        Arc::clone(&activity),
        Interims::default(),
        None,
        Arc::new(place),
    );
    let builders = Arc::new(Settings::default().builders());
    (caller, Connection::new(io, Says, activity, builders))
}

async fn served() -> (DuplexStream, JoinHandle<Result<(), BoxError>>) {
    let (caller, connection) = connection().await;
    (caller, tokio::spawn(connection))
}

async fn soon<F: Future>(what: F) -> F::Output {
    let limit = Duration::from_secs(20);
    tokio::time::timeout(limit, what).await.expect("in time")
}

#[tokio::test]
async fn a_request_that_comes_byte_by_byte_is_seen_for_what_it_is() {
    // The first begins as HTTP/2 does.
    for head in [
        "PRINT / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
    ] {
        let (mut caller, ended) = served().await;
        for byte in head.as_bytes() {
            caller.write_u8(*byte).await.unwrap();
            tokio::task::yield_now().await;
        }
        let mut answer = String::new();
        soon(caller.read_to_string(&mut answer)).await.unwrap();
        assert!(answer.ends_with("\r\n\r\none"), "{answer}");
        soon(ended).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_preface_in_pieces_is_http2() {
    let (mut caller, _ended) = served().await;
    let (begin, rest) = PREFACE.split_at(10);
    caller.write_all(begin).await.unwrap();
    tokio::task::yield_now().await;
    // And an empty SETTINGS frame, which is answered by one.
    caller
        .write_all(&[rest, &[0, 0, 0, 4, 0, 0, 0, 0, 0]].concat())
        .await
        .unwrap();
    let mut frame = [0; 9];
    soon(caller.read_exact(&mut frame)).await.unwrap();
    assert_eq!(frame[3], 4, "{frame:?}");
}

#[tokio::test]
async fn one_that_says_nothing_ends_without_a_word() {
    let (mut caller, ended) = served().await;
    caller.shutdown().await.unwrap();
    assert_eq!(soon(caller.read(&mut [0; 1])).await.unwrap(), 0);
    soon(ended).await.unwrap().unwrap();
}

#[tokio::test]
async fn one_that_is_to_end_before_it_begins_ends_at_once() {
    let (_caller, connection) = connection().await;
    let mut connection = Box::pin(connection);
    connection.as_mut().graceful_shutdown();
    soon(connection).await.unwrap();
}
