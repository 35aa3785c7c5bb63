//! Connections to the upstream: TCP, TLS, and the time both together may take.

use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};
use rustls::{ClientConfig, RootCertStore};
use tower_service::Service;

use crate::BoxError;
use crate::config;

/// Between the probes of a connection that says nothing: shorter than the memory of most middleboxes.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// Why the TLS side of an upstream could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The PEM file can't be read or is no PEM.
    #[error("can't read certificates from {}: {source}", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: pem::Error,
    },
    /// The PEM file has no certificate.
    #[error("{} holds no certificate (expected -----BEGIN CERTIFICATE-----)", .0.display())]
    NoCertificate(PathBuf),
    /// A certificate in the PEM file can't be a root.
    #[error("a certificate in {} can't be used as a root: {source}", path.display())]
    Root {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: rustls::Error,
    },
    /// Nothing is trusted, so no connection could ever succeed.
    #[error(
        "no trusted root certificates found{0}: install the system's CA bundle (package \
         ca-certificates), point SSL_CERT_FILE to one, or set `ca` of the upstream"
    )]
    NoRoots(String),
    /// rustls refused its own defaults.
    #[error("can't set up TLS: {0}")]
    Setup(#[from] rustls::Error),
}

/// Connects within a bound.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    inner: HttpsConnector<HttpConnector>,
    limit: Duration,
}

impl Connector {
    pub(super) fn new(upstream: &config::Upstream, limit: Duration) -> Result<Self, TlsError> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(KEEPALIVE));
        let roots = if upstream.url.scheme() == Some(&Scheme::HTTPS) {
            roots(upstream.ca.as_deref())?
        } else {
            RootCertStore::empty()
        };
        // Named, not taken from the process-wide default: which one that is depends on the features
        // that other crates turn on.
        let provider = Arc::new(aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let builder = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1();
        let inner = if upstream.http2 {
            builder.enable_http2().wrap_connector(tcp)
        } else {
            builder.wrap_connector(tcp)
        };
        Ok(Self { inner, limit })
    }
}

fn roots(extra: Option<&Path>) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(system.certs);
    if let Some(path) = extra {
        add(&mut roots, path)?;
    }
    if roots.is_empty() {
        let why = system.errors.first();
        let why = why.map_or_else(String::new, |error| format!(" ({error})"));
        return Err(TlsError::NoRoots(why));
    }
    Ok(roots)
}

fn add(roots: &mut RootCertStore, path: &Path) -> Result<(), TlsError> {
    let unreadable = |source| TlsError::Pem {
        path: path.to_owned(),
        source,
    };
    let before = roots.len();
    for certificate in CertificateDer::pem_file_iter(path).map_err(unreadable)? {
        let certificate = certificate.map_err(unreadable)?;
        roots.add(certificate).map_err(|source| TlsError::Root {
            path: path.to_owned(),
            source,
        })?;
    }
    if roots.len() == before {
        return Err(TlsError::NoCertificate(path.to_owned()));
    }
    Ok(())
}

impl Service<Uri> for Connector {
    type Response = <HttpsConnector<HttpConnector> as Service<Uri>>::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.inner.call(uri);
        let limit = self.limit;
        Box::pin(async move {
            // HttpConnector has a timeout of its own, but for TCP alone: a peer that accepts and then
            // says nothing would hold the TLS handshake for ever.
            match tokio::time::timeout(limit, connecting).await {
                Ok(connected) => connected,
                Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
            }
        })
    }
}
