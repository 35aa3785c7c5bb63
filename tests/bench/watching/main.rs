//! What does it cost to be watched? The same proxy twice, each in a process of its own: once as it is in
//! production, with metrics, a record of each request, the log at `info` into a file, and the admin page open
//! and scraped; and once with all of that off. Requests go to the one and the other in turn, and what is compared is
//! the CPU time that the two processes used.
//!
//! ```sh
//! cargo run --release --example watching -- --most 5                     # medians of all rounds
//! cargo run --release --example watching -- --instructions --most 8      # counted by valgrind, which repeats
//! ```
//!
//! There are as many workers as cores.
//!
//! `--rounds N` (of each kind), `--requests N` (in each round), `--connections N`; `--most PERCENT` ends with
//! exit code 1 if watching any kind costs more than that. Counted in instructions the share is larger than in
//! time: what the system does for a request, which is most of it, is in the time alone.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool: what it can't do ends it, and stdout is how it answers"
)]

mod callers;
mod instructions;
mod page;
mod proxies;
mod rounds;
mod served;
mod upstream;

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// As the program has it.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// What is measured, and how long.
#[derive(Clone, Copy, Debug)]
struct Plan {
    rounds: usize,
    requests: usize,
    connections: usize,
    most: f64,
}

/// What one kind of request costs in the two processes.
#[derive(Clone, Copy, Debug)]
struct Cost {
    off: f64,
    on: f64,
}

impl Cost {
    /// What watching adds, in percent of what there is without.
    fn share(self) -> f64 {
        (self.on / self.off - 1.0) * 100.0
    }
}

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args().skip(1).collect();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    match *words {
        ["serve", kind, upstream] => {
            served::run(kind == "on", upstream);
            return ExitCode::SUCCESS;
        }
        ["upstream"] => {
            upstream::run();
            return ExitCode::SUCCESS;
        }
        _ => {}
    }
    let mut plan = Plan {
        rounds: 15,
        requests: 8000,
        connections: 4,
        most: f64::INFINITY,
    };
    let mut counting = false;
    let mut words = words.into_iter();
    while let Some(flag) = words.next() {
        let mut number = || words.next().and_then(|word| word.parse::<usize>().ok());
        let known = match flag {
            "--instructions" => {
                counting = true;
                Some(())
            }
            "--rounds" => number().map(|number| plan.rounds = number),
            "--requests" => number().map(|number| plan.requests = number),
            "--connections" => number().map(|number| plan.connections = number),
            "--most" => words
                .next()
                .and_then(|word| word.parse::<f64>().ok())
                .filter(|most| most.is_finite())
                .map(|most| plan.most = most),
            _ => None,
        };
        if known.is_none() {
            eprintln!("{flag}: the head of tests/bench/watching/main.rs says what there is");
            return ExitCode::from(2);
        }
    }
    let (unit, costs) = if counting {
        ("instructions", instructions::count())
    } else {
        ("µs of CPU", rounds::measure(plan))
    };
    println!(
        "{:16} {:>10} {:>10} {:>10} {:>8}   {unit} per request",
        "", "off", "on", "added", "of it"
    );
    for (kind, cost) in &costs {
        let (Cost { off, on }, share) = (cost, cost.share());
        let added = on - off;
        println!(
            "{:16} {off:10.1} {on:10.1} {added:10.1} {share:7.1}%",
            kind.name()
        );
    }
    // What is no number is no cost that was measured.
    let cheap = |cost: &Cost| cost.share().is_finite() && cost.share() <= plan.most;
    let mut all = !costs.is_empty();
    for (kind, _) in costs.iter().filter(|(_, cost)| !cheap(cost)) {
        eprintln!(
            "{}: more than {} % for being watched",
            kind.name(),
            plan.most
        );
        all = false;
    }
    ExitCode::from(u8::from(!all))
}
