//! The operators' listener: health, metrics, configuration, recent repairs. It is never proxied, and it
//! has a listener of its own, so that nothing a caller sends can reach it.

mod host;
mod log;
mod recent;

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::Body;
use http_body_util::Full;
use tower_service::Service;

pub use self::recent::Recent;
use crate::BoxError;
use crate::answer::{Answer, RequestId};
use crate::metrics::Metrics;
use crate::server::Settings;
use crate::telemetry::Switch;

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";
/// The version is part of Prometheus' text format.
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

const INDEX: &str = "\
patchwright admin

GET    /healthz  the process is up
GET    /readyz   it takes requests (503 while draining)
GET    /metrics  counters, in Prometheus' text format
GET    /config   the configuration in effect, secrets hidden
GET    /repairs  the last requests that a rule matched, as JSON
GET    /report   who still sends which broken calls, and what observing has shown, as JSON
DELETE /cache    forget everything that was looked up
GET    /log      which lines are logged
PUT    /log      log others: the body is a level, or a filter such as info,patchwright::directory=debug
DELETE /log      log what the process was started with
";

/// Open connections of operators. One more closes the longest idle one.
pub const CONNECTIONS: usize = 32;

/// Bounds of the admin listener: small, for a few people and a scraper, and nobody may hold a place.
pub fn settings(drain: Duration) -> Settings {
    Settings {
        connections: CONNECTIONS,
        header_bytes: 8 << 10,
        header_read: Duration::from_secs(5),
        idle: Duration::from_secs(30),
        drain,
        // What is counted is the proxy's.
        metrics: None,
        ..Settings::default()
    }
}

/// What the admin listener shows and does.
pub struct Content {
    /// For `/metrics`.
    pub metrics: Metrics,
    /// For `/repairs`.
    pub recent: Recent,
    /// For `/config`: the configuration in force, with nothing secret in it.
    pub config: Box<dyn Fn() -> String + Send + Sync>,
    /// For `/report`: a JSON text.
    pub report: Box<dyn Fn() -> String + Send + Sync>,
    /// For `DELETE /cache`.
    pub forget: Box<dyn Fn() + Send + Sync>,
    /// For `/log`; without one there is no such page.
    pub log: Option<Switch>,
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content").finish_non_exhaustive()
    }
}

/// The admin listener's service. Clones share everything.
#[derive(Clone, Debug)]
pub struct Admin {
    content: Arc<Content>,
    ready: Readiness,
}

/// Whether requests are welcome. Clones share it; it starts as no.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// Says so.
    pub fn set(&self, ready: bool) {
        self.0.store(ready, Ordering::Release);
    }

    /// Whether requests are welcome.
    pub fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Admin {
    /// Shows `content`, and `ready` as it is when asked.
    pub fn new(content: Content, ready: Readiness) -> Self {
        Self {
            content: Arc::new(content),
            ready,
        }
    }

    fn answer<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        let method = request.method();
        match (request.uri().path(), method) {
            ("/cache", &Method::DELETE) => {
                (self.content.forget)();
                let mut response = Response::new(Full::default());
                *response.status_mut() = StatusCode::NO_CONTENT;
                response
            }
            ("/cache", _) => not_allowed("DELETE"),
            (path, &Method::GET | &Method::HEAD) => self.page(path),
            (path, _) if self.page(path).status() != StatusCode::NOT_FOUND => {
                not_allowed("GET, HEAD")
            }
            _ => unknown(),
        }
    }

    fn page(&self, path: &str) -> Response<Full<Bytes>> {
        match path {
            "/" => page(StatusCode::OK, TEXT, INDEX),
            "/healthz" => page(StatusCode::OK, TEXT, "ok\n"),
            "/readyz" if self.ready.get() => page(StatusCode::OK, TEXT, "ready\n"),
            "/readyz" => page(StatusCode::SERVICE_UNAVAILABLE, TEXT, "draining\n"),
            "/metrics" => page(StatusCode::OK, PROMETHEUS, self.content.metrics.render()),
            "/config" => page(StatusCode::OK, TEXT, (self.content.config)()),
            "/report" => page(StatusCode::OK, JSON, (self.content.report)()),
            "/repairs" => page(StatusCode::OK, JSON, self.content.recent.to_json()),
            _ => unknown(),
        }
    }
}

/// What a web page of somebody else's gets, be it under a name of its own or another's.
fn refuse<B>(request: &Request<B>) -> Option<Response<Full<Bytes>>> {
    if !host::is_trusted(request.uri(), request.headers()) {
        return Some(refusal(
            StatusCode::MISDIRECTED_REQUEST,
            "patchwright.admin.host",
            "ask under an IP address, localhost or a name without dots",
        ));
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if !reads && !host::is_own_page(request.uri(), request.headers()) {
        return Some(refusal(
            StatusCode::FORBIDDEN,
            "patchwright.admin.origin",
            "pages from elsewhere can change nothing here",
        ));
    }
    None
}

fn page(
    status: StatusCode,
    content_type: &'static str,
    text: impl Into<Bytes>,
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn refusal(status: StatusCode, code: &'static str, message: &str) -> Response<Full<Bytes>> {
    Answer::new(status, code, message).into_response(RequestId::next())
}

fn unknown() -> Response<Full<Bytes>> {
    refusal(
        StatusCode::NOT_FOUND,
        "patchwright.admin.unknown",
        "no such page; / lists them",
    )
}

fn not_allowed(allow: &'static str) -> Response<Full<Bytes>> {
    let mut response = refusal(
        StatusCode::METHOD_NOT_ALLOWED,
        "patchwright.method.not.allowed",
        "the Allow field says what can be done here",
    );
    response
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static(allow));
    response
}

impl<B> Service<Request<B>> for Admin
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let is_head = request.method() == Method::HEAD;
            let response = match refuse(&request) {
                Some(refusal) => refusal,
                None if request.uri().path() == "/log" => {
                    log::answer(this.content.log.clone(), request).await
                }
                None => this.answer(&request),
            };
            Ok(if is_head {
                without_content(response)
            } else {
                response
            })
        })
    }
}

/// hyper drops the content of an answer to HEAD on HTTP/1.1 only.
fn without_content(response: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
    let length = response.body().size_hint().exact().unwrap_or_default();
    let mut response = response.map(|_| Full::default());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}

#[cfg(test)]
mod tests;
