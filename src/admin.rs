//! The operators' listener: health, metrics, configuration, recent repairs, and a page for people. It is
//! never proxied, and it has a listener of its own, so that nothing a caller sends can reach it.

mod accept;
mod events;
mod figures;
mod host;
mod log;
mod page;
mod recent;
mod reply;

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body::Body as _;
use tokio::sync::watch;
use tower_service::Service;

use self::events::Streams;
pub use self::figures::Figures;
pub use self::recent::Recent;
pub use self::reply::Content as Body;
use self::reply::{JSON, Reply, TEXT, guard, not_allowed, ok, refusal, unknown, whole};
use crate::BoxError;
use crate::metrics::Metrics;
use crate::server::Settings;
use crate::telemetry::Switch;

/// The version is part of Prometheus' text format.
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

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
    /// For `/repairs`, and the page.
    pub recent: Recent,
    /// For `/figures`, and the page.
    pub figures: Figures,
    /// For `/config`: the configuration in force, with nothing secret in it.
    pub config: Box<dyn Fn() -> String + Send + Sync>,
    /// For `/report`, and the page: a JSON text.
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
    streams: Streams,
}

/// Whether requests are welcome. Clones share it; it starts as no.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<watch::Sender<bool>>);

impl Readiness {
    /// Says so.
    pub fn set(&self, ready: bool) {
        self.0.send_replace(ready);
    }

    /// Whether requests are welcome.
    pub fn get(&self) -> bool {
        *self.0.borrow()
    }

    /// Ends when they are not.
    async fn lost(&self) {
        let mut ready = self.0.subscribe();
        // An error would mean that nobody can ever set it, and this is somebody who could.
        let _ = ready.wait_for(|ready| !ready).await;
    }
}

impl Admin {
    /// Shows `content`, and `ready` as it is when asked.
    pub fn new(content: Content, ready: Readiness) -> Self {
        Self {
            content: Arc::new(content),
            ready,
            streams: Streams::default(),
        }
    }

    fn answer<B>(&self, request: &Request<B>) -> Reply {
        match (request.uri().path(), request.method()) {
            ("/cache", &Method::DELETE) => {
                (self.content.forget)();
                let mut response = Reply::new(Body::from(Bytes::new()));
                *response.status_mut() = StatusCode::NO_CONTENT;
                response
            }
            ("/cache", _) => not_allowed("DELETE"),
            // A stream has no length that HEAD could tell, and takes a place.
            ("/events", &Method::GET) => {
                let Content {
                    recent, figures, ..
                } = &*self.content;
                self.streams
                    .open(request.headers(), (recent, figures, &self.ready))
            }
            ("/events", _) => not_allowed("GET"),
            (_, &Method::GET | &Method::HEAD) => self.show(request),
            _ if self.show(request).status() != StatusCode::NOT_FOUND => not_allowed("GET, HEAD"),
            _ => unknown(),
        }
    }

    /// What is read.
    fn show<B>(&self, request: &Request<B>) -> Reply {
        match request.uri().path() {
            "/" => page::index(request.headers()),
            "/healthz" => ok(TEXT, "ok\n"),
            "/readyz" if self.ready.get() => ok(TEXT, "ready\n"),
            "/readyz" => whole(StatusCode::SERVICE_UNAVAILABLE, TEXT, "draining\n"),
            "/metrics" => ok(PROMETHEUS, self.content.metrics.render()),
            "/config" => ok(TEXT, (self.content.config)()),
            "/repairs" => ok(JSON, self.content.recent.to_json()),
            "/report" => ok(JSON, (self.content.report)()),
            "/figures" => ok(JSON, self.content.figures.to_json()),
            path => page::file(path).unwrap_or_else(unknown),
        }
    }
}

/// What a web page of somebody else's gets, be it under a name of its own or another's.
fn refuse<B>(request: &Request<B>) -> Option<Reply> {
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

/// hyper drops the content of an answer to HEAD on HTTP/1.1 only.
fn without_content(response: Reply) -> Reply {
    let length = response.body().size_hint().exact().unwrap_or_default();
    let mut response = response.map(|_| Body::from(Bytes::new()));
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}

impl<B> Service<Request<B>> for Admin
where
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Reply;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let is_head = request.method() == Method::HEAD;
            let mut response = match refuse(&request) {
                Some(refusal) => refusal,
                None if request.uri().path() == "/log" => {
                    log::answer(this.content.log.clone(), request).await
                }
                None => this.answer(&request),
            };
            guard(&mut response);
            Ok(if is_head {
                without_content(response)
            } else {
                response
            })
        })
    }
}

#[cfg(test)]
mod tests;
