//! The proxy between raw sockets: what goes in on one side, and what comes out on the other.
#![cfg(feature = "proxy")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected has failed, and its helpers are part of it"
)]

mod access;
mod advisories;
mod body;
#[path = "../support/coder.rs"]
mod coder;
mod coding;
mod credential;
mod drain;
mod events;
mod failure;
mod forward;
mod http2;
mod limits;
mod overload;
mod reload;
mod rfc;
mod serve;
mod support;
mod tls;
mod trace;
mod upgrade;
