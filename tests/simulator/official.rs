//! The published API: what it takes, what it refuses, and what it really does.

mod attributes;
mod clients;
mod commands;
mod endpoints;
mod laws;
mod rows;
mod states;
mod support;
mod traps;
