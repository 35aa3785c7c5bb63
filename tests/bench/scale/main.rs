//! How many processes, with Redis or without, and what `max_age`? A simulation in simulated time: callers that
//! PATCH attributes in bursts, conversations whose state changes through the gateway and past it, and the rule
//! by which patchwright remembers, looks up and forgets. tests/scale holds the model against the real code.
//!
//! ```sh
//! cargo run --release --example scale                 # every combination
//! cargo run --release --example scale -- --brief      # those that a decision is about
//! ```
//!
//! `--markdown` for a table of that kind, `--seed N` for other chances, and what the world is like:
//! `--minutes N`, `--tokens N`, `--conversations N`, `--tokens-each N` (that write to one conversation),
//! `--skew N` (0 even … 2 Zipf), `--changes N` (seconds between two of a conversation), `--through PERCENT` (of
//! those, through the gateway), `--latency MS` (to the upstream or back), `--refused PERCENT` (of stale fills).
//!
//! Columns: lookups for each PATCH · share of fills that were not the state any more when they reached the
//! upstream; the busiest token's lookups as a share of its 300 requests a minute; how often Redis is asked or told in a second.
#![allow(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool: what it can't do ends it, and stdout is how it answers"
)]

mod draws;
mod reading;
mod replica;
mod report;
mod run;
mod setup;
mod traffic;

use std::process::ExitCode;
use std::str::FromStr;

use report::Style;
use traffic::{MS, SECOND, World};

fn main() -> ExitCode {
    match arguments(std::env::args().skip(1)) {
        Ok((world, style, all)) => {
            let report = if all { report::sweep } else { report::brief };
            print!("{}", report(&world, style));
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("{problem}; the head of tests/bench/scale/main.rs says what there is");
            ExitCode::from(2)
        }
    }
}

/// The world, how the table is written, and whether it has every combination.
fn arguments(mut words: impl Iterator<Item = String>) -> Result<(World, Style, bool), String> {
    let mut world = World::usual();
    let (mut style, mut all) = (Style::Text, true);
    while let Some(flag) = words.next() {
        match flag.as_str() {
            "--markdown" => style = Style::Markdown,
            "--brief" => all = false,
            "--seed" => world.seed = number(&flag, words.next())?,
            "--minutes" => world.length = 60 * SECOND * number::<u64>(&flag, words.next())?,
            "--tokens" => world.tokens = number(&flag, words.next())?,
            "--conversations" => world.conversations = number(&flag, words.next())?,
            "--tokens-each" => world.tokens_each = number(&flag, words.next())?,
            "--skew" => world.skew = number(&flag, words.next())?,
            "--changes" => world.between_changes = SECOND * number::<u64>(&flag, words.next())?,
            "--through" => world.through = number(&flag, words.next())?,
            "--latency" => world.one_way = MS * number::<u64>(&flag, words.next())?,
            "--refused" => world.refused = number(&flag, words.next())?,
            _ => return Err(format!("{flag} is no argument")),
        }
    }
    let least = [world.tokens, world.conversations, world.tokens_each];
    if least.contains(&0) || world.length == 0 || world.between_changes == 0 {
        return Err("tokens, conversations and times are 1 at least".to_owned());
    }
    Ok((world, style, all))
}

fn number<N: FromStr>(flag: &str, word: Option<String>) -> Result<N, String> {
    let number = word.and_then(|word| word.parse().ok());
    number.ok_or_else(|| format!("{flag} needs a number"))
}
