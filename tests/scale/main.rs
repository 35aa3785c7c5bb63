//! The simulation of tests/bench/scale: its rule is that of the real directory, and the README shows what it
//! prints.
#![cfg(feature = "cache")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../bench/scale/draws.rs"]
mod draws;
mod laws;
#[path = "../bench/scale/reading.rs"]
mod reading;
mod real;
#[path = "../bench/scale/replica.rs"]
mod replica;
#[path = "../bench/scale/report.rs"]
mod report;
#[path = "../bench/scale/run.rs"]
mod run;
#[path = "../bench/scale/setup.rs"]
mod setup;
#[path = "../bench/scale/traffic.rs"]
mod traffic;

use report::Style;
use traffic::World;

#[test]
fn the_readme_shows_what_the_program_prints() {
    let readme = include_str!("../../README.md");
    let table = report::brief(&World::usual(), Style::Markdown);
    assert!(
        readme.contains(&table),
        "the README's table is now\n{table}"
    );
}

#[test]
fn the_sweep_has_every_combination_once() {
    let world = World {
        length: traffic::SECOND,
        conversations: 4,
        tokens: 2,
        ..World::usual()
    };
    let table = report::sweep(&world, Style::Text);
    let mut rows: Vec<String> = table.lines().skip(1).map(settings).collect();
    // 8 ages; 1 process by 2 partitions; 3 numbers of processes by 3 balancers, 2 partitions, 3 kinds of Redis.
    assert_eq!(rows.len(), 8 * (2 + 3 * 3 * 2 * 3));
    rows.sort();
    rows.dedup();
    assert_eq!(rows.len(), 448);
}

/// The first five columns.
fn settings(row: &str) -> String {
    row.split_whitespace().take(5).collect::<Vec<_>>().join(" ")
}
