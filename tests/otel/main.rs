//! Traces as a collector gets them: OTLP over HTTP, decoded with the messages of the OpenTelemetry project.
#![cfg(feature = "otel")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected has failed, and its helpers are part of it"
)]

mod collector;
mod down;
#[path = "../support/peer.rs"]
mod peer;
mod spans;
mod world;
