//! A world to test in: the simulator, the proxy in front of it, and callers.

mod binary;
mod caller;
#[path = "../support/peer.rs"]
mod peer;
mod recorder;
mod report;
mod world;

pub(crate) use binary::{Process, patchwright};
pub(crate) use caller::{Answer, Caller, Sending, agent, request};
pub(crate) use peer::{Listening, Peer, within};
pub(crate) use recorder::Recorder;
pub(crate) use report::Report;
pub(crate) use world::{World, proxy};
