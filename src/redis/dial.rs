//! The stream to a Redis. TLS is set up as towards upstreams: the platform's roots and the file's.

use std::io;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use crate::certificates::{Authorities, provider, roots};
use crate::config::{Redis, RedisAddress};

/// Any of them.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Connects, or says why not.
pub(super) async fn dial(config: &Redis) -> Result<Box<dyn Stream>, String> {
    let no_connection = |error: io::Error| error.to_string();
    match &config.address {
        RedisAddress::Unix(path) => {
            let stream = UnixStream::connect(path).await.map_err(no_connection)?;
            Ok(Box::new(stream))
        }
        RedisAddress::Tcp { host, port, tls } => {
            let stream = TcpStream::connect((host.as_str(), *port)).await;
            let stream = stream.map_err(no_connection)?;
            // Each question waits for its answer.
            stream.set_nodelay(true).map_err(no_connection)?;
            if *tls {
                greet(config, host, stream).await
            } else {
                Ok(Box::new(stream))
            }
        }
    }
}

async fn greet(config: &Redis, host: &str, stream: TcpStream) -> Result<Box<dyn Stream>, String> {
    let name = ServerName::try_from(host.to_owned());
    let name = name.map_err(|_| format!("{host:?} is no name that a certificate could have"))?;
    let config = config.clone();
    // Files are read with each connection, so that they may change.
    let tls = tokio::task::spawn_blocking(move || tls(&config)).await;
    let tls = tls.map_err(|error| error.to_string())??;
    let stream = TlsConnector::from(tls).connect(name, stream).await;
    let stream = stream.map_err(|error| format!("TLS: {error}"))?;
    Ok(Box::new(stream))
}

fn tls(config: &Redis) -> Result<Arc<ClientConfig>, String> {
    let extra = config.ca.as_deref().map(Authorities::load).transpose();
    let extra = extra.map_err(|fault| fault.to_string())?;
    let roots = roots(extra.as_ref())
        .map_err(|why| format!("no trusted root certificates found{why}: set cache.redis.ca"))?;
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let config = builder.with_root_certificates(roots).with_no_client_auth();
    Ok(Arc::new(config))
}
