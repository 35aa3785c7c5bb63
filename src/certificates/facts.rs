//! What a certificate says of itself.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

/// Longest name that is shown.
const LONGEST: usize = 120;

/// What a certificate says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Whose it is.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// Its end.
    pub not_after: SystemTime,
    /// Whether it may be trusted as a root: it is a CA's, or it is self-signed and vouches for itself.
    pub may_vouch: bool,
}

impl Facts {
    /// Reads them; `None` when it is no certificate.
    pub(super) fn of(der: &[u8]) -> Option<Self> {
        let (rest, certificate) = X509Certificate::from_der(der).ok()?;
        if !rest.is_empty() {
            return None;
        }
        let self_issued = certificate.subject().as_raw() == certificate.issuer().as_raw();
        let seconds = u64::try_from(certificate.validity().not_after.timestamp());
        Some(Self {
            subject: subject(&certificate),
            issuer: shown(&certificate.issuer().to_string()),
            // Before 1970: expired, in any case.
            not_after: UNIX_EPOCH + Duration::from_secs(seconds.unwrap_or_default()),
            may_vouch: certificate.is_ca() || self_issued,
        })
    }

    /// Whether it has expired.
    pub fn is_expired(&self, now: SystemTime) -> bool {
        now > self.not_after
    }
}

/// The subject, or the first name that stands in its place: certificates of servers often have none.
fn subject(certificate: &X509Certificate<'_>) -> String {
    let subject = certificate.subject().to_string();
    if !subject.is_empty() {
        return shown(&subject);
    }
    let names = certificate.subject_alternative_name().ok().flatten();
    let name = names.and_then(|names| names.value.general_names.first());
    name.map_or_else(String::new, |name| shown(&name.to_string()))
}

/// The text as a log line may hold it: names are whatever somebody had signed.
fn shown(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_control() { '?' } else { c });
    plain.take(LONGEST).collect()
}

/// `CN=gateway, valid until 2027-03-01T12:00:00Z`.
impl fmt::Display for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let until = humantime::format_rfc3339_seconds(self.not_after);
        write!(f, "{}, valid until {until}", self.subject)
    }
}
