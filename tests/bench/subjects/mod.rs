//! What is measured: bodies, conversations, rules and services of every size, the same in each run. Several
//! benchmarks include this folder.

#![allow(dead_code, reason = "not every benchmark needs every subject")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark whose subject can't be made ends"
)]

#[path = "../../support/answers.rs"]
pub(crate) mod answers;
pub(crate) mod bodies;
pub(crate) mod directories;
pub(crate) mod rules;
pub(crate) mod services;
