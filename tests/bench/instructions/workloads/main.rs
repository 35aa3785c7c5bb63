//! Work whose instructions are counted: `workloads NAME TIMES` does it so many times, on one thread and the same
//! in each run. tests/bench/instructions/run counts two runs, whose difference is what further times cost.
//! Without arguments it says which there are.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool: stdout is how it says what there is"
)]

#[path = "../../subjects/mod.rs"]
mod subjects;

mod work;

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (name, times) = match words.as_slice() {
        [] => {
            for (name, _) in work::ALL {
                println!("{name}");
            }
            return ExitCode::SUCCESS;
        }
        [name, times] => (name, times.parse().unwrap_or_default()),
        [name, ..] => (name, 0),
    };
    match work::ALL.iter().find(|(known, _)| known == name) {
        Some((_, work)) if times > 0 => {
            work(times);
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("workloads NAME TIMES");
            ExitCode::from(2)
        }
    }
}
