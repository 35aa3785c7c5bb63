//! patchwright repairs participant PATCHes on their way to the Genesys Cloud API: a request that misses
//! what the API wants becomes the request that the caller meant.
//!
//! # Layout
//!
//! Data flows one way: `main → cli → config → server → proxy → layer → {rule, directory, repair} →
//! upstream`.
//!
//! - [`repair`]: the pure core. Scans a body, plans what is missing, splices it in.
//! - [`rule`]: which requests are repaired and where the current state is read, as data.
//! - [`snapshot`]: what was read of a conversation.
//! - [`directory`]: looks it up and, with the feature `cache`, remembers it.
//! - [`rate`] (feature `cache`): what lookups may use of a credential's rate.
//! - [`layer`]: [`RepairLayer`], the repair as a `tower` layer; begin here to embed it.
//! - [`answer`]: answers that patchwright makes itself.
//! - [`trace`]: W3C Trace Context, and what is recorded of a request.
//! - [`document`]: TOML with the place of every key.
//!
//! The rest is the program, behind the feature `proxy`; of it `access` says who may use it, and
//! `credential` what callers are given.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | none | the layer and the pure core |
//! | `cache` | the directory that remembers, on moka |
//! | `coding` | bodies in gzip, deflate, brotli and zstd are decoded for the repair; without it they pass as they came |
//! | `proxy` (default) | the program: server, client, TLS on both sides, command line, configuration, simulator |
//! | `otel` | the program exports traces to an OpenTelemetry collector (OTLP over HTTP) |

#[cfg(feature = "proxy")]
pub mod access;
#[cfg(feature = "proxy")]
pub mod admin;
pub mod answer;
mod boxed;
mod call;
#[cfg(feature = "proxy")]
pub mod certificates;
#[cfg(feature = "proxy")]
pub mod cli;
#[cfg(feature = "proxy")]
pub mod config;
#[cfg(feature = "proxy")]
pub mod credential;
#[cfg(feature = "proxy")]
mod departed;
pub mod directory;
pub mod document;
#[cfg(feature = "proxy")]
mod fields;
#[cfg_attr(
    not(any(feature = "proxy", test)),
    expect(dead_code, reason = "most of it is for what the program shows")
)]
mod harmless;
mod hex;
#[cfg(feature = "proxy")]
mod interim;
#[cfg(feature = "proxy")]
pub mod kept;
pub mod layer;
#[cfg(feature = "proxy")]
pub mod ledger;
#[cfg(feature = "proxy")]
pub mod live;
#[cfg(feature = "proxy")]
pub mod metrics;
#[cfg(feature = "proxy")]
pub mod observers;
#[cfg(feature = "otel")]
pub mod otlp;
#[cfg(feature = "proxy")]
mod pace;
#[cfg(feature = "proxy")]
pub mod peer;
#[cfg(feature = "proxy")]
mod progress;
#[cfg(feature = "proxy")]
pub mod proxy;
#[cfg(feature = "cache")]
pub mod rate;
#[cfg(feature = "proxy")]
pub mod received;
#[cfg(feature = "proxy")]
pub mod redis;
pub mod repair;
#[cfg(feature = "proxy")]
mod rfc3339;
pub mod rule;
#[cfg(feature = "proxy")]
pub mod server;
#[cfg(feature = "proxy")]
pub mod simulator;
pub mod snapshot;
#[cfg(feature = "proxy")]
pub mod tally;
#[cfg(feature = "proxy")]
pub mod telemetry;
pub mod trace;
#[cfg(feature = "proxy")]
pub mod upstream;
#[cfg(feature = "proxy")]
pub mod watch;
mod words;

pub use layer::RepairLayer;

/// Any error, where a body's own type is not known.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The README's Rust is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
