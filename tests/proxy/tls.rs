//! TLS on both sides.

mod clients;
mod listen;
mod mutual;
mod reload;
mod strangers;
pub(crate) mod support;
mod truncation;
mod upstream;
