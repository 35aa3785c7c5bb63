//! `RepairLayer`: the repair as a `tower` middleware.

pub mod options;
pub mod record;

/// Any error, where a body's own type is not known.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
