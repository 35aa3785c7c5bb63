//! `RepairLayer`: the repair as a `tower` middleware.
//!
//! It wraps any `Service<Request<B>>`: a hyper-util client, an axum app, a mock. A request that no rule
//! matches goes through as it is, without a buffer, a box or a lookup. HTTP failures are responses; the
//! layer adds no error of its own.
//!
//! # Example
//!
//! An axum app in front of the API, whose callers send attributes alone:
//!
//! ```
//! use std::sync::Arc;
//!
//! use axum::{Router, body::Body, routing::any};
//! use http::Request;
//! use patchwright::RepairLayer;
//! use patchwright::directory::{Uncached, fetch::FetchLimits};
//! use patchwright::layer::options::Options;
//! use patchwright::rule::Rules;
//! use tower::{ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! // Where lookups go. In a program: a hyper-util client.
//! let api = service_fn(|lookup: Request<http_body_util::Empty<bytes::Bytes>>| async move {
//!     assert_eq!(lookup.uri(), "/api/v2/conversations/c1");
//!     assert_eq!(lookup.headers()["authorization"], "Bearer token");
//!     let conversation = r#"{"participants":[{"id":"p1","calls":[{"state":"connected"}],"queueId":"q1"}]}"#;
//!     Ok::<_, std::convert::Infallible>(http::Response::new(conversation.to_owned()))
//! });
//! let directory = Uncached::new(api, FetchLimits::default());
//! let rules = Arc::new(Rules::strict());
//! let repair = RepairLayer::new(rules, directory, Options::default(), ());
//!
//! let upstream = any(|body: String| async { body });
//! let app = Router::new().fallback(upstream).layer(repair);
//!
//! let request = Request::patch("/api/v2/conversations/c1/participants/p1")
//!     .header("authorization", "Bearer token")
//!     .body(Body::from(r#"{"attributes":{"note":"test"}}"#))
//!     .unwrap();
//! let response = app.oneshot(request).await.unwrap();
//! assert!(response.headers()["patchwright"].to_str().unwrap().contains("outcome=repaired"));
//! let sent = axum::body::to_bytes(response.into_body(), 1024).await.unwrap();
//! assert_eq!(sent, r#"{"state":"connected","routing":{"queue":{"id":"q1"}},"attributes":{"note":"test"}}"#);
//! # }
//! ```

use std::sync::Arc;

use tower_layer::Layer;

pub mod body;
pub mod budget;
pub(crate) mod decode;
mod demand;
mod exchange;
mod future;
pub mod options;
pub mod record;
// Not a part of the API: public so that the laws in tests/fuzz can be stated of it.
#[doc(hidden)]
pub mod report;
mod service;
mod write;

pub use future::ResponseFuture;
pub use report::PATCHWRIGHT;
pub use service::Repair;
#[cfg(feature = "proxy")]
pub(crate) use service::credential;

use demand::Demands;
use options::Options;
use record::Observer;

pub use crate::BoxError;
use crate::rule::Rules;

/// Repairs the requests of the service that it wraps. See the [module docs](self).
#[derive(Debug)]
pub struct RepairLayer<D> {
    shared: Arc<Shared<D>>,
}

struct Shared<D> {
    rules: Arc<Rules>,
    directory: D,
    options: Options,
    demands: Arc<Demands>,
    observer: Box<dyn Observer>,
}

impl<D> RepairLayer<D> {
    /// Repairs by `rules` with what `directory` knows. `observer` is told of every matched request;
    /// `()` observes nothing.
    pub fn new(rules: Arc<Rules>, directory: D, options: Options, observer: impl Observer) -> Self {
        let learned = Learned::nothing(&rules);
        Self::remembering(rules, directory, options, observer, learned)
    }

    /// As [`new`](Self::new), with what another layer with the same rules has learned, or is to learn.
    pub fn remembering(
        rules: Arc<Rules>,
        directory: D,
        options: Options,
        observer: impl Observer,
        Learned(demands): Learned,
    ) -> Self {
        let observer = Box::new(observer);
        Self {
            shared: Arc::new(Shared {
                rules,
                directory,
                options,
                demands,
                observer,
            }),
        }
    }
}

/// What the upstream's rejections have taught of rules with `timing = "on-reject"`. Clones share it; it is
/// of use only to layers with the rules that it was made for.
#[derive(Clone, Debug)]
pub struct Learned(Arc<Demands>);

impl Learned {
    /// Nothing yet.
    pub fn nothing(rules: &Rules) -> Self {
        Self(Arc::new(Demands::new(rules)))
    }
}

impl<D> Clone for RepairLayer<D> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<S, D> Layer<S> for RepairLayer<D> {
    type Service = Repair<S, D>;

    fn layer(&self, inner: S) -> Repair<S, D> {
        Repair::new(inner, Arc::clone(&self.shared))
    }
}

impl<D: std::fmt::Debug> std::fmt::Debug for Shared<D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("directory", &self.directory)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
