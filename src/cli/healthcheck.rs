//! `patchwright healthcheck`: asks a running proxy whether it is well.

use std::net::SocketAddr;

use clap::Args;

use super::Failure;
use super::admin::Admin;

const MORE: &str = "\
Asks GET /healthz on the admin listener, or with --ready GET /readyz. The address is --admin, else \
PATCHWRIGHT__ADMIN__ADDRESS, else 127.0.0.1:9901.

Examples:
  patchwright healthcheck
  HEALTHCHECK CMD [\"patchwright\", \"healthcheck\"]     (in a Dockerfile)

Exit codes:
  0  it is well
  1  it is not, or does not answer
  2  the command line is wrong";

/// Arguments of `healthcheck`.
#[derive(Debug, Args)]
#[command(after_help = MORE)]
pub struct HealthcheckArgs {
    /// The admin listener's address
    #[arg(long, value_name = "ADDR")]
    pub admin: Option<SocketAddr>,

    /// Whether it takes requests: it does not while it drains
    #[arg(long)]
    pub ready: bool,
}

/// Fails unless the proxy answers that it is well, or ready.
pub fn run(args: &HealthcheckArgs) -> Result<(), Failure> {
    let admin = Admin::new(args.admin)?;
    let page = if args.ready { "/readyz" } else { "/healthz" };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| Failure::Runtime(error.to_string()))?;
    let problem = match runtime.block_on(admin.get(page)) {
        Ok(reply) if reply.status.is_success() => return Ok(()),
        Ok(reply) => format!("answered {}", reply.status),
        Err(problem) => problem.to_string(),
    };
    Err(Failure::Runtime(format!("{}: {problem}", admin.url(page))))
}
