//! Callers for the comparison, on one thread: HTTP/1.1 on connections that are kept, each sending its next
//! request when the last was answered, or all together a fixed number a second.
//!
//! `load ADDRESS KIND`, where KIND is
//!
//! * `read`: GETs of conversations
//! * `whole`: PATCHes that lack nothing
//! * `gap`: PATCHes that lack `state` and `routing`
//! * `fetch`: a GET and then a whole PATCH, as an application does that repairs for itself; timed and counted as
//!   one
//!
//! `--connections N` (32), `--seconds S` (1) and `--requests N` (no bound), whichever comes first; `--rate N`
//! requests a second, whose times count from when they were due, so that a stall is not passed over; of
//! `--conversations N` (100), the first of which is number `--first N` (0), drawn with `--skew Z` (0: each in
//! turn; 1: Zipf).
//!
//! One line of JSON: what was answered, and how long it took in microseconds.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool: stdout is how it answers"
)]

mod answer;
mod connection;
mod order;
mod report;
mod requests;
mod run;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::str::FromStr;

use order::Order;
use requests::Kind;
use run::Load;

fn main() -> ExitCode {
    let outcome = arguments(std::env::args().skip(1))
        .and_then(|load| run::run(&load).map_err(|error| error.to_string()));
    match outcome {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("{problem}; the head of tests/bench/compare/load/main.rs says what there is");
            ExitCode::from(2)
        }
    }
}

fn arguments(mut words: impl Iterator<Item = String>) -> Result<Load, String> {
    let address: SocketAddr = parse("ADDRESS", words.next())?;
    let kind: Kind = parse("KIND", words.next())?;
    let (mut conversations, mut first, mut skew) = (100, 0, 0.0);
    let mut load = Load {
        address,
        kind,
        connections: 32,
        seconds: 1.0,
        requests: u64::MAX,
        rate: None,
        order: Order::new(conversations, first, skew),
    };
    while let Some(flag) = words.next() {
        let value = words.next();
        match flag.as_str() {
            "--connections" => load.connections = parse(&flag, value)?,
            "--seconds" => load.seconds = parse(&flag, value)?,
            "--requests" => load.requests = parse(&flag, value)?,
            "--rate" => load.rate = Some(parse(&flag, value)?),
            "--conversations" => conversations = parse(&flag, value)?,
            "--first" => first = parse(&flag, value)?,
            "--skew" => skew = parse(&flag, value)?,
            _ => return Err(format!("{flag} is no argument")),
        }
    }
    if load.connections == 0 || conversations == 0 {
        return Err("connections and conversations are 1 at least".to_owned());
    }
    load.order = Order::new(conversations, first, skew);
    Ok(load)
}

fn parse<T: FromStr>(name: &str, word: Option<String>) -> Result<T, String> {
    let parsed = word.as_deref().and_then(|word| word.parse().ok());
    parsed.ok_or_else(|| format!("{name} {} can't be used", word.unwrap_or_default()))
}
