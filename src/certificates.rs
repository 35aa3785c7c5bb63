//! Certificates and keys in PEM files, and what can be wrong with them, in words.
//!
//! `patchwright check`, the listeners and the upstreams all read them through here, so that a file which
//! passes the check is one that works.

mod facts;
mod fault;
mod names;
mod subject;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error as TlsError, InconsistentKeys, RootCertStore};

pub use self::facts::Facts;
pub use self::fault::Fault;
pub use self::names::{Name, Names, NoName};
pub use self::subject::Subject;

/// Longest file that is read: the bundle of a whole platform is a quarter of it.
const MAX_BYTES: u64 = 1 << 20;

/// Named, not taken from the process-wide default: which one that is depends on the features that other
/// crates turn on.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// What is trusted: the platform's roots and others. `Err` when that is nothing, and why, as the end of a
/// sentence.
pub(crate) fn roots(extra: Option<&Authorities>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(system.certs);
    if let Some(extra) = extra {
        roots.add_parsable_certificates(extra.certificates.iter().cloned());
    }
    if roots.is_empty() {
        let why = system.errors.first();
        return Err(why.map_or_else(String::new, |error| format!(" ({error})")));
    }
    Ok(roots)
}

/// A certificate chain and its private key.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Both, as rustls takes them.
    pub key: Arc<CertifiedKey>,
    /// What the first certificate says.
    pub facts: Facts,
    digest: blake3::Hash,
}

impl Identity {
    /// Reads and checks both files. They may be one and the same.
    pub fn load(certificate: &Path, private_key: &Path) -> Result<Self, Fault> {
        let (chain_text, key_text) = (read(certificate)?, read(private_key)?);
        let chain = certificates(certificate, &chain_text)?;
        let facts = chain.iter().map(|der| Facts::of(der));
        let facts: Option<Vec<_>> = facts.collect();
        let facts = facts.ok_or_else(|| Fault::BadCertificate(certificate.to_owned()))?;
        let key = private_key_in(private_key, &key_text)?;
        let key = certified(certificate, private_key, &chain, key)?;
        let facts = facts.into_iter().next();
        Ok(Self {
            key: Arc::new(key),
            facts: facts.ok_or_else(|| Fault::NoCertificate(certificate.to_owned()))?,
            digest: digest(&[&chain_text, &key_text]),
        })
    }

    /// A digest of what was read, to see whether it has changed.
    pub(crate) fn digest(&self) -> blake3::Hash {
        self.digest
    }
}

fn certified(
    certificate: &Path,
    private_key: &Path,
    chain: &[CertificateDer<'static>],
    key: PrivateKeyDer<'static>,
) -> Result<CertifiedKey, Fault> {
    let provider = provider();
    let signing = provider.key_provider.load_private_key(key);
    let signing = signing.map_err(|source| Fault::BadKey(private_key.to_owned(), source))?;
    let paired = |chain| CertifiedKey::new(chain, Arc::clone(&signing));
    let whole = paired(chain.to_vec());
    match whole.keys_match() {
        Ok(()) | Err(TlsError::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(whole),
        Err(TlsError::InconsistentKeys(_)) => {
            let belongs = |der: &CertificateDer<'static>| {
                let one = paired(vec![der.clone()]);
                one.keys_match().is_ok()
            };
            Err(Fault::Mismatch {
                certificate: certificate.to_owned(),
                private_key: private_key.to_owned(),
                belongs_to: chain.iter().position(belongs).map(|index| index + 1),
            })
        }
        Err(_) => Err(Fault::BadCertificate(certificate.to_owned())),
    }
}

/// The certificates in a file that are to be trusted.
#[derive(Clone, Debug)]
pub struct Authorities {
    /// The certificates, at least one.
    pub certificates: Vec<CertificateDer<'static>>,
    digest: blake3::Hash,
}

impl Authorities {
    /// Reads the file and checks that each certificate in it can vouch for others or, when it is
    /// self-signed, for itself.
    pub fn load(path: &Path) -> Result<Self, Fault> {
        let text = read(path)?;
        let certificates = certificates(path, &text)?;
        let mut roots = RootCertStore::empty();
        for der in &certificates {
            let facts = Facts::of(der).ok_or_else(|| Fault::BadCertificate(path.to_owned()))?;
            if !facts.may_vouch {
                return Err(Fault::NoAuthority(path.to_owned(), Box::new(facts)));
            }
            roots
                .add(der.clone())
                .map_err(|_| Fault::BadCertificate(path.to_owned()))?;
        }
        Ok(Self {
            certificates,
            digest: digest(&[&text]),
        })
    }

    /// A digest of what was read, to see whether it has changed.
    pub(crate) fn digest(&self) -> blake3::Hash {
        self.digest
    }
}

fn digest(parts: &[&[u8]]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        // Of each part by itself: what leaves one file and turns up in the other is a change.
        hasher.update(blake3::hash(part).as_bytes());
    }
    hasher.finalize()
}

fn read(path: &Path) -> Result<Vec<u8>, Fault> {
    let unreadable = |source| Fault::Unreadable(path.to_owned(), source);
    let about = std::fs::metadata(path).map_err(unreadable)?;
    if about.len() > MAX_BYTES {
        return Err(Fault::TooLarge(path.to_owned()));
    }
    let text = std::fs::read(path).map_err(unreadable)?;
    if text.trim_ascii().is_empty() {
        return Err(Fault::Empty(path.to_owned()));
    }
    let begin = b"-----BEGIN ";
    if !text.windows(begin.len()).any(|window| window == begin) {
        return Err(Fault::NotPem(path.to_owned()));
    }
    Ok(text)
}

fn certificates(path: &Path, text: &[u8]) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    let all = all.map_err(|source| Fault::BadPem(path.to_owned(), source))?;
    if all.is_empty() {
        return Err(Fault::NoCertificate(path.to_owned()));
    }
    Ok(all)
}

fn private_key_in(path: &Path, text: &[u8]) -> Result<PrivateKeyDer<'static>, Fault> {
    use rustls::pki_types::pem::Error;

    let encrypted = ["BEGIN ENCRYPTED PRIVATE KEY", "Proc-Type: 4,ENCRYPTED"];
    let holds = |word: &str| {
        let mut windows = text.windows(word.len());
        windows.any(|window| window == word.as_bytes())
    };
    match PrivateKeyDer::from_pem_slice(text) {
        Ok(key) => Ok(key),
        Err(_) if encrypted.into_iter().any(holds) => Err(Fault::EncryptedKey(path.to_owned())),
        Err(Error::NoItemsFound) => Err(Fault::NoKey(path.to_owned())),
        Err(source) => Err(Fault::BadPem(path.to_owned(), source)),
    }
}
