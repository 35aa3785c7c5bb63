//! Both ends of the proxy as raw sockets, so that tests see bytes and decide when they move.

mod gateway;
#[path = "../support/peer.rs"]
mod peer;

pub(crate) use gateway::{Gateway, Running};
pub(crate) use peer::{Head, Listening, Peer, within};
