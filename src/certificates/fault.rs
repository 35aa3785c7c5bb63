//! What is wrong with a file of certificates or keys, and what to do.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rustls::pki_types::pem;

use super::Facts;

/// What is wrong. Each text names the file, the fault and the way out, and nothing of a key.
#[derive(Debug)]
#[non_exhaustive]
pub enum Fault {
    /// The system does not give it to us.
    Unreadable(PathBuf, io::Error),
    /// There is nothing in it.
    Empty(PathBuf),
    /// Nobody's certificates are that long.
    TooLarge(PathBuf),
    /// Something else, DER above all.
    NotPem(PathBuf),
    /// PEM that breaks off or is mistyped.
    BadPem(PathBuf, pem::Error),
    /// PEM without a certificate.
    NoCertificate(PathBuf),
    /// It says that it is a certificate, and is none.
    BadCertificate(PathBuf),
    /// PEM without a private key.
    NoKey(PathBuf),
    /// A key behind a passphrase.
    EncryptedKey(PathBuf),
    /// A key that can't be used.
    BadKey(PathBuf, rustls::Error),
    /// The key is another certificate's.
    Mismatch {
        /// The file of the chain.
        certificate: PathBuf,
        /// The file of the key.
        private_key: PathBuf,
        /// Which certificate of the chain the key belongs to, counted from 1, if any.
        belongs_to: Option<usize>,
    },
    /// It can't vouch for anything.
    NoAuthority(PathBuf, Box<Facts>),
    /// rustls takes none of it.
    Setup(rustls::Error),
    /// It is too late for it.
    Expired(PathBuf, Box<Facts>),
}

impl Fault {
    /// Whether the key's file is at fault, not the certificate's.
    pub fn is_of_key(&self, private_key: &Path) -> bool {
        match self {
            Self::NoKey(_) | Self::EncryptedKey(_) | Self::BadKey(..) | Self::Mismatch { .. } => {
                true
            }
            Self::Unreadable(path, _)
            | Self::Empty(path)
            | Self::TooLarge(path)
            | Self::NotPem(path)
            | Self::BadPem(path, _) => path == private_key,
            _ => false,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(path, source) => {
                write!(f, "{} cannot be read: {source}", path.display())
            }
            Self::Empty(path) => write!(f, "{} is empty", path.display()),
            Self::TooLarge(path) => write!(
                f,
                "{} is larger than 1MiB: give a file with the certificates that are needed",
                path.display()
            ),
            Self::NotPem(path) => write!(
                f,
                "{} is not PEM (no -----BEGIN …-----); turn DER into PEM with `openssl x509 -inform der` or `openssl pkey -inform der`",
                path.display()
            ),
            Self::BadPem(path, source) => {
                write!(f, "{} cannot be read as PEM: ", path.display())?;
                bad_pem(source, f)
            }
            Self::NoCertificate(path) => write!(
                f,
                "{} holds no certificate (-----BEGIN CERTIFICATE-----)",
                path.display()
            ),
            Self::BadCertificate(path) => write!(
                f,
                "{} holds something that is no X.509 certificate, or one that rustls cannot use",
                path.display()
            ),
            Self::NoKey(path) => write!(
                f,
                "{} holds no private key (-----BEGIN PRIVATE KEY-----)",
                path.display()
            ),
            Self::EncryptedKey(path) => write!(
                f,
                "the private key in {} is encrypted; nobody is there to type the passphrase: decrypt it with `openssl pkey` and protect the file by its permissions",
                path.display()
            ),
            Self::BadKey(path, source) => write!(
                f,
                "the private key in {} cannot be used ({source}); RSA from 2048 bits, ECDSA P-256, P-384, P-521 and Ed25519 can",
                path.display()
            ),
            Self::Mismatch {
                certificate,
                private_key,
                belongs_to,
            } => {
                let (certificate, private_key) = (certificate.display(), private_key.display());
                match belongs_to {
                    Some(number) => write!(
                        f,
                        "the private key in {private_key} belongs to certificate number {number} in {certificate}: put that one first, and behind it the ones that vouch for it"
                    ),
                    None => write!(
                        f,
                        "the private key in {private_key} does not belong to the certificate in {certificate}"
                    ),
                }
            }
            Self::Setup(source) => write!(f, "TLS cannot be set up: {source}"),
            Self::NoAuthority(path, facts) => write!(
                f,
                "{} holds a certificate that is no CA's ({}): put there the certificate of who signed it ({})",
                path.display(),
                facts.subject,
                facts.issuer
            ),
            Self::Expired(path, facts) => {
                write!(
                    f,
                    "the certificate in {} has expired ({facts})",
                    path.display()
                )
            }
        }
    }
}

/// The parser shows the lines that it stumbled over, and those may be of a key.
fn bad_pem(source: &pem::Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(match source {
        pem::Error::MissingSectionEnd { .. } => "it breaks off before -----END …-----",
        pem::Error::IllegalSectionStart { .. } => "a -----BEGIN …----- line is mistyped",
        pem::Error::Base64Decode(_) => "what stands between BEGIN and END is not base64",
        _ => "it is damaged",
    })
}

impl std::error::Error for Fault {}
