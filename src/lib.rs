//! patchwright repairs participant PATCHes on their way to the Genesys Cloud API.

pub mod answer;
#[cfg(feature = "proxy")]
pub mod config;
pub mod directory;
pub mod layer;
pub mod repair;
pub mod rule;
pub mod snapshot;

pub use layer::RepairLayer;
