//! Certificates made for one test, peers that use them, and the log.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use patchwright::config::ListenTls;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{
    ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion, version::TLS12,
    version::TLS13,
};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

use crate::support::{Gateway, Peer, within};

pub(crate) const GET: &str = "GET /x HTTP/1.1\r\nHost: p\r\n\r\n";
pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
pub(crate) const OK_AND_CLOSE: &str =
    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
pub(super) const BOTH: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// Somebody who signs certificates.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
#[derive(Clone)]
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        let name = format!("root {}", NUMBER.fetch_add(1, Ordering::Relaxed));
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    pub(super) fn pem(&self) -> String {
        self.0.pem()
    }

    /// For `localhost` and this machine's own address.
    pub(crate) fn sign(&self) -> Pair {
        self.sign_with(|_| {})
    }

    pub(super) fn sign_with(&self, change: impl FnOnce(&mut CertificateParams)) -> Pair {
        let names = ["localhost", "127.0.0.1", "other.test"].map(str::to_owned);
        let mut params = CertificateParams::new(names).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        Pair {
            certificate: params.signed_by(&key, &self.0).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }

    fn roots(&self) -> Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        Arc::new(roots)
    }
}

impl Pair {
    pub(crate) fn der(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(self.certificate.as_bytes()).unwrap()
    }

    fn key_der(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::from_pem_slice(self.key.as_bytes()).unwrap()
    }
}

/// A folder with the files of a listener or an upstream.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn with(pair: &Pair) -> Self {
        let folder = Self::new();
        folder.put_pair(pair);
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes beside it and renames.
    pub(crate) fn put(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        let beside = self.path("beside");
        std::fs::write(&beside, text).unwrap();
        std::fs::rename(beside, &path).unwrap();
        path
    }

    pub(crate) fn put_pair(&self, pair: &Pair) {
        self.put("c.pem", &pair.certificate);
        self.put("k.pem", &pair.key);
    }

    pub(super) fn listen(&self) -> ListenTls {
        ListenTls {
            certificate: self.path("c.pem"),
            private_key: self.path("k.pem"),
            client_ca: None,
        }
    }
}

impl Gateway {
    pub(super) fn with_tls(self, files: ListenTls) -> Self {
        self.with(|config| config.listen_tls = Some(files))
    }
}

/// What a caller brings along.
pub(crate) struct Caller {
    pub(super) config: ClientConfig,
}

impl Caller {
    pub(crate) fn trusting(authority: &Authority) -> Self {
        Self::of(authority, None, &BOTH)
    }

    pub(super) fn of(
        authority: &Authority,
        pair: Option<&Pair>,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Self {
        let builder = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(authority.roots());
        let config = match pair {
            None => builder.with_no_client_auth(),
            Some(pair) => builder
                .with_client_auth_cert(vec![pair.der()], pair.key_der())
                .unwrap(),
        };
        Self { config }
    }

    pub(super) fn offering(mut self, protocols: &[&str]) -> Self {
        let protocols = protocols.iter().map(|name| name.as_bytes().to_vec());
        self.config.alpn_protocols = protocols.collect();
        self
    }

    pub(crate) async fn connect(&self, to: SocketAddr) -> io::Result<client::TlsStream<TcpStream>> {
        self.connect_as(to, "localhost").await
    }

    pub(super) async fn connect_as(
        &self,
        to: SocketAddr,
        name: &str,
    ) -> io::Result<client::TlsStream<TcpStream>> {
        let stream = TcpStream::connect(to).await.unwrap();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let connector = TlsConnector::from(Arc::new(self.config.clone()));
        within("TLS with the proxy", connector.connect(name, stream)).await
    }

    pub(crate) async fn peer(&self, to: SocketAddr) -> Peer<client::TlsStream<TcpStream>> {
        Peer::new(self.connect(to).await.unwrap())
    }
}

/// An upstream with TLS, served by hand.
pub(super) struct Secured {
    pub(super) listener: TcpListener,
    config: ServerConfig,
}

impl Secured {
    pub(super) async fn new(pair: &Pair) -> Self {
        Self::demanding(pair, None, &BOTH).await
    }

    /// Demands a certificate that `callers` signed, if there is such.
    pub(super) async fn demanding(
        pair: &Pair,
        callers: Option<&Authority>,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Self {
        let builder = ServerConfig::builder_with_provider(provider());
        let builder = builder.with_protocol_versions(versions).unwrap();
        let builder = match callers {
            None => builder.with_no_client_auth(),
            Some(callers) => {
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(callers.roots(), provider());
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let config = builder.with_single_cert(vec![pair.der()], pair.key_der());
        Self {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
            config: config.unwrap(),
        }
    }

    pub(super) fn offering(mut self, protocol: &str) -> Self {
        self.config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        self
    }

    pub(super) fn url(&self) -> String {
        let port = self.listener.local_addr().unwrap().port();
        format!("https://localhost:{port}")
    }

    pub(super) async fn tcp(&self) -> TcpStream {
        within("a connection", self.listener.accept())
            .await
            .unwrap()
            .0
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::new(self.config.clone()))
    }

    pub(super) async fn try_accept(&self) -> io::Result<server::TlsStream<TcpStream>> {
        let stream = self.tcp().await;
        within("TLS with the upstream", self.acceptor().accept(stream)).await
    }

    pub(super) async fn accept(&self) -> Peer<server::TlsStream<TcpStream>> {
        Peer::new(self.try_accept().await.unwrap())
    }
}

/// What is logged by this thread while it lives.
pub(crate) struct Log {
    text: Arc<Mutex<Vec<u8>>>,
    _guard: tracing::subscriber::DefaultGuard,
}

#[derive(Clone)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    pub(crate) fn here() -> Self {
        // While there is but one subscriber, tracing asks that of whichever thread meets a line first whether
        // anyone wants it: a thread without one would switch the line off for this one, too.
        static ANOTHER: OnceLock<tracing::Dispatch> = OnceLock::new();
        ANOTHER.get_or_init(|| {
            let unread = tracing_subscriber::fmt().with_writer(io::sink);
            tracing::Dispatch::new(unread.finish())
        });
        let text = Arc::default();
        let sink = Sink(Arc::clone(&text));
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::DEBUG)
            .with_ansi(false)
            .with_writer(move || sink.clone())
            .finish();
        let guard = tracing::subscriber::set_default(subscriber);
        Self {
            text,
            _guard: guard,
        }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.text.lock().unwrap().clone()).unwrap()
    }

    /// Waits for a line with this in it.
    pub(crate) async fn has(&self, words: &str) {
        let line = async {
            while !self.text().contains(words) {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        if tokio::time::timeout(std::time::Duration::from_secs(10), line)
            .await
            .is_err()
        {
            panic!("{words:?} was not logged:\n{}", self.text());
        }
    }
}
