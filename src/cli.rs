//! The command line: one module per subcommand, each with its arguments and `run`.

mod admin;
pub mod check;
pub mod demo;
mod descriptors;
pub mod explain;
pub mod healthcheck;
mod listen;
mod paint;
pub mod report;
pub mod serve;
pub mod settings;
pub mod simulate;
pub mod top;

use std::io::{self, Write};
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use clap::{Parser, Subcommand};
use tokio::runtime::{Builder, Runtime};

use crate::document::Faults;
use crate::telemetry;

const STORY: &str = "\
Repairs participant PATCHes on their way to the Genesys Cloud API.

Callers that cannot be changed send {\"attributes\":{…}} and get 400 Bad Request, because the API wants \
more than they know to send. patchwright stands between the two, looks up what is missing with the \
caller's own credential, and sends the request that the caller meant. What it does not understand goes \
on exactly as it came.";

const MORE: &str = "\
Examples:
  See it work, without an account:
    patchwright demo
  Stand in front of your region's API:
    patchwright serve --upstream https://api.mypurecloud.com
    curl -X PATCH http://127.0.0.1:8080/api/v2/conversations/… -H 'Authorization: Bearer …' -d '{…}'
  Check a configuration before it is used, and see what it comes to:
    patchwright check --config patchwright.toml
  Ask what would be sent, without sending anything:
    patchwright explain --conversation c.json -d '{\"attributes\":{}}' \\
        /api/v2/conversations/c1/participants/p1

Exit codes:
  0  all is well
  1  it failed while running
  2  the configuration or the command line is wrong
explain has more, which say whether the request would be repaired.

Colours appear on terminals only; NO_COLOR=1 turns them off there, too.";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "patchwright",
    version,
    about = "Repairs participant PATCHes on their way to the Genesys Cloud API",
    long_about = STORY,
    after_long_help = MORE,
    after_help = "Examples and exit codes: patchwright --help",
    arg_required_else_help = true,
    max_term_width = 100
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Run the proxy
    Serve(serve::ServeArgs),
    /// Check a configuration: all faults at once, or what it comes to
    Check(check::CheckArgs),
    /// Show what would be done to one request, without sending anything
    Explain(explain::ExplainArgs),
    /// Run a stand-in for the API that is as strict as the rules say
    Simulate(simulate::SimulateArgs),
    /// Show a failing request repaired: simulator and proxy on this machine
    Demo(demo::DemoArgs),
    /// Say who still sends a running proxy which broken calls, and what observing has shown
    Report(report::ReportArgs),
    /// Watch a running proxy in a terminal: figures, recent repairs, who sends what wrong
    Top(top::TopArgs),
    /// Ask a running proxy whether it is well, for container health checks
    Healthcheck(healthcheck::HealthcheckArgs),
}

/// Why a subcommand did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The configuration is wrong: exit code 2.
    #[error("the configuration has faults:\n{0}")]
    Config(#[from] Faults),
    /// The command line is wrong in a way that only the subcommand can see: exit code 2.
    #[error("{0}")]
    Usage(String),
    /// It went wrong while running: exit code 1.
    #[error("{0}")]
    Runtime(String),
}

impl Failure {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Config(_) | Self::Usage(_) => ExitCode::from(2),
            Self::Runtime(_) => ExitCode::from(1),
        }
    }
}

/// A pipe whose reader has enough (`patchwright check | head`) is no failure.
pub(crate) fn written(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::Runtime(format!("cannot write: {error}")))
        }
        _ => Ok(()),
    }
}

/// One thread is enough for what subcommands do themselves: requests are served by [`Workers`](crate::server::Workers).
fn runtime() -> Result<Runtime, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Failure::Runtime(format!("cannot start: {error}")))
}

/// Does what the process's arguments say.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // Help and version end here, too, with exit code 0.
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let well = |()| ExitCode::SUCCESS;
    let result = match cli.verb {
        Verb::Serve(args) => serve::run(&args).map(well),
        Verb::Check(args) => check::run(&args).map(well),
        Verb::Explain(args) => explain::run(&args),
        Verb::Simulate(args) => simulate::run(&args).map(well),
        Verb::Demo(args) => demo::run(&args).map(well),
        Verb::Report(args) => report::run(&args).map(well),
        Verb::Top(args) => top::run(&args).map(well),
        Verb::Healthcheck(args) => healthcheck::run(&args).map(well),
    };
    // Whatever it was, it has been logged before this says so.
    telemetry::flush();
    let failure = match result {
        Ok(code) => return code,
        Err(failure) => failure,
    };
    let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
    // Nothing is left to tell it to when stderr is gone.
    let _ = writeln!(anstream::stderr(), "{red}error:{red:#} {failure}");
    failure.exit_code()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definitions_of_the_arguments_do_not_contradict_each_other() {
        Cli::command().debug_assert();
    }
}
