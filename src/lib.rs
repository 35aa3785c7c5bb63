//! patchwright repairs participant PATCHes on their way to the Genesys Cloud API.

pub mod answer;
pub mod layer;
pub mod rule;

#[cfg(feature = "proxy")]
pub mod config;

#[cfg(feature = "proxy")]
pub mod cli;
#[cfg(feature = "proxy")]
pub mod simulator;
