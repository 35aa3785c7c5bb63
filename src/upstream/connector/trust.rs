//! Whom we trust, and who we say that we are, on connections with TLS to one upstream.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use rustls::ClientConfig;

use crate::certificates::{Authorities, Facts, Fault, Identity, provider, roots};
use crate::config::IdentityFiles;
use crate::upstream::settings::Settings;
use crate::watch::{Reload, Reloaded};

/// Why the TLS side of an upstream could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file can't be used.
    #[error(transparent)]
    File(#[from] Fault),
    /// Nothing is trusted, so no connection could ever succeed.
    #[error(
        "no trusted root certificates found{0}: install the system's CA bundle (package \
         ca-certificates), point SSL_CERT_FILE to one, or set `ca` of the upstream"
    )]
    NoRoots(String),
}

/// The configuration of TLS with one upstream, made anew when its files change.
#[derive(Debug)]
pub(super) struct Trust {
    name: String,
    ca: Option<PathBuf>,
    identity: Option<IdentityFiles>,
    http2: bool,
    current: RwLock<Current>,
}

#[derive(Debug)]
struct Current {
    config: Arc<ClientConfig>,
    digests: [Option<blake3::Hash>; 2],
    facts: Option<Facts>,
}

impl Trust {
    pub(super) fn new(upstream: &Settings) -> Result<Self, TlsError> {
        let (ca, identity) = (upstream.ca.as_deref(), upstream.identity.as_ref());
        let current = load(ca, identity, upstream.http2)?;
        if let Some(facts) = current.expired() {
            tracing::warn!(
                upstream = upstream.name,
                "the certificate for this upstream has expired: {facts}"
            );
        }
        Ok(Self {
            name: format!("upstream.{}", upstream.name),
            ca: upstream.ca.clone(),
            identity: upstream.identity.clone(),
            http2: upstream.http2,
            current: RwLock::new(current),
        })
    }

    /// What a connection that begins now is made with.
    pub(super) fn config(&self, http2: bool) -> Arc<ClientConfig> {
        // It is replaced as a whole: a panic elsewhere can't leave it half changed.
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        let mut config = Arc::clone(&current.config);
        if !http2 && !config.alpn_protocols.is_empty() {
            Arc::make_mut(&mut config).alpn_protocols.clear();
        }
        config
    }

    pub(super) fn has_files(&self) -> bool {
        !self.files().is_empty()
    }
}

impl Current {
    fn expired(&self) -> Option<&Facts> {
        let now = SystemTime::now();
        self.facts.as_ref().filter(|facts| facts.is_expired(now))
    }
}

impl Reload for Trust {
    fn name(&self) -> &str {
        &self.name
    }

    fn files(&self) -> Vec<PathBuf> {
        let identity = self.identity.as_ref();
        let pair = identity.map(|files| [&files.certificate, &files.private_key]);
        let all = self.ca.iter().chain(pair.into_iter().flatten());
        all.cloned().collect()
    }

    fn reload(&self) -> Result<Reloaded, String> {
        let new = load(self.ca.as_deref(), self.identity.as_ref(), self.http2);
        let new = new.map_err(|error| error.to_string())?;
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        if current.digests == new.digests {
            return Ok(Reloaded::Same);
        }
        drop(current);
        if let (Some(facts), Some(files)) = (new.expired(), &self.identity) {
            let fault = Fault::Expired(files.certificate.clone(), Box::new(facts.clone()));
            return Err(fault.to_string());
        }
        let text = new.facts.as_ref().map(Facts::to_string);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(Reloaded::New(text.unwrap_or_else(|| "other roots".into())))
    }

    fn not_after(&self) -> Option<SystemTime> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Some(current.facts.as_ref()?.not_after)
    }
}

fn load(
    ca: Option<&Path>,
    identity: Option<&IdentityFiles>,
    http2: bool,
) -> Result<Current, TlsError> {
    let authorities = ca.map(Authorities::load).transpose()?;
    let identity = identity.map(|files| Identity::load(&files.certificate, &files.private_key));
    let identity = identity.transpose()?;
    let digests = [
        authorities.as_ref().map(Authorities::digest),
        identity.as_ref().map(Identity::digest),
    ];
    let facts = identity.as_ref().map(|identity| identity.facts.clone());
    let roots = roots(authorities.as_ref()).map_err(TlsError::NoRoots)?;
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(Fault::Setup)?
        .with_root_certificates(roots);
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => builder.with_client_cert_resolver(Arc::new(
            rustls::sign::SingleCertAndKey::from(identity.key),
        )),
    };
    if http2 {
        // RFC 7301: the upstream chooses. Without HTTP/2 nothing is asked for, which every server takes
        // for HTTP/1.1.
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    }
    Ok(Current {
        config: Arc::new(config),
        digests,
        facts,
    })
}
