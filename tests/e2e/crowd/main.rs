//! Callers in great number, for the end-to-end checks: good ones whose answers are timed, and a crowd that
//! only holds connections.
//!
//! `crowd PROXY` reads commands from stdin and answers each with one line of JSON:
//!
//! * `good N`: eight callers send N requests at a fixed rate, on connections that they keep; how long
//!   the answers took, in microseconds.
//! * `gather IDLE HEADS BODIES READERS`: begins to connect so many that are idle (half of them after one
//!   request), that send a head or the body of a PATCH at a byte per second, and that read `/large` at a
//!   byte per second.
//! * `gathered`: waits until all have connected.
//! * `held`: how many of those that would notice have not been closed by the proxy.
//! * `leave`: all of the crowd hang up.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a tool of the checks: what it can't do ends the check, and stdout is how it answers"
)]

mod good;
mod members;

use std::io::BufRead as _;
use std::net::SocketAddr;

use members::{Crowd, Numbers};

#[tokio::main]
async fn main() {
    let proxy: SocketAddr = std::env::args().nth(1).unwrap().parse().unwrap();
    let mut crowd = Crowd::new(proxy);
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let mut words = line.split_whitespace();
        let command = words.next().unwrap_or_default();
        let numbers: Vec<usize> = words.map(|word| word.parse().unwrap()).collect();
        let answer = match command {
            "good" => good::measure(proxy, numbers[0]).await,
            "gather" => crowd.gather(&Numbers {
                idle: numbers[0],
                heads: numbers[1],
                bodies: numbers[2],
                readers: numbers[3],
            }),
            "gathered" => crowd.gathered().await,
            "held" => crowd.held(),
            "leave" => crowd.leave().await,
            other => format!(r#"{{"unknown":"{other}"}}"#),
        };
        println!("{answer}");
    }
}

/// What to read, and what to PATCH so that the proxy repairs it, of the 64 conversations that the simulator
/// generates. It counts them from 1.
fn paths(number: usize) -> (String, String) {
    let n = number % 64 + 1;
    let conversation = format!("/api/v2/conversations/9e4e0000-0000-4000-8000-{n:012}");
    let participant = format!("{conversation}/participants/9e4e0000-0000-4000-9002-{n:012}");
    (conversation, participant)
}
