//! Chaos: the released program between callers of all kinds and an upstream behind a hostile network.
//!
//! Every PATCH carries a marker that the simulator's list of effects shows again. From what its caller was
//! told follows how often it may have been carried out: an answer of success, exactly once; a refusal,
//! never; no answer, at most once. Nothing else may ever have been done, no answer may belong to another
//! request, every request must come to an end, and when the storm is over everything must be as before:
//! requests succeed, and memory, descriptors and threads are what they were.
//!
//! ```text
//! PATCHWRIGHT=target/release/patchwright cargo run --example chaos -- --seconds 600 --seed 7
//! ```
//!
//! The seed repeats what is drawn, by task; what tasks do to each other is left to the clock. VERBOSE=1
//! shows what the proxy logs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    reason = "a check that meets the unexpected has failed, and what it prints is its result"
)]

mod callers;
mod echo;
mod judge;
mod ledger;
mod process;
mod relay;
mod report;
mod rng;
mod run;
mod shared;
mod steer;
mod wire;
mod world;

use std::process::ExitCode;

use clap::Parser;

/// Mixed load through the released program, with faults all the time.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// How long faults happen.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(5..))]
    seconds: u64,
    /// Repeats a run; drawn and printed when absent.
    #[arg(long)]
    seed: Option<u64>,
    /// Callers at a time.
    #[arg(long, default_value_t = 64)]
    callers: usize,
    /// Fewest requests that count as a pass.
    #[arg(long, default_value_t = 0)]
    requests: u64,
    /// The program under test; $PATCHWRIGHT when absent.
    #[arg(long)]
    program: Option<String>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let program = args
        .program
        .clone()
        .or_else(|| std::env::var("PATCHWRIGHT").ok());
    let program = program.expect("--program or PATCHWRIGHT says what to test");
    let seed = args.seed.unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        u64::from(now.unwrap().subsec_nanos()) ^ u64::from(std::process::id()) << 32
    });
    println!("seed {seed}");
    // One thread: the cores are the proxy's and the simulator's.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let passed = runtime.block_on(run::run(&args, &program, seed));
    println!("{} (seed {seed})", if passed { "PASSED" } else { "FAILED" });
    if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
