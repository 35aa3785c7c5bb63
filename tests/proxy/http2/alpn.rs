//! Over TLS the upstream chooses.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::support::{Gateway, Peer, Running, within};

const GET: &str = "GET /x HTTP/1.1\r\nHost: p\r\n\r\n";

struct Choosing {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    ca: tempfile::NamedTempFile,
}

impl Choosing {
    async fn new(protocols: &[&str]) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &ca).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config =
            ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![certificate.der().clone()], key)
                .unwrap();
        config.alpn_protocols = protocols
            .iter()
            .map(|name| name.as_bytes().into())
            .collect();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), ca.pem()).unwrap();
        Self {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
            acceptor: TlsAcceptor::from(Arc::new(config)),
            ca: file,
        }
    }

    async fn gateway(&self) -> Running {
        let port = self.listener.local_addr().unwrap().port();
        Gateway::to(&format!("https://localhost:{port}"))
            .with(|config| {
                config.upstreams[0].http2 = true;
                config.upstreams[0].ca = Some(self.ca.path().to_owned());
            })
            .start()
            .await
    }

    async fn accept(&self) -> Peer<TlsStream<TcpStream>> {
        let (stream, _) = within("a connection", self.listener.accept())
            .await
            .unwrap();
        Peer::new(self.acceptor.accept(stream).await.unwrap())
    }
}

#[tokio::test]
async fn an_upstream_that_chooses_http1_is_spoken_to_in_http1() {
    for protocols in [&["http/1.1"][..], &[]] {
        let upstream = Choosing::new(protocols).await;
        let gateway = upstream.gateway().await;
        let mut caller = gateway.caller().await;
        caller.send(GET).await;
        // The first connection only asked; what it is told is remembered.
        let mut asked = upstream.accept().await;
        let mut up = upstream.accept().await;
        for request in 0..2 {
            if request > 0 {
                caller.send(GET).await;
            }
            assert_eq!(up.head().await.start(), "GET /x HTTP/1.1");
            up.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                .await;
            assert_eq!(caller.message().await.1, "ok");
        }
        assert!(asked.has_ended().await, "nothing was said on it");
    }
}

#[tokio::test]
async fn an_upstream_that_chooses_http2_is_spoken_to_in_http2() {
    let upstream = Choosing::new(&["h2", "http/1.1"]).await;
    let gateway = upstream.gateway().await;
    let mut caller = gateway.caller().await;
    caller.send(GET).await;
    let mut up = upstream.accept().await;
    assert_eq!(up.bytes(24).await, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
}
