//! An upstream behind TLS: whom we trust, who we say that we are, and what is said when it fails.

use std::path::PathBuf;
use std::time::Duration;

use patchwright::config::IdentityFiles;
use patchwright::metrics::Metrics;
use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::support::{Authority, BOTH, Folder, GET, Log, OK, Secured};
use crate::support::{Gateway, Listening, Running};

struct World {
    authority: Authority,
    folder: Folder,
    ca: PathBuf,
}

impl World {
    fn new() -> Self {
        let (authority, folder) = (Authority::new(), Folder::new());
        let ca = folder.put("ca.pem", &authority.pem());
        Self {
            authority,
            folder,
            ca,
        }
    }

    fn gateway(&self, upstream: &Secured) -> Gateway {
        Gateway::to(&upstream.url()).with(|config| config.upstreams[0].ca = Some(self.ca.clone()))
    }

    /// With a certificate signed by `callers`.
    fn with_identity(&self, gateway: Gateway, callers: &Authority) -> Gateway {
        self.folder.put_pair(&callers.sign());
        let files = self.folder.listen();
        let identity = IdentityFiles {
            certificate: files.certificate,
            private_key: files.private_key,
        };
        gateway.with(|config| config.upstreams[0].identity = Some(identity))
    }
}

/// Asks, and asserts what caller and operator are told; `upstream` does its part of the handshake.
async fn fails(gateway: &Running, upstream: impl Future<Output = ()>, hint: &str) {
    let log = Log::here();
    let mut caller = gateway.caller().await;
    caller.send(GET).await;
    let ((), (head, body)) = tokio::join!(upstream, caller.message());
    assert_eq!(head.status(), 502, "{}", log.text());
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["code"], "patchwright.upstream.unreachable", "{hint}");
    assert_eq!(
        body["message"],
        "no connection to the upstream, because TLS failed; nothing was delivered"
    );
    log.has(hint).await;
}

async fn handshake(upstream: &Secured) {
    let _ = upstream.try_accept().await;
}

/// The first flight of the handshake is read, and this is the answer.
async fn answer(upstream: &Secured, bytes: &[u8]) {
    let mut stream = upstream.tcp().await;
    let mut hello = [0; 4096];
    assert!(stream.read(&mut hello).await.unwrap() > 0);
    stream.write_all(bytes).await.unwrap();
}

#[tokio::test]
async fn a_private_root_is_trusted_when_told() {
    let world = World::new();
    let upstream = Secured::new(&world.authority.sign()).await;
    let gateway = world.gateway(&upstream).start().await;
    let mut caller = gateway.caller().await;
    caller.send(GET).await;
    let mut up = upstream.accept().await;
    let host = upstream.url().replace("https://", "");
    assert_eq!(up.head().await.one("host"), Some(&*host));
    assert_eq!(up.stream.get_ref().1.server_name(), Some("localhost"));
    up.send(OK).await;
    assert_eq!(caller.message().await.1, "ok");
}

#[tokio::test]
async fn an_address_needs_a_certificate_for_that_address() {
    let world = World::new();
    let upstream = Secured::new(&world.authority.sign()).await;
    let url = upstream.url().replace("localhost", "127.0.0.1");
    let gateway = Gateway::to(&url).with(|config| config.upstreams[0].ca = Some(world.ca.clone()));
    let gateway = gateway.start().await;
    let mut caller = gateway.caller().await;
    caller.send(GET).await;
    let mut up = upstream.accept().await;
    up.head().await;
    up.send(OK).await;
    assert_eq!(caller.message().await.1, "ok");
}

#[tokio::test]
async fn a_certificate_is_presented_to_an_upstream_that_demands_one() {
    let (world, callers) = (World::new(), Authority::new());
    for versions in [&[&TLS12][..], &[&TLS13]] {
        let upstream = Secured::demanding(&world.authority.sign(), Some(&callers), versions).await;
        let gateway = world.with_identity(world.gateway(&upstream), &callers);
        let gateway = gateway.start().await;
        let mut caller = gateway.caller().await;
        caller.send(GET).await;
        let mut up = upstream.accept().await;
        assert!(up.stream.get_ref().1.peer_certificates().is_some());
        up.head().await;
        up.send(OK).await;
        assert_eq!(caller.message().await.1, "ok");
    }
}

#[tokio::test]
async fn an_upstream_that_demands_a_certificate_of_another_says_so() {
    let (world, callers) = (World::new(), Authority::new());
    for versions in [&[&TLS12][..], &[&TLS13]] {
        let upstream = Secured::demanding(&world.authority.sign(), Some(&callers), versions).await;
        let without = world.gateway(&upstream).start().await;
        let hint = "the upstream demands a client certificate";
        fails(&without, handshake_and_linger(&upstream), hint).await;
        let other = world.with_identity(world.gateway(&upstream), &Authority::new());
        let hint = "the upstream does not accept our client certificate";
        fails(&other.start().await, handshake_and_linger(&upstream), hint).await;
    }
}

/// Refuses and stays: closing with the request unread would reset the connection, and a reset overtakes
/// the alert.
async fn handshake_and_linger(upstream: &Secured) {
    let stream = upstream.tcp().await;
    let acceptor = upstream.acceptor();
    if let Err((_, mut stream)) = acceptor.accept(stream).into_fallible().await {
        stream.shutdown().await.unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    }
}

#[tokio::test]
async fn a_certificate_that_cannot_be_accepted_is_told_by_its_reason() {
    let world = World::new();
    let other = Authority::new();
    let now = |year| rcgen::date_time_ymd(year, 1, 1);
    for (pair, hint) in [
        (other.sign(), "the upstream's certificate is not trusted: "),
        (
            world
                .authority
                .sign_with(|params| params.not_after = now(2001)),
            "the upstream's certificate has expired",
        ),
        (
            world
                .authority
                .sign_with(|params| params.not_before = now(4000)),
            "the upstream's certificate is not valid yet",
        ),
        (
            world.authority.sign_with(|params| {
                *params = rcgen::CertificateParams::new(vec!["api.test".to_owned()]).unwrap();
            }),
            "the upstream's certificate is for another name than the host in `url`",
        ),
        (
            world.authority.sign_with(|params| {
                params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
            }),
            "the upstream's certificate is not made for servers",
        ),
        (
            world.authority.sign_with(|params| {
                params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
            }),
            "the upstream's certificate cannot be used",
        ),
    ] {
        let upstream = Secured::new(&pair).await;
        let gateway = world.gateway(&upstream).start().await;
        fails(&gateway, handshake(&upstream), hint).await;
    }
}

#[tokio::test]
async fn a_handshake_that_comes_to_nothing_is_told_by_its_reason() {
    let world = World::new();
    // Alerts: fatal (2), protocol_version (70), handshake_failure (40), unrecognized_name (112).
    for (bytes, hint) in [
        (
            &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
            "the upstream does not speak TLS on this port",
        ),
        (b"", "the upstream cut the TLS handshake off"),
        (
            b"\x15\x03\x03\0\x02\x02\x46",
            "there is no version of TLS or no cipher in common",
        ),
        (
            b"\x15\x03\x03\0\x02\x02\x28",
            "the upstream refused the TLS handshake",
        ),
        (
            b"\x15\x03\x03\0\x02\x02\x70",
            "the upstream does not know the host in `url`",
        ),
    ] {
        let upstream = Secured::new(&world.authority.sign()).await;
        let gateway = world.gateway(&upstream).start().await;
        fails(&gateway, answer(&upstream, bytes), hint).await;
    }
}

#[tokio::test]
async fn an_upstream_without_a_protocol_in_common_is_told_so() {
    let world = World::new();
    let upstream = Secured::new(&world.authority.sign())
        .await
        .offering("spdy/3");
    let gateway = world
        .gateway(&upstream)
        .with(|config| config.upstreams[0].http2 = true)
        .start()
        .await;
    let hint = "the upstream speaks neither HTTP/2 nor HTTP/1.1 by ALPN";
    fails(&gateway, handshake(&upstream), hint).await;
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_told_in_time() {
    let world = World::new();
    let upstream = Secured::new(&world.authority.sign()).await;
    let gateway = world
        .gateway(&upstream)
        .with(|config| config.timeouts.connect = Duration::from_millis(100))
        .start()
        .await;
    let held = std::cell::RefCell::new(None);
    let silent = async {
        held.replace(Some(upstream.tcp().await));
    };
    fails(&gateway, silent, "does not finish a TLS handshake").await;
}

#[tokio::test]
async fn what_is_not_about_tls_is_not_blamed_on_it() {
    let gone = Listening::new().await.address;
    let gateway = Gateway::to(&format!("https://{gone}")).start().await;
    let log = Log::here();
    let mut caller = gateway.caller().await;
    caller.send(GET).await;
    let body = caller.message().await.1;
    assert!(
        body.contains("no connection to the upstream; nothing was delivered"),
        "{body}"
    );
    log.has("nothing listens at the upstream's address").await;
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_handshake_may_have_delivered_the_request() {
    let world = World::new();
    let upstream = Secured::demanding(&world.authority.sign(), None, &BOTH).await;
    let gateway = world.gateway(&upstream).start().await;
    let mut caller = gateway.caller().await;
    caller.send(GET).await;
    let mut up = upstream.accept().await;
    up.head().await;
    drop(up);
    let body = caller.message().await.1;
    assert!(body.contains("patchwright.upstream.broken"), "{body}");
}

#[test]
fn a_root_file_that_is_none_is_an_error_at_the_start() {
    let empty = tempfile::NamedTempFile::new().unwrap();
    for path in [empty.path(), std::path::Path::new("/nowhere/roots.pem")] {
        let gateway = Gateway::to("https://localhost")
            .with(|config| config.upstreams[0].ca = Some(path.to_owned()));
        let error = gateway.build(&Metrics::new()).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("upstream \"api\""), "{error}");
        assert!(error.contains(path.to_str().unwrap()), "{error}");
    }
}
