//! `patchwright check`: all faults of a configuration at once, or what it comes to.

use std::io::Write;

use clap::Args;

use super::settings::ConfigArgs;
use super::{Failure, written};

const MORE: &str = "\
Reads what `serve` would read: the file, PATCHWRIGHT__SECTION__KEY variables and the flags given \
here. Faults go to stderr, each with its file, line and key. Without faults the effective \
configuration goes to stdout, as a file that could be used; secrets are shown as ***.

Examples:
  patchwright check --config patchwright.toml
  patchwright check --upstream https://api.mypurecloud.com > patchwright.toml

Exit codes:
  0  the configuration is right
  2  it has faults";

/// Arguments of `check`.
#[derive(Debug, Args)]
#[command(after_help = MORE)]
pub struct CheckArgs {
    /// Where the configuration comes from.
    #[command(flatten)]
    pub config: ConfigArgs,
}

/// Prints the effective configuration, or fails with every fault.
pub fn run(args: &CheckArgs) -> Result<(), Failure> {
    let config = args.config.load()?;
    written(std::io::stdout().write_all(config.to_toml().as_bytes()))
}
