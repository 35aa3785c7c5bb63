//! The simulator over a real socket.
#![cfg(feature = "proxy")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod access;
mod control;
mod demands;
mod faults;
mod official;
mod shapes;
mod support;
