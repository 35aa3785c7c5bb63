//! The upstream, as a service that always answers.
//!
//! A request goes out with the caller's method, path, query, header fields and body, bytes for bytes,
//! except for what belongs to one hop only (RFC 9110 section 7.6.1), `Host` and `Via`. Bodies stream both
//! ways. When there is no answer, one is made here; it carries
//! [`NoAnswer`](crate::layer::record::NoAnswer), so that nobody takes it for the upstream's word.
//!
//! Nothing is ever carried out twice for being sent here. The HTTP/1.1 client moves a request to another
//! connection only when not one byte of it was written; with HTTP/2 the upstream may also have said that it
//! did nothing with it (see `pool`).
//!
//! Trailers pass in both directions within what HTTP/1.1 (as hyper speaks it) can do: towards an
//! HTTP/1.1 peer only those that `Trailer` announces, and towards an HTTP/1.1 caller only if it sent
//! `TE: trailers`. HTTP/2 has no such limits.
//!
//! Interim answers (1xx other than 100 and 101) pass from HTTP/1.1 to HTTP/1.1. Where either side speaks
//! HTTP/2 they are dropped: hyper neither shows nor sends them there.

mod body;
mod connector;
mod down;
mod failure;
mod http1;
// Not a part of the API: public so that the laws in tests/fuzz can be stated of it.
#[doc(hidden)]
pub mod hop;
#[cfg(feature = "otel")]
pub(crate) mod plain;
mod pool;
// Not a part of the API: public so that the laws in tests/fuzz can be stated of it.
#[doc(hidden)]
pub mod rewrite;
mod sending;
mod settings;
mod transport;
mod upgrade;

use std::convert::Infallible;
use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::uri::Scheme;
use http::{Request, Response, StatusCode, Version};
use http_body::Body;
use hyper::body::Incoming;
use tower_service::Service;

use self::body::RequestBody;
pub use self::body::ResponseBody;
pub use self::connector::TlsError;
use self::failure::{Chain, Failure};
use self::rewrite::{Length, Origin};
use self::sending::Sending;
pub use self::settings::Settings;
use self::transport::{Carrier, Transport};
use self::upgrade::Wanted;
use crate::BoxError;
use crate::answer::RequestId;
use crate::boxed::boxed;
use crate::departed::Departed;
use crate::metrics::{Metrics, UpstreamAnswers};
use crate::received::Received;
use crate::trace::TRACEPARENT;
use crate::trace::journal::{Journal, Part};
use crate::watch::Reload;

/// Why an upstream can't be used.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The URL can't be dialled.
    #[error("upstream {0:?}: the url needs http:// or https:// and a host")]
    Url(String),
    /// TLS can't be set up.
    #[error("upstream {name:?}: {source}")]
    Tls {
        /// The upstream's name.
        name: String,
        /// What is missing.
        source: TlsError,
    },
}

/// One upstream and the connections to it. Clones share both.
///
/// It takes requests with any body and answers every one: `Error` is [`Infallible`].
#[derive(Clone, Debug)]
pub struct Upstream {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    settings: Settings,
    origin: Origin,
    transport: Transport,
    answers: UpstreamAnswers,
}

impl Upstream {
    /// Prepares everything but connects to nothing.
    pub fn new(settings: Settings, metrics: &Metrics) -> Result<Self, BuildError> {
        let name = || settings.name.clone();
        let origin = Origin::new(&settings.url)
            .filter(|origin| matches!(origin.scheme.as_str(), "http" | "https"))
            .ok_or_else(|| BuildError::Url(name()))?;
        let transport = Transport::new(&settings).map_err(|source| BuildError::Tls {
            name: name(),
            source,
        })?;
        let answers = metrics.upstream(&settings.name);
        Ok(Self {
            shared: Arc::new(Shared {
                settings,
                origin,
                transport,
                answers,
            }),
        })
    }

    /// What of it is read again when its files change.
    pub fn reload(&self) -> Option<Arc<dyn Reload>> {
        self.shared.transport.reload()
    }
}

impl<B> Service<Request<B>> for Upstream
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<ResponseBody>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // How much may be in flight is bounded where requests come in.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let shared = Arc::clone(&self.shared);
        let id = request.extensions().get::<RequestId>().copied();
        let id = id.unwrap_or_else(RequestId::next);
        match shared.prepare(request, id) {
            Ok(prepared) => boxed(|| answer(shared, prepared)),
            Err(failure) => Box::pin(ready(Ok(shared.none(failure, id)))),
        }
    }
}

/// What goes out, and what it leaves here. Made before anything is waited for, so that the answer to come
/// does not have to hold the request in each of its shapes.
struct Prepared {
    /// Lent to whoever sends it: each that waits on the way would keep room for it.
    request: Option<Request<RequestBody>>,
    sending: Arc<Sending>,
    upgrade: Option<Wanted>,
    departed: Option<Departed>,
    journal: Option<Arc<Journal>>,
    id: RequestId,
}

async fn answer(
    shared: Arc<Shared>,
    mut prepared: Prepared,
) -> Result<Response<ResponseBody>, Infallible> {
    // Used where it is: what is moved out of it would have its room twice.
    let Prepared {
        request,
        sending,
        upgrade,
        departed,
        journal,
        id,
    } = &mut prepared;
    let id = *id;
    let mut part = match (&*journal, &mut *request) {
        (Some(journal), Some(request)) => Some(shared.recorded(journal, request)),
        _ => None,
    };
    if let Some(departed) = departed {
        departed.set();
    }
    let Shared {
        settings,
        transport,
        origin,
        ..
    } = &*shared;
    let answered = tokio::select! {
        biased;
        answered = transport.request(request, origin) => shared.answered(answered, sending, upgrade.take(), id),
        overdue = sending.overdue(settings.request, settings.idle) => {
            let failure = Failure::from(overdue);
            tracing::warn!(%id, upstream = settings.name, code = failure.answer().code(), "gave up waiting");
            Err(failure)
        }
    };
    Ok(match answered {
        Ok(response) => {
            let took = sending.progress().elapsed();
            shared.answers.count(response.status(), took);
            if let Some(part) = &mut part {
                part.answered(response.status());
            }
            response
        }
        Err(failure) => {
            if let Some(part) = &mut part {
                part.fail(failure.answer().code());
            }
            shared.none(failure, id)
        }
    })
}

impl Shared {
    /// Begins what is recorded of a request, which from now on says that it came from there.
    fn recorded<'j, B>(&self, journal: &'j Journal, request: &mut Request<B>) -> Part<'j> {
        let mut part = journal.ask(request.method());
        let authority = &self.origin.authority;
        let host = authority.host().trim_matches(['[', ']']);
        part.say("server.address", host.to_owned());
        let usual = if self.origin.scheme == Scheme::HTTPS {
            443
        } else {
            80
        };
        part.say("server.port", authority.port_u16().unwrap_or(usual));
        part.say("patchwright.upstream", self.settings.name.clone());
        let headers = request.headers_mut();
        headers.insert(TRACEPARENT, part.context().header());
        part
    }

    fn prepare<B>(&self, mut request: Request<B>, id: RequestId) -> Result<Prepared, Failure>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let upgrade = Wanted::take(&mut request);
        let departed = request.extensions_mut().remove::<Departed>();
        let journal = request.extensions_mut().remove::<Arc<Journal>>();
        // What is left in the extensions stays: hyper's client finds there whom it tells of interim answers.
        let (parts, body) = request.into_parts();
        let (body, sending) = RequestBody::new(body, self.settings.idle);
        let request = self.forward(parts, body, upgrade.as_ref())?;
        Ok(Prepared {
            request: Some(request),
            sending,
            upgrade,
            departed,
            journal,
            id,
        })
    }

    fn answered(
        &self,
        answered: Result<(Response<Incoming>, Carrier), transport::Error>,
        sending: &Sending,
        upgrade: Option<Wanted>,
        id: RequestId,
    ) -> Result<Response<ResponseBody>, Failure> {
        match answered {
            Ok((response, mut carrier)) => {
                // On a connection that has answered in HTTP/1.0 hyper goes on in HTTP/1.0: a body of
                // unknown length would be left out of the next request, and no error raised.
                if response.version() == Version::HTTP_10 {
                    carrier.give_up();
                }
                self.backward(response, carrier, upgrade, id)
            }
            Err(error) => Err(self.failed(&error, Failure::of(&error, sending.fault()), id)),
        }
    }

    fn none(&self, failure: Failure, id: RequestId) -> Response<ResponseBody> {
        if !failure.is_callers() {
            self.answers.count_none();
        }
        failure.into_response(id)
    }

    fn forward(
        &self,
        parts: http::request::Parts,
        body: RequestBody,
        upgrade: Option<&Wanted>,
    ) -> Result<Request<RequestBody>, Failure> {
        let length = match body.size_hint().exact() {
            _ if body.is_end_stream() => Length::None,
            Some(bytes) => Length::Exact(bytes),
            None => Length::Unknown,
        };
        let mut request = Request::new(body);
        *request.method_mut() = parts.method;
        *request.headers_mut() = parts.headers;
        *request.extensions_mut() = parts.extensions;
        // The base path and a target that hyper parsed always make a path; were it not so, nothing
        // would have been delivered.
        *request.uri_mut() = self
            .origin
            .relative(parts.uri)
            .map_err(|_| Failure::Unreachable)?;
        *request.version_mut() = Version::HTTP_11;
        rewrite::request_headers(
            request.headers_mut(),
            parts.version,
            length,
            upgrade.map(Wanted::protocols),
            self.transport.wants_host().then_some(&self.origin.host),
        );
        Ok(request)
    }

    fn backward(
        &self,
        mut response: Response<Incoming>,
        mut carrier: Carrier,
        upgrade: Option<Wanted>,
        id: RequestId,
    ) -> Result<Response<ResponseBody>, Failure> {
        // The status line and framing are written anew by our own server.
        let version = std::mem::replace(response.version_mut(), Version::HTTP_11);
        let reason = if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            let joined = upgrade.and_then(|wanted| wanted.join(&mut response, self.settings.idle));
            joined.is_none().then_some("it switched protocols unasked")
        } else {
            let framed = down::clean(response.headers_mut());
            (!framed).then_some("its answer has an unknown transfer coding")
        };
        if let Some(reason) = reason {
            carrier.give_up();
            tracing::warn!(%id, upstream = self.settings.name, reason, "can't use the upstream's answer");
            return Err(Failure::Broken);
        }
        Ok(response.map(|body| {
            let body = Received::new(body, version);
            ResponseBody::upstream(body, carrier, self.settings.idle)
        }))
    }

    fn failed(&self, error: &transport::Error, failure: Failure, id: RequestId) -> Failure {
        let (name, code) = (&self.settings.name, failure.answer());
        let hint = connector::advice(error);
        let (code, error) = (code.code(), Chain(error));
        if failure.is_callers() {
            tracing::debug!(%id, upstream = name, code, %error, "the caller's request broke off");
        } else {
            tracing::warn!(%id, upstream = name, code, %error, hint, "no answer from the upstream");
        }
        failure
    }
}
