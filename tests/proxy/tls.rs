//! TLS on both sides.

mod listen;
mod mutual;
mod reload;
mod support;
mod truncation;
mod upstream;
