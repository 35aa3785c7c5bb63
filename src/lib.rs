//! patchwright repairs participant PATCHes on their way to the Genesys Cloud API.

pub mod answer;
#[cfg(feature = "proxy")]
pub mod cli;
#[cfg(feature = "proxy")]
pub mod config;
pub mod directory;
pub mod document;
pub mod layer;
pub mod repair;
pub mod rule;
#[cfg(feature = "proxy")]
pub mod simulator;
pub mod snapshot;

pub use layer::RepairLayer;
