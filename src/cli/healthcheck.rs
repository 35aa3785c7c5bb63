//! `patchwright healthcheck`: asks a running proxy whether it is well.

use clap::Args;

use super::Failure;
use super::admin::{AdminArgs, once};

const MORE: &str = "\
Asks GET /healthz on the admin listener, or with --ready GET /readyz. The address is --admin, else that of \
--config, else PATCHWRIGHT__ADMIN__ADDRESS, else 127.0.0.1:9901.

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
    /// Which proxy is asked.
    #[command(flatten)]
    pub admin: AdminArgs,

    /// Whether it takes requests: it does not while it drains
    #[arg(long)]
    pub ready: bool,
}

/// Fails unless the proxy answers that it is well, or ready.
pub fn run(args: &HealthcheckArgs) -> Result<(), Failure> {
    let admin = args.admin.find()?;
    let page = if args.ready { "/readyz" } else { "/healthz" };
    let problem = match once(admin.get(page))? {
        Ok(reply) if reply.status.is_success() => return Ok(()),
        Ok(reply) => format!("answered {}", reply.status),
        Err(problem) => problem.to_string(),
    };
    Err(Failure::Runtime(format!("{}: {problem}", admin.url(page))))
}
