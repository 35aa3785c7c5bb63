//! Who may use the proxy, and how much.
//!
//! A caller is the first `[[client]]` of the configuration all of whose criteria it meets: a key, a name in
//! its verified certificate, the network that it comes from. Without any client everyone is welcome, and
//! the server leaves out what it would take to tell them apart.

mod client;
mod keys;
mod rate;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue, WWW_AUTHENTICATE};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::Full;
use metrics::Counter;

pub use self::client::{Client, Entry};
use self::keys::Presented;
use crate::answer::{Answer, RequestId};
use crate::config;
use crate::metrics::Metrics;
use crate::peer::Peer;

/// Everyone who may use the proxy.
#[derive(Debug)]
pub struct Access {
    key_header: HeaderName,
    clients: Vec<Arc<Client>>,
    unknown: Unknown,
}

/// What is told to whoever is nobody known.
#[derive(Debug)]
struct Unknown {
    /// How a caller makes itself known, where a key would do.
    challenge: Option<HeaderValue>,
    counter: Counter,
}

impl Access {
    /// For `clients`, those of the configuration, in its order.
    pub fn new(config: &config::Access, clients: Vec<Arc<Client>>, metrics: &Metrics) -> Self {
        let keys = config
            .clients
            .iter()
            .any(|client| !client.api_keys.is_empty());
        let challenge = || {
            let header = &config.api_key_header;
            let challenge = format!("ApiKey realm=\"patchwright\", header=\"{header}\"");
            HeaderValue::try_from(challenge).ok()
        };
        Self {
            key_header: config.api_key_header.clone(),
            unknown: Unknown {
                challenge: keys.then(challenge).flatten(),
                counter: if clients.is_empty() {
                    Counter::noop()
                } else {
                    metrics.client_requests(None, "unknown")
                },
            },
            clients,
        }
    }

    /// Whether callers are told apart at all.
    pub fn is_on(&self) -> bool {
        !self.clients.is_empty()
    }

    /// Who sends this request, from which the key is taken. `None` is anyone, where anyone is welcome.
    pub fn identify<B>(&self, request: &mut Request<B>) -> Result<Option<&Arc<Client>>, Stranger> {
        let key = take(request.headers_mut(), &self.key_header);
        if self.clients.is_empty() {
            return Ok(None);
        }
        let peer = request.extensions_mut().remove::<Peer>();
        let presented = Presented::new(key.as_ref());
        let mut found = None;
        for client in &self.clients {
            // No early end: how long this takes must not tell how far down the list a key is known.
            let is_it = client.is(&presented, peer.as_ref());
            if is_it && found.is_none() {
                found = Some(client);
            }
        }
        match found {
            Some(client) => Ok(Some(client)),
            None => Err(self.stranger(peer.as_ref())),
        }
    }

    fn stranger(&self, peer: Option<&Peer>) -> Stranger {
        self.unknown.counter.increment(1);
        let challenge = self.unknown.challenge.clone();
        let (status, code, message) = if challenge.is_some() {
            (
                StatusCode::UNAUTHORIZED,
                "patchwright.client.unknown",
                format!(
                    "no client of this proxy is known by this key, certificate and address; keys go into the header {}",
                    self.key_header
                ),
            )
        } else {
            (
                StatusCode::FORBIDDEN,
                "patchwright.client.refused",
                "no client of this proxy is known by this certificate and address".to_owned(),
            )
        };
        let address = peer.map(|peer| tracing::field::display(peer.address));
        let names = peer.and_then(|peer| peer.certificate.as_deref());
        let names = names.map(tracing::field::display);
        // Not louder: strangers decide how often.
        tracing::debug!(
            peer = address,
            certificate = names,
            code,
            "a caller is no client"
        );
        Stranger {
            answer: Answer::new(status, code, message),
            challenge,
        }
    }
}

/// The key of a request; several are none.
fn take(headers: &mut HeaderMap, name: &HeaderName) -> Option<HeaderValue> {
    let mut lines = headers.get_all(name).iter();
    lines.next()?;
    let several = lines.next().is_some();
    headers.remove(name).filter(|_| !several)
}

/// A caller that is no client.
#[derive(Debug)]
pub struct Stranger {
    answer: Answer,
    challenge: Option<HeaderValue>,
}

impl Stranger {
    /// What it is told, for the request that `id` names.
    pub fn into_response(self, id: RequestId) -> Response<Full<Bytes>> {
        let mut response = self.answer.into_response(id);
        // RFC 9110 section 15.5.2: a 401 says how to become known.
        if let Some(challenge) = self.challenge {
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
