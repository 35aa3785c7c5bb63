//! TLS towards callers.
//!
//! The certificate is whatever the files hold now (see [`watch`](crate::watch)): a connection is made
//! with what was in use when it began, and lives on with it.

mod greeting;

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::SystemTime;

use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::sign::SingleCertAndKey;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::server::TlsStream;

pub(super) use self::greeting::RECORD;
use crate::certificates::{Authorities, Facts, Fault, Identity, Names, provider};
use crate::config::ListenTls;
use crate::metrics::Metrics;
use crate::watch::{Reload, Reloaded};

/// What logs and metrics call it: the section of the configuration.
const NAME: &str = "listen.tls";

/// What is offered by ALPN (RFC 7301), the best first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// A socket to serve on, with or without TLS.
#[derive(Debug)]
pub struct Listener {
    pub(super) socket: TcpListener,
    pub(super) tls: Option<Tls>,
}

impl Listener {
    /// Every connection to `socket` begins with a handshake if there is `tls`.
    pub fn new(socket: TcpListener, tls: Option<Tls>) -> Self {
        Self { socket, tls }
    }
}

impl From<TcpListener> for Listener {
    fn from(socket: TcpListener) -> Self {
        Self::new(socket, None)
    }
}

/// TLS as `[listen.tls]` says. Clones share the certificate that is in use.
#[derive(Clone, Debug)]
pub struct Tls(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    files: ListenTls,
    current: RwLock<Current>,
    metrics: Metrics,
}

#[derive(Debug)]
struct Current {
    config: Arc<ServerConfig>,
    digests: (blake3::Hash, Option<blake3::Hash>),
    facts: Facts,
}

impl Tls {
    /// Reads the files.
    pub fn new(files: &ListenTls, metrics: &Metrics) -> Result<Self, Fault> {
        let current = load(files)?;
        if current.facts.is_expired(SystemTime::now()) {
            // Not refused: some callers don't look, and a proxy that does not start helps none of them.
            let facts = &current.facts;
            tracing::warn!("the certificate of {NAME} has expired: {facts}");
        }
        Ok(Self(Arc::new(Shared {
            files: files.clone(),
            current: RwLock::new(current),
            metrics: metrics.clone(),
        })))
    }

    /// What is read again when its files change.
    pub fn reload(&self) -> Arc<dyn Reload> {
        Arc::clone(&self.0) as Arc<dyn Reload>
    }

    /// The files that it is made of.
    pub(crate) fn made_of(&self) -> &ListenTls {
        &self.0.files
    }

    /// What a connection that begins now is made with.
    fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.0.current().config)
    }
}

impl Shared {
    fn current(&self) -> RwLockReadGuard<'_, Current> {
        // It is replaced as a whole: a panic elsewhere can't leave it half changed.
        let current = self.current.read();
        current.unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the caller's certificate names, if it has presented one; it has then been verified.
pub(super) fn names(stream: &TlsStream<TcpStream>) -> Option<Arc<Names>> {
    let (_, session) = stream.get_ref();
    let own = session.peer_certificates()?.first()?;
    Some(Arc::new(Names::of(own)))
}

impl Reload for Shared {
    fn name(&self) -> &str {
        NAME
    }

    fn files(&self) -> Vec<PathBuf> {
        let files = &self.files;
        let mut all = vec![files.certificate.clone(), files.private_key.clone()];
        all.extend(files.client_ca.clone());
        all
    }

    fn reload(&self) -> Result<Reloaded, String> {
        let new = load(&self.files).map_err(|fault| fault.to_string())?;
        if self.current().digests == new.digests {
            return Ok(Reloaded::Same);
        }
        let facts = new.facts.clone();
        if facts.is_expired(SystemTime::now()) {
            let file = self.files.certificate.clone();
            return Err(Fault::Expired(file, Box::new(facts)).to_string());
        }
        let current = self.current.write();
        *current.unwrap_or_else(PoisonError::into_inner) = new;
        Ok(Reloaded::New(facts.to_string()))
    }

    fn not_after(&self) -> Option<SystemTime> {
        Some(self.current().facts.not_after)
    }
}

fn load(files: &ListenTls) -> Result<Current, Fault> {
    let identity = Identity::load(&files.certificate, &files.private_key)?;
    let authorities = files.client_ca.as_deref().map(Authorities::load);
    let authorities = authorities.transpose()?;
    let digests = (
        identity.digest(),
        authorities.as_ref().map(Authorities::digest),
    );
    let facts = identity.facts.clone();
    let config = Arc::new(config(identity, authorities.as_ref())?);
    Ok(Current {
        config,
        digests,
        facts,
    })
}

fn config(identity: Identity, authorities: Option<&Authorities>) -> Result<ServerConfig, Fault> {
    let builder = ServerConfig::builder_with_provider(provider());
    let builder = builder
        .with_safe_default_protocol_versions()
        .map_err(Fault::Setup)?;
    let builder = match authorities {
        None => builder.with_no_client_auth(),
        Some(authorities) => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(authorities.certificates.iter().cloned());
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider());
            let verifier = verifier.build();
            let verifier = verifier
                .map_err(|error| Fault::Setup(rustls::Error::General(error.to_string())))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    // One certificate, whatever name is asked for: callers come by address, by service name and by
    // whatever their hosts file says, and it is theirs to check it.
    let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(identity.key)));
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).into();
    // Early data stays off, as rustls has it: a request in it can be sent again by whoever recorded it.
    if authorities.is_some() {
        // A resumed session is as good as the certificate that began it: a certificate that has expired
        // since, or whose CA is no longer trusted, must not live on in one.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    Ok(config)
}
