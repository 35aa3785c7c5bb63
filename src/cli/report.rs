//! `patchwright report`: who still sends which broken calls, and what observing has shown.

mod markdown;
mod read;
mod text;

use std::io::Write as _;

use clap::{Args, ValueEnum};

use self::read::Report;
use super::admin::AdminArgs;
use super::{Failure, written};

const MORE: &str = "\
Asks GET /report on the admin listener of a running proxy. What it tells was noted since that \
started; no value of a request is in it.

Examples:
  patchwright report
  patchwright report --admin http://127.0.0.1:9901 --format markdown > ticket.md
  patchwright report --format json | jq '.rules[] | select(.verdict == \"safe_to_enforce\")'

Exit codes:
  0  here it is
  1  the proxy does not answer
  2  the command line is wrong";

/// Arguments of `report`.
#[derive(Debug, Args)]
#[command(after_help = MORE)]
pub struct ReportArgs {
    /// Which proxy is asked.
    #[command(flatten)]
    pub admin: AdminArgs,

    /// How it is written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: ReportFormat,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For people
    Text,
    /// As the proxy gives it
    Json,
    /// For a ticket to the owner of an application
    Markdown,
}

/// Prints the report of a running proxy.
pub fn run(args: &ReportArgs) -> Result<(), Failure> {
    let page = args.admin.read("/report")?;
    let unreadable = |error: serde_json::Error| {
        Failure::Runtime(format!("the answer to GET /report can't be read: {error}"))
    };
    let mut out = anstream::stdout().lock();
    let done = match args.format {
        ReportFormat::Json => {
            let value: serde_json::Value = serde_json::from_slice(&page).map_err(unreadable)?;
            writeln!(out, "{value:#}")
        }
        ReportFormat::Text => {
            let report: Report = serde_json::from_slice(&page).map_err(unreadable)?;
            text::report(&mut out, &report)
        }
        ReportFormat::Markdown => {
            let report: Report = serde_json::from_slice(&page).map_err(unreadable)?;
            markdown::report(&mut out, &report)
        }
    };
    written(done)
}

#[cfg(test)]
mod tests;
