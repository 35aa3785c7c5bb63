//! One client: whom it describes, and what it may do.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};
use metrics::Counter;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::Span;

use super::keys::Presented;
use super::rate::Limit;
use crate::answer::{Answer, RequestId};
use crate::config;
use crate::credential::{Credential, Injection};
use crate::layer::record::ClientName;
use crate::metrics::Metrics;
use crate::peer::Peer;

/// When a request comes while the client has as many in flight as it may.
const MOMENT: Duration = Duration::from_secs(1);

/// A client of the proxy.
#[derive(Debug)]
pub struct Client {
    config: config::Client,
    name: ClientName,
    places: Option<Arc<Semaphore>>,
    limit: Option<Limit>,
    injection: Option<Injection>,
    admitted: Counter,
    throttled: Counter,
    forbidden: Counter,
}

/// A request that was let in. Its place among its client's is free again when this is dropped.
#[derive(Debug)]
pub struct Entry {
    /// Whose request it is.
    pub name: ClientName,
    /// The credential that the request is given.
    pub injection: Option<Injection>,
    /// The place, where they are bounded.
    pub place: Option<OwnedSemaphorePermit>,
}

impl Client {
    /// As the configuration says, with the credential that it is given.
    pub fn new(
        client: &config::Client,
        credential: Option<&Credential>,
        metrics: &Metrics,
    ) -> Self {
        let places = |count: usize| Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS)));
        // All three are there from the beginning: a rate needs a zero to start from.
        let counter = |result| metrics.client_requests(Some(&client.name), result);
        Self {
            places: client.concurrency.map(places),
            limit: client.rate.and_then(Limit::new),
            injection: credential.map(|credential| Injection {
                credential: credential.clone(),
                overwrite: client.overwrite_authorization,
            }),
            admitted: counter("admitted"),
            throttled: counter("throttled"),
            forbidden: counter("forbidden"),
            name: ClientName(client.name.as_str().into()),
            config: client.clone(),
        }
    }

    /// Its name in the configuration.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// Whether whoever presents this, at the other end of that connection, meets every criterion.
    pub(super) fn is(&self, presented: &Presented, peer: Option<&Peer>) -> bool {
        let config = &self.config;
        // First, and whatever the others say: see `keys`.
        let key = presented.is_among(&config.api_keys);
        // `::ffff:10.1.0.1` is who a listener on all addresses takes 10.1.0.1 for.
        let address = peer.map(|peer| peer.address.ip().to_canonical());
        let near = |address| {
            config
                .networks
                .iter()
                .any(|network| network.contains(&address))
        };
        let certificate = peer.and_then(|peer| peer.certificate.as_ref());
        let named = || {
            let mut wanted = config.subjects.iter();
            certificate.is_some_and(|names| wanted.any(|name| names.have(name)))
        };
        (key || config.api_keys.is_empty())
            && (config.subjects.is_empty() || named())
            && (config.networks.is_empty() || address.is_some_and(near))
    }

    /// Lets a request in that goes to `upstream`, or says what to answer.
    pub fn enter(&self, upstream: &str, method: &Method, id: RequestId) -> Result<Entry, Answer> {
        self.allow(upstream, method, id)?;
        let place = match &self.places {
            None => None,
            Some(places) => {
                let place = Arc::clone(places).try_acquire_owned();
                Some(place.map_err(|_| self.throttle("requests at a time", MOMENT, id))?)
            }
        };
        // After the place, so that what is refused for want of one is not counted against the rate.
        if let Some(limit) = &self.limit {
            limit
                .take()
                .map_err(|wait| self.throttle("requests in a time", wait, id))?;
        }
        self.admitted.increment(1);
        tracing::debug!(%id, client = self.config.name, upstream, "request admitted");
        Ok(Entry {
            name: self.name.clone(),
            injection: self.injection.clone(),
            place,
        })
    }

    fn allow(&self, upstream: &str, method: &Method, id: RequestId) -> Result<(), Answer> {
        let config = &self.config;
        let upstreams = config.upstreams.as_ref();
        let methods = config.methods.as_ref();
        let what = if upstreams.is_some_and(|all| !all.iter().any(|one| one == upstream)) {
            format!("upstream {upstream:?}")
        } else if methods.is_some_and(|all| !all.contains(method)) {
            format!("method {method}")
        } else {
            return Ok(());
        };
        self.forbidden.increment(1);
        let (client, code) = (&config.name, "patchwright.client.forbidden");
        tracing::info!(%id, client, code, "request refused: the client may not use {what}");
        let message = format!("client {client:?} may not use {what}");
        Err(Answer::new(StatusCode::FORBIDDEN, code, message))
    }

    fn throttle(&self, what: &str, wait: Duration, id: RequestId) -> Answer {
        self.throttled.increment(1);
        let (client, code) = (&self.config.name, "patchwright.client.throttled");
        // Not louder: the client decides how often.
        tracing::debug!(%id, client, code, "request refused: too many {what}");
        let message = format!("client {client:?} may not send so many {what}");
        Answer::new(StatusCode::TOO_MANY_REQUESTS, code, message).retry_after(wait)
    }

    /// What says in the log whose request it is. Of the highest level, so that no filter leaves it out.
    pub fn span(&self) -> Span {
        tracing::error_span!("request", client = self.config.name)
    }
}
