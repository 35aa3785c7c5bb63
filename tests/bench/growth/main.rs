//! What the cost of a request does not grow with, and what it grows with: measures, draws growth.svg and fails
//! where a shape is not what it must be. tests/bench/growth/run builds what it needs and says how it is used.
//!
//! `growth FILE`, with the programs PATCHWRIGHT and UPSTREAM in the environment for what idle connections cost;
//! without them that is left out.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool: stdout is how it answers"
)]

#[path = "../subjects/mod.rs"]
mod subjects;

mod drawing;
mod idle;
mod operations;
mod series;
mod stopwatch;

use std::process::ExitCode;

use series::Series;

fn main() -> ExitCode {
    let Some(file) = std::env::args().nth(1) else {
        eprintln!("growth FILE");
        return ExitCode::from(2);
    };
    let mut measured = Vec::new();
    for measure in [
        operations::bodies,
        operations::conversations,
        operations::partitions,
        operations::rules,
        operations::participants,
    ] {
        let series = measure();
        println!("{series}");
        measured.push(series);
    }
    match idle::connections() {
        Ok(Some(series)) => {
            println!("{series}");
            measured.push(series);
        }
        Ok(None) => println!("idle connections: left out, without PATCHWRIGHT and UPSTREAM"),
        Err(error) => {
            eprintln!("idle connections: {error}");
            return ExitCode::FAILURE;
        }
    }
    if let Err(error) = drawing::draw(&file, &measured) {
        eprintln!("{file}: {error}");
        return ExitCode::FAILURE;
    }
    let faults: Vec<String> = measured.iter().filter_map(Series::fault).collect();
    for fault in &faults {
        println!("NOT as it must be: {fault}");
    }
    if faults.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
