//! A configuration that takes the place of another while requests come.

mod connections;
mod file;
mod refused;
mod requests;
mod support;
