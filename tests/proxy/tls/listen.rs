//! Callers that speak TLS, and those that should.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};
use rustls::{HandshakeKind, ProtocolVersion};
use tokio::io::AsyncWriteExt as _;

use super::support::{Authority, Caller, Folder, GET, OK, OK_AND_CLOSE};
use crate::support::{Gateway, Listening, Peer, Running, within};

pub(super) async fn serving(upstream: &Listening) -> (Running, Authority, Folder) {
    serving_with(upstream, |_| {}).await
}

pub(super) async fn serving_with(
    upstream: &Listening,
    change: impl FnOnce(&mut patchwright::config::Config),
) -> (Running, Authority, Folder) {
    let authority = Authority::new();
    let folder = Folder::with(&authority.sign());
    let gateway = Gateway::at(upstream.address)
        .with_tls(folder.listen())
        .with(change);
    (gateway.start().await, authority, folder)
}

#[tokio::test]
async fn http1_is_spoken_with_who_asks_for_it_or_for_nothing() {
    let upstream = Listening::new().await;
    let (gateway, authority, _files) = serving(&upstream).await;
    for offered in [&["http/1.1"][..], &[]] {
        let caller = Caller::trusting(&authority).offering(offered);
        let mut caller = caller.peer(gateway.address).await;
        let chosen = caller.stream.get_ref().1.alpn_protocol();
        assert_eq!(chosen, offered.first().map(|name| name.as_bytes()));
        caller.send(GET).await;
        let mut up = upstream.accept().await;
        assert_eq!(up.head().await.start(), "GET /x HTTP/1.1");
        up.send(OK).await;
        assert_eq!(caller.message().await.1, "ok");
    }
    gateway.counted(r#"patchwright_tls_handshakes_total{result="ok"} 2"#);
}

#[tokio::test]
async fn http2_is_preferred_and_chosen_by_alpn() {
    let upstream = Listening::new().await;
    let (gateway, authority, _files) = serving(&upstream).await;
    let caller = Caller::trusting(&authority).offering(&["http/1.1", "h2"]);
    let stream = caller.connect(gateway.address).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let io = TokioIo::new(stream);
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    let request = Request::builder()
        .uri("https://proxy.test/x")
        .body(Full::<Bytes>::default())
        .unwrap();
    let answer = tokio::spawn(sender.send_request(request));
    let mut up = upstream.accept().await;
    assert_eq!(up.head().await.one("via"), Some("2.0 patchwright"));
    up.send(OK).await;
    let answer = within("the answer", answer).await.unwrap().unwrap();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "ok");
}

#[tokio::test]
async fn a_caller_that_wants_another_protocol_is_refused() {
    let upstream = Listening::new().await;
    let (gateway, authority, _files) = serving(&upstream).await;
    let caller = Caller::trusting(&authority).offering(&["spdy/3"]);
    let error = caller.connect(gateway.address).await.unwrap_err();
    assert!(
        error.to_string().contains("NoApplicationProtocol"),
        "{error}"
    );
    gateway.counted(r#"patchwright_tls_handshakes_total{result="incompatible"} 1"#);
}

#[tokio::test]
async fn both_versions_of_tls_are_spoken_whatever_name_is_asked_for() {
    let upstream = Listening::new().await;
    let (gateway, authority, _files) = serving(&upstream).await;
    for (version, spoken) in [
        (&TLS12, ProtocolVersion::TLSv1_2),
        (&TLS13, ProtocolVersion::TLSv1_3),
    ] {
        // An address is no server name: nothing is asked for then.
        for name in ["localhost", "other.test", "127.0.0.1"] {
            let caller = Caller::of(&authority, None, &[version]);
            let stream = caller.connect_as(gateway.address, name).await.unwrap();
            assert_eq!(stream.get_ref().1.protocol_version(), Some(spoken));
        }
    }
}

/// Whoever records a request in early data can send it again.
#[tokio::test]
async fn a_session_is_resumed_without_early_data() {
    let upstream = Listening::new().await;
    let (gateway, authority, _files) = serving(&upstream).await;
    let mut caller = Caller::of(&authority, None, &[&TLS13]);
    caller.config.enable_early_data = true;
    for kind in [HandshakeKind::Full, HandshakeKind::Resumed] {
        let name = ServerName::try_from("localhost").unwrap();
        let config = Arc::new(caller.config.clone());
        let mut next = rustls::ClientConnection::new(config, name).unwrap();
        assert!(next.early_data().is_none());
        let mut peer = caller.peer(gateway.address).await;
        peer.send(GET).await;
        let mut up = upstream.accept().await;
        up.head().await;
        up.send(OK_AND_CLOSE).await;
        // After an answer the tickets have arrived.
        peer.message().await;
        assert_eq!(peer.stream.get_ref().1.handshake_kind(), Some(kind));
    }
}

#[tokio::test]
async fn a_caller_that_closes_its_side_still_gets_its_answer() {
    let upstream = Listening::new().await;
    let (gateway, authority, _files) = serving(&upstream).await;
    let mut caller = Caller::trusting(&authority).peer(gateway.address).await;
    caller.send(GET).await;
    caller.stream.shutdown().await.unwrap();
    let mut up = upstream.accept().await;
    up.head().await;
    up.send(OK).await;
    assert_eq!(caller.message().await.1, "ok");
    // With a close_notify: an end without one reads as an error here.
    let mut rest = Vec::new();
    let read = tokio::io::AsyncReadExt::read_to_end(&mut caller.stream, &mut rest);
    assert_eq!(within("the end", read).await.unwrap(), 0);
}

#[tokio::test]
async fn draining_answers_what_is_in_flight_and_drops_what_is_still_greeting() {
    let upstream = Listening::new().await;
    let (mut gateway, authority, _files) = serving(&upstream).await;
    let mut caller = Caller::trusting(&authority).peer(gateway.address).await;
    caller.send(GET).await;
    let mut up = upstream.accept().await;
    up.head().await;
    let mut greeting = gateway.caller().await;
    greeting.send(b"\x16\x03\x01").await;
    gateway.shut_down();
    gateway.refuses().await;
    up.send(OK).await;
    let (head, body) = caller.message().await;
    assert_eq!((head.one("connection"), &*body), (Some("close"), "ok"));
    assert!(greeting.has_ended().await);
    gateway.stopped().await;
}

#[tokio::test]
async fn a_handshake_under_way_at_the_shutdown_is_finished_and_its_request_answered() {
    let upstream = Listening::new().await;
    let (mut gateway, authority, _files) = serving(&upstream).await;
    let mut stream = tokio::net::TcpStream::connect(gateway.address)
        .await
        .unwrap();
    stream.set_nodelay(true).unwrap();
    let caller = Caller::trusting(&authority);
    gateway.shut_down();
    tokio::task::yield_now().await;
    let name = ServerName::try_from("localhost").unwrap();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(caller.config));
    let stream = connector.connect(name, &mut stream).await.unwrap();
    let mut caller = Peer::new(stream);
    caller.send(GET).await;
    let mut up = upstream.accept().await;
    up.head().await;
    up.send(OK).await;
    assert_eq!(caller.message().await.1, "ok");
    gateway.stopped().await;
}
