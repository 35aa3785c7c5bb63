//! TLS on both sides.

mod listen;
mod mutual;
mod reload;
mod strangers;
mod support;
mod truncation;
mod upstream;
