//! TLS on both sides.

mod clients;
mod listen;
mod mutual;
mod reload;
mod strangers;
mod support;
mod truncation;
mod upstream;
