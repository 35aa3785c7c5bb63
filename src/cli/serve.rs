//! `patchwright serve`: the proxy.

use clap::Args;

use super::Failure;
use super::settings::{ConfigArgs, LogArgs};

const MORE: &str = "\
Prints one line on stdout per socket (\"proxy listening on http://…\"); logs go to stderr.
SIGTERM and SIGINT let requests in flight finish, up to timeouts.drain.

Examples:
  patchwright serve --upstream https://api.mypurecloud.com
  patchwright serve --config patchwright.toml --log-format json
  PATCHWRIGHT__CACHE__MAX_AGE=5s patchwright serve --config patchwright.toml

Exit codes:
  0  stopped as asked
  1  it failed while running, such as when an address is taken
  2  the configuration or the command line is wrong";

/// Arguments of `serve`.
#[derive(Debug, Args)]
#[command(after_help = MORE)]
pub struct ServeArgs {
    /// Where the configuration comes from.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// What is logged.
    #[command(flatten)]
    pub log: LogArgs,
}

/// Serves until told to stop.
pub fn run(args: &ServeArgs) -> Result<(), Failure> {
    let _config = args.config.load()?;
    Err(Failure::Runtime("not part of this build".to_owned()))
}
