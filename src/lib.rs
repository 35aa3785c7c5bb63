//! patchwright repairs participant PATCHes on their way to the Genesys Cloud API.

pub mod answer;
pub mod document;
pub mod layer;
pub mod repair;
pub mod rule;
pub mod snapshot;

#[cfg(feature = "proxy")]
pub mod cli;
#[cfg(feature = "proxy")]
pub mod config;
