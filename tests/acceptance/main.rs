//! What patchwright promises, end to end: the real proxy in front of the strict simulator (or of an
//! upstream that records bytes), over real sockets.
#![cfg(feature = "proxy")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that meets the unexpected has failed, and its helpers are part of it"
)]

mod bursts;
mod bytes;
mod clients;
mod corpus;
mod drift;
mod explain;
mod explain_inputs;
mod explain_official;
mod forum;
mod laws;
mod log;
mod modes;
mod official;
mod official_laws;
mod operate;
mod outage;
mod rates;
mod reload;
mod report;
mod routes;
mod secrets;
mod support;
mod tenants;
mod watching;
