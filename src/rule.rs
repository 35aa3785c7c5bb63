//! Rules and sources as data: what is repaired, and where the current state is read.

pub mod spec;
