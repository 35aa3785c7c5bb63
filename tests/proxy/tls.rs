//! An upstream behind TLS with roots of its own.

use std::sync::Arc;

use patchwright::metrics::Metrics;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::support::{Gateway, Peer, within};

const GET: &str = "GET / HTTP/1.1\r\nHost: p\r\n\r\n";

struct Tls {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    ca: tempfile::NamedTempFile,
}

impl Tls {
    async fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &ca).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), ca.pem()).unwrap();
        Self {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
            acceptor: TlsAcceptor::from(Arc::new(config)),
            ca: file,
        }
    }

    fn url(&self) -> String {
        format!(
            "https://localhost:{}",
            self.listener.local_addr().unwrap().port()
        )
    }
}

#[tokio::test]
async fn an_upstream_with_a_private_root_is_trusted_when_told() {
    let tls = Tls::new().await;
    let gateway = Gateway::to(&tls.url())
        .with(|config| config.upstreams[0].ca = Some(tls.ca.path().to_owned()))
        .start()
        .await;
    let mut caller = gateway.caller().await;
    caller.send(GET).await;
    let (stream, _) = within("a connection", tls.listener.accept()).await.unwrap();
    let mut up = Peer::new(within("TLS", tls.acceptor.accept(stream)).await.unwrap());
    let head = up.head().await;
    let host = tls.url().replace("https://", "");
    assert_eq!(head.one("host"), Some(&*host));
    up.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        .await;
    assert_eq!(caller.message().await.1, "ok");
}

#[tokio::test]
async fn an_upstream_that_nobody_vouches_for_is_unreachable() {
    let (tls, other) = (Tls::new().await, Tls::new().await);
    let gateway = Gateway::to(&tls.url())
        .with(|config| config.upstreams[0].ca = Some(other.ca.path().to_owned()))
        .start()
        .await;
    let mut caller = gateway.caller().await;
    caller.send(GET).await;
    let (stream, _) = within("a connection", tls.listener.accept()).await.unwrap();
    assert!(within("TLS", tls.acceptor.accept(stream)).await.is_err());
    let (head, body) = caller.message().await;
    assert_eq!(head.status(), 502);
    assert!(body.contains("patchwright.upstream.unreachable"), "{body}");
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_unreachable_in_time() {
    let tls = Tls::new().await;
    let gateway = Gateway::to(&tls.url())
        .with(|config| {
            config.upstreams[0].ca = Some(tls.ca.path().to_owned());
            config.timeouts.connect = std::time::Duration::from_millis(100);
        })
        .start()
        .await;
    let mut caller = gateway.caller().await;
    caller.send(GET).await;
    let _held = within("a connection", tls.listener.accept()).await.unwrap();
    let (_, body) = caller.message().await;
    assert!(body.contains("patchwright.upstream.unreachable"), "{body}");
}

#[test]
fn a_root_file_that_is_none_is_an_error_at_the_start() {
    let empty = tempfile::NamedTempFile::new().unwrap();
    for path in [empty.path(), std::path::Path::new("/nowhere/roots.pem")] {
        let gateway = Gateway::to("https://localhost")
            .with(|config| config.upstreams[0].ca = Some(path.to_owned()));
        let error = gateway.build(&Metrics::new().unwrap()).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("upstream \"api\""), "{error}");
        assert!(error.contains(path.to_str().unwrap()), "{error}");
    }
}
