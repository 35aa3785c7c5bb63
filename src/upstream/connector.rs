//! Connections to the upstream: TCP, TLS, and the time both together may take.

mod fault;
mod trust;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;
use hyper_rustls::MaybeHttpsStream;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tower_service::Service;

use self::fault::ConnectError;
pub(super) use self::fault::{advice, is_of_tls};
pub use self::trust::TlsError;
use self::trust::Trust;
use super::settings::Settings;
use crate::BoxError;
use crate::watch::Reload;

/// Between the probes of a connection that says nothing: shorter than the memory of most middleboxes.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// Connects within a bound.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    tcp: HttpConnector,
    /// None where the upstream is spoken to without TLS.
    trust: Option<Arc<Trust>>,
    limit: Duration,
    /// Whether HTTP/2 is offered, where the upstream may choose it.
    http2: bool,
}

impl Connector {
    pub(super) fn new(upstream: &Settings) -> Result<Self, TlsError> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(KEEPALIVE));
        let secure = upstream.url.scheme() == Some(&Scheme::HTTPS);
        let trust = secure.then(|| Trust::new(upstream)).transpose()?;
        Ok(Self {
            tcp,
            trust: trust.map(Arc::new),
            limit: upstream.connect,
            http2: true,
        })
    }

    /// The same for connections that speak HTTP/1.1.
    pub(super) fn without_http2(&self) -> Self {
        Self {
            http2: false,
            ..self.clone()
        }
    }

    /// What is read again when its files change.
    pub(super) fn reload(&self) -> Option<Arc<dyn Reload>> {
        let trust = self.trust.as_ref().filter(|trust| trust.has_files())?;
        Some(Arc::clone(trust) as Arc<dyn Reload>)
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        // A connection is made with what is in use when it begins, and lives on with it.
        let tls = self.trust.as_ref().map(|trust| trust.config(self.http2));
        let name = server_name(&uri);
        let connecting = self.tcp.call(uri);
        let limit = self.limit;
        let until = Instant::now() + limit;
        Box::pin(async move {
            let tcp = timeout_at(until, connecting).await;
            let tcp = tcp.map_err(|_| ConnectError::TcpTimeout(limit))?;
            let tcp = tcp.map_err(|error| ConnectError::Tcp(error.into()))?;
            let Some(tls) = tls else {
                return Ok(MaybeHttpsStream::Http(tcp));
            };
            let name = name.ok_or(ConnectError::Name)?;
            // HttpConnector has a timeout of its own, but for TCP alone: a peer that accepts and then
            // says nothing would hold the TLS handshake for ever.
            let secured = timeout_at(until, handshake(tls, name, tcp)).await;
            let secured = secured.map_err(|_| ConnectError::TlsTimeout(limit))?;
            Ok(secured?)
        })
    }
}

async fn handshake(
    tls: Arc<ClientConfig>,
    name: ServerName<'static>,
    tcp: TokioIo<TcpStream>,
) -> Result<MaybeHttpsStream<TokioIo<TcpStream>>, ConnectError> {
    let handshake = TlsConnector::from(tls).connect(name, TokioIo::new(tcp));
    let secured = handshake.await.map_err(ConnectError::Tls)?;
    Ok(MaybeHttpsStream::Https(TokioIo::new(secured)))
}

/// What the certificate must be for.
fn server_name(uri: &Uri) -> Option<ServerName<'static>> {
    let host = uri.host()?;
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    ServerName::try_from(bare.to_owned()).ok()
}
