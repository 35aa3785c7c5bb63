//! patchwright repairs participant PATCHes on their way to the Genesys Cloud API.

pub mod answer;
pub mod layer;
pub mod rule;

#[cfg(feature = "proxy")]
pub mod admin;
#[cfg(feature = "proxy")]
pub mod cli;
#[cfg(feature = "proxy")]
pub mod config;
#[cfg(feature = "proxy")]
pub mod metrics;
#[cfg(feature = "proxy")]
pub mod observers;
#[cfg(feature = "proxy")]
mod progress;
#[cfg(feature = "proxy")]
pub mod proxy;
#[cfg(feature = "proxy")]
pub mod server;
#[cfg(feature = "proxy")]
pub mod telemetry;
#[cfg(feature = "proxy")]
pub mod upstream;

/// Any error, boxed: what tower middleware and HTTP bodies fail with.
#[cfg(feature = "proxy")]
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;
