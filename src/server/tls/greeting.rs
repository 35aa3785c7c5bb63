//! The beginning of a connection to a port with TLS: a handshake, or a word about why there is none.

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use http::StatusCode;
use rustls::{AlertDescription, CertificateError, Error};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::Tls;
use crate::answer::{Answer, RequestId};

/// RFC 8446 section 5.1: a handshake is a record of this type, so TLS begins with this byte.
pub(in crate::server) const RECORD: u8 = 0x16;

/// Most bytes of a caller that are read after our last word, so that it is not overtaken by a reset.
const LINGER_BYTES: usize = 64 << 10;

/// How a greeting ended, with a word for metrics and one for people.
struct Fate(&'static str, &'static str);

const DONE: &str = "ok";

/// A connection that no handshake was made on, and what is still to be said on it.
pub(in crate::server) struct Parting {
    stream: TcpStream,
    word: Bytes,
}

impl Tls {
    /// Does the handshake. The caller of this function bounds its time.
    pub(in crate::server) async fn greet(
        &self,
        stream: TcpStream,
    ) -> Result<TlsStream<TcpStream>, Parting> {
        let peer = stream.peer_addr().ok();
        let part = |stream, word| Err(Parting { stream, word });
        let mut first = [0];
        match stream.peek(&mut first).await {
            // Whoever connects and closes is a load balancer that looks whether we are alive.
            Ok(0) | Err(_) => {
                let fate = Fate("closed", "it closed before the first byte");
                self.count(&fate, None, peer);
                return part(stream, Bytes::new());
            }
            // A method; no record of TLS begins with a letter.
            Ok(_) if first.iter().all(u8::is_ascii_alphabetic) => {
                let fate = Fate("plain_http", "it spoke plain HTTP to a port with TLS");
                self.count(&fate, None, peer);
                return part(stream, plain_http());
            }
            Ok(_) => {}
        }
        let accepting = TlsAcceptor::from(self.config()).accept(stream);
        match accepting.into_fallible().await {
            Ok(stream) => {
                self.0.metrics.handshake(DONE);
                Ok(stream)
            }
            Err((error, stream)) => {
                self.count(&fate(&error), Some(&error), peer);
                // The alert is written already.
                part(stream, Bytes::new())
            }
        }
    }

    /// Notes that the time for a handshake ran out.
    pub(in crate::server) fn overdue(&self) {
        let fate = Fate("timeout", "it did not finish within timeouts.header_read");
        self.count(&fate, None, None);
    }

    fn count(&self, fate: &Fate, error: Option<&io::Error>, peer: Option<SocketAddr>) {
        let Fate(result, why) = fate;
        self.0.metrics.handshake(result);
        let peer = peer.map(tracing::field::display);
        let error = error.map(tracing::field::display);
        tracing::debug!(peer, result, error, "no TLS handshake with a caller: {why}");
    }
}

/// What went wrong, from the few things that do.
fn fate(error: &io::Error) -> Fate {
    let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref()) else {
        return Fate("broken_off", "it broke off");
    };
    match error {
        Error::NoCertificatesPresented => Fate(
            "no_certificate",
            "listen.tls.client_ca demands a certificate, and it presented none",
        ),
        Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        ) => Fate(
            "untrusted_certificate",
            "its certificate was not signed by a CA in listen.tls.client_ca",
        ),
        Error::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        ) => Fate(
            "expired_certificate",
            "its certificate has expired, or is not valid yet",
        ),
        Error::InvalidCertificate(_) => {
            Fate("invalid_certificate", "its certificate cannot be accepted")
        }
        Error::AlertReceived(alert) => refused(*alert),
        Error::PeerIncompatible(_) => Fate(
            "incompatible",
            "it offers no version of TLS (1.2, 1.3) or no cipher that is spoken here",
        ),
        Error::NoApplicationProtocol => Fate(
            "incompatible",
            "it offers neither HTTP/1.1 nor HTTP/2 by ALPN",
        ),
        _ => Fate("invalid", "it is not TLS as it should be"),
    }
}

fn refused(alert: AlertDescription) -> Fate {
    match alert {
        AlertDescription::UnknownCA
        | AlertDescription::BadCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::CertificateExpired
        // Of a CA that has the name of one that it trusts, and another key.
        | AlertDescription::DecryptError
        | AlertDescription::UnsupportedCertificate => Fate(
            "refused_certificate",
            "it does not accept the certificate of listen.tls",
        ),
        AlertDescription::ProtocolVersion | AlertDescription::HandshakeFailure => Fate(
            "incompatible",
            "it finds no version of TLS or no cipher in common",
        ),
        _ => Fate("broken_off", "it broke off"),
    }
}

impl Parting {
    /// Says it and closes, so that it arrives: closing with unread bytes resets the connection, and a
    /// reset overtakes what was written. A caller on TLS 1.3 may have sent its request behind a
    /// certificate that we refuse. The caller of this function bounds its time.
    pub(in crate::server) async fn say(mut self) {
        // Whether anyone still listens is no matter.
        let _ = self.stream.write_all(&self.word).await;
        if self.stream.shutdown().await.is_err() {
            return;
        }
        let mut space = [0; 4096];
        let mut left = LINGER_BYTES;
        while left > 0 {
            match self.stream.read(&mut space).await {
                Ok(0) | Err(_) => return,
                Ok(read) => left = left.saturating_sub(read),
            }
        }
    }
}

/// In plain HTTP, so that whoever asked understands.
fn plain_http() -> Bytes {
    let answer = Answer::new(
        StatusCode::BAD_REQUEST,
        "patchwright.request.plain_http",
        "plain HTTP was sent to a port that expects TLS; use https://",
    );
    answer.on_the_wire(RequestId::next())
}
