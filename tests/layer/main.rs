//! The layer around services in memory: no sockets, no sleeping.
#![cfg(feature = "cache")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod bodies;
mod charset;
#[cfg(feature = "coding")]
#[path = "../support/coder.rs"]
mod coder;
#[cfg(feature = "coding")]
mod coding;
mod coherence;
mod crowded;
mod fake;
#[cfg(feature = "coding")]
mod learning;
mod lookup;
mod modes;
mod official;
mod passing;
mod resend;
mod told;
mod verdicts;
