//! `patchwright demo`: a failing request, and the same one repaired.

use std::net::SocketAddr;

use clap::Args;

use super::Failure;

const MORE: &str = "\
Starts the simulator and the proxy on this machine, sends the two requests that the API is known to \
refuse straight (400) and through the proxy (2xx), shows both side by side, then keeps serving and \
prints the curl lines to try.

Example:
  patchwright demo

Exit codes:
  0  stopped as asked
  1  it failed while running
  2  the command line is wrong";

/// Arguments of `demo`.
#[derive(Debug, Args)]
#[command(after_help = MORE)]
pub struct DemoArgs {
    /// Where the proxy listens; port 0 picks a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
}

/// Shows the difference, then serves until told to stop.
pub fn run(_args: &DemoArgs) -> Result<(), Failure> {
    Err(Failure::Runtime("not part of this build".to_owned()))
}
