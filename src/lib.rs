//! patchwright repairs participant PATCHes on their way to the Genesys Cloud API.

#[cfg(feature = "proxy")]
pub mod admin;
pub mod answer;
#[cfg(feature = "proxy")]
pub mod cli;
#[cfg(feature = "proxy")]
pub mod config;
pub mod directory;
pub mod document;
pub mod layer;
#[cfg(feature = "proxy")]
pub mod metrics;
#[cfg(feature = "proxy")]
pub mod observers;
#[cfg(feature = "proxy")]
mod progress;
#[cfg(feature = "proxy")]
pub mod proxy;
pub mod repair;
pub mod rule;
#[cfg(feature = "proxy")]
pub mod server;
#[cfg(feature = "proxy")]
pub mod simulator;
pub mod snapshot;
#[cfg(feature = "proxy")]
pub mod telemetry;
#[cfg(feature = "proxy")]
pub mod upstream;

pub use layer::RepairLayer;

/// Any error, where a body's own type is not known.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
