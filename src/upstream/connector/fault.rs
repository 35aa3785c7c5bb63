//! Why there is no connection to the upstream, in words that say what to do.

use std::error::Error;
use std::io;
use std::time::Duration;

use rustls::{AlertDescription, CertificateError, Error as TlsError};

use crate::BoxError;

/// No connection, and how far it came.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    #[error("no TCP connection")]
    Tcp(#[source] BoxError),
    #[error("no TCP connection within {}", humantime::format_duration(*.0))]
    TcpTimeout(Duration),
    #[error("the host of the url is no name that a certificate could be for")]
    Name,
    #[error("no TLS handshake")]
    Tls(#[source] io::Error),
    #[error("no TLS handshake within {}, TCP included", humantime::format_duration(*.0))]
    TlsTimeout(Duration),
}

/// Whether it is TLS that failed, so that no request was delivered.
pub(in crate::upstream) fn is_of_tls(error: &(dyn Error + 'static)) -> bool {
    match connect_error(error) {
        Some(ConnectError::Tcp(_) | ConnectError::TcpTimeout(_)) => false,
        Some(_) => true,
        // In TLS 1.3 we have finished before the upstream has judged our certificate: its alert comes in
        // the place of an answer.
        None => tls_error(error).is_some_and(refuses_us),
    }
}

/// What is wrong and what to do, for the log.
pub(in crate::upstream) fn advice(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let tls = tls_error(error);
    match connect_error(error) {
        Some(ConnectError::Tcp(cause)) => tcp(cause.as_ref()),
        Some(ConnectError::TcpTimeout(_)) => Some(
            "nothing answers at the upstream's address: is `url` right, and is the way there open \
             (route, firewall)? timeouts.connect bounds the wait",
        ),
        Some(ConnectError::Name) => Some(
            "certificates are for names and IP addresses: give `url` of the upstream one of these",
        ),
        Some(ConnectError::TlsTimeout(_)) => Some(
            "the upstream accepts connections but does not finish a TLS handshake: is it TLS that is \
             spoken on this port? timeouts.connect bounds the wait",
        ),
        Some(ConnectError::Tls(_)) if tls.is_none() => Some(
            "the upstream cut the TLS handshake off without a reason: is it TLS that is spoken on this \
             port, and does it know the host in `url`?",
        ),
        Some(ConnectError::Tls(_)) => tls.map(handshake),
        None => tls.filter(|error| refuses_us(error)).map(handshake),
    }
}

fn tcp(cause: &(dyn Error + 'static)) -> Option<&'static str> {
    let refused = |error: &io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
    let refused = chain(cause).any(|error| error.downcast_ref().is_some_and(refused));
    refused
        .then_some("nothing listens at the upstream's address: is `url` right, and is it running?")
}

fn handshake(error: &TlsError) -> &'static str {
    match error {
        TlsError::InvalidCertificate(error) => certificate(error),
        TlsError::AlertReceived(alert) => alerted(*alert),
        TlsError::PeerIncompatible(_) => VERSIONS,
        TlsError::NoApplicationProtocol => PROTOCOLS,
        // The first bytes are no record of TLS.
        TlsError::InvalidMessage(_) => {
            "the upstream does not speak TLS on this port (plain HTTP?): use http:// or another port in \
             its `url`"
        }
        _ => "the TLS handshake failed",
    }
}

const VERSIONS: &str =
    "there is no version of TLS or no cipher in common: the upstream must speak TLS 1.2 or 1.3";
const PROTOCOLS: &str =
    "the upstream speaks neither HTTP/2 nor HTTP/1.1 by ALPN: try `http2 = false`";

fn certificate(error: &CertificateError) -> &'static str {
    match error {
        CertificateError::UnknownIssuer => {
            "the upstream's certificate is not trusted: who signed it is neither among the platform's \
             roots nor in `ca` of the upstream; set `ca` to a PEM file with that CA's certificate (and \
             have the upstream send its intermediate certificates)"
        }
        CertificateError::BadSignature => {
            "the upstream's certificate is not trusted: its signature is not that of the CA with this \
             name; is `ca` of the upstream an older one?"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the upstream's certificate has expired: have it renewed there, or set this machine's clock \
             right"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the upstream's certificate is not valid yet: set this machine's clock right, or wait"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the upstream's certificate is for another name than the host in `url`: write there the name \
             that it is for"
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "the upstream's certificate is not made for servers (extended key usage)"
        }
        CertificateError::Revoked => "the upstream's certificate was revoked",
        // Only webpki's own words tell which, and they are in the chain: self-signed ones of `openssl
        // req -x509` are the common case.
        _ => {
            "the upstream's certificate cannot be used; if it is self-signed, it must not be a CA's \
             (basicConstraints CA:FALSE)"
        }
    }
}

fn alerted(alert: AlertDescription) -> &'static str {
    match alert {
        AlertDescription::CertificateRequired => {
            "the upstream demands a client certificate: set `certificate` and `private_key` of the \
             upstream"
        }
        AlertDescription::UnknownCA
        | AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateUnknown
        | AlertDescription::DecryptError
        | AlertDescription::AccessDenied => {
            "the upstream does not accept our client certificate, or misses one: `certificate` and \
             `private_key` of the upstream must be signed by a CA that it trusts"
        }
        AlertDescription::CertificateExpired => {
            "the upstream says that our client certificate has expired: renew `certificate` of the \
             upstream"
        }
        AlertDescription::HandshakeFailure => {
            "the upstream refused the TLS handshake: it demands a client certificate (`certificate` and \
             `private_key` of the upstream), or there is no cipher in common"
        }
        AlertDescription::ProtocolVersion | AlertDescription::InsufficientSecurity => VERSIONS,
        AlertDescription::NoApplicationProtocol => PROTOCOLS,
        AlertDescription::UnrecognisedName => {
            "the upstream does not know the host in `url`: write there the name that it serves"
        }
        _ => "the upstream refused the TLS handshake",
    }
}

/// Whether the other side says that it does not want us: these alerts come from its handshake only.
fn refuses_us(error: &TlsError) -> bool {
    matches!(
        error,
        TlsError::AlertReceived(
            AlertDescription::CertificateRequired
                | AlertDescription::UnknownCA
                | AlertDescription::BadCertificate
                | AlertDescription::UnsupportedCertificate
                | AlertDescription::CertificateRevoked
                | AlertDescription::CertificateExpired
                | AlertDescription::CertificateUnknown
                | AlertDescription::DecryptError
                | AlertDescription::AccessDenied
                | AlertDescription::HandshakeFailure
        )
    )
}

fn connect_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e ConnectError> {
    chain(error).find_map(|error| error.downcast_ref())
}

fn tls_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e TlsError> {
    chain(error).find_map(|error| error.downcast_ref())
}

/// The error and everything that caused it. `source` of an [`io::Error`] skips the error that it is
/// made of.
fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let inner = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        match inner {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}
