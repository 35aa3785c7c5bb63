//! The proxy between raw sockets: what goes in on one side, and what comes out on the other.

mod body;
mod drain;
mod failure;
mod forward;
mod http2;
mod limits;
mod malformed;
mod support;
mod tls;
mod upgrade;
