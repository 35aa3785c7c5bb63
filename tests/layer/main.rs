//! The layer around services in memory: no sockets, no sleeping.
#![cfg(feature = "cache")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod bodies;
mod coherence;
mod fake;
mod lookup;
mod modes;
mod passing;
mod resend;
