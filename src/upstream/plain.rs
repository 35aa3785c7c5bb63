//! Requests of our own to somewhere that is no upstream: sent as they are, and neither logged nor counted here.

use std::sync::Arc;

use bytes::Bytes;
use http::header::HOST;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;

use super::BuildError;
use super::body::RequestBody;
use super::failure::Chain;
use super::rewrite::Origin;
use super::settings::Settings;
use super::transport::{Transport, origin_form};
use crate::watch::Reload;

/// Where they go.
#[derive(Debug)]
pub(crate) struct Plain {
    transport: Transport,
    origin: Origin,
    settings: Settings,
}

impl Plain {
    /// Connects to nothing yet.
    pub(crate) fn new(settings: Settings) -> Result<Self, BuildError> {
        let name = || settings.name.clone();
        let origin = Origin::new(&settings.url).ok_or_else(|| BuildError::Url(name()))?;
        let transport = Transport::new(&settings).map_err(|source| BuildError::Tls {
            name: name(),
            source,
        })?;
        Ok(Self {
            transport,
            origin,
            settings,
        })
    }

    /// What is read again when its files change.
    pub(crate) fn reload(&self) -> Option<Arc<dyn Reload>> {
        self.transport.reload()
    }

    /// Sends a request, whose target is absolute, or says why there is no answer. How long is waited is up to
    /// whoever asks.
    pub(crate) async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, String> {
        let mut request = request.map(|body| RequestBody::new(body, self.settings.idle).0);
        *request.uri_mut() = origin_form(request.uri());
        if self.transport.wants_host() {
            let headers = request.headers_mut();
            headers.insert(HOST, self.origin.host.clone());
        }
        let mut request = Some(request);
        let answered = self.transport.request(&mut request, &self.origin).await;
        let (response, _) = answered.map_err(|error| Chain(&error).to_string())?;
        Ok(response)
    }
}
