//! `RepairLayer`: the repair as a `tower` middleware.

pub mod options;
pub mod record;
