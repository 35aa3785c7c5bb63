//! `patchwright healthcheck`: asks a running proxy whether it is well.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use http::{Request, header};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{Failure, settings};
use crate::config;

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

/// Shorter than the 30 s after which Docker gives up, so that the reason is still printed.
const PATIENCE: Duration = Duration::from_secs(5);

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
    let address = match args.admin {
        Some(address) => address,
        None => configured()?,
    };
    let address = reachable(address);
    let page = if args.ready { "/readyz" } else { "/healthz" };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| Failure::Runtime(error.to_string()))?;
    let asked =
        runtime.block_on(async { tokio::time::timeout(PATIENCE, ask(address, page)).await });
    let problem = match asked {
        Ok(Ok(status)) if status.is_success() => return Ok(()),
        Ok(Ok(status)) => format!("answered {status}"),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {PATIENCE:?}"),
    };
    Err(Failure::Runtime(format!(
        "http://{address}{page}: {problem}"
    )))
}

/// A container has one environment for the proxy and its health check.
fn configured() -> Result<SocketAddr, Failure> {
    const NAME: &str = "PATCHWRIGHT__ADMIN__ADDRESS";
    let Some((_, text)) = settings::environment().find(|(name, _)| name == NAME) else {
        return Ok(config::ADMIN);
    };
    let address = text.trim_matches('"').parse();
    address.map_err(|_| Failure::Usage(format!("{NAME}: expected an address, found {text:?}")))
}

/// What listens on every address is asked on loopback.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
    address
}

async fn ask(
    address: SocketAddr,
    page: &str,
) -> Result<http::StatusCode, Box<dyn std::error::Error>> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::get(page).header(header::HOST, address.to_string());
    let request = request.body(Empty::<Bytes>::new())?;
    // Its failures reach the request, too.
    tokio::spawn(connection);
    Ok(sender.send_request(request).await?.status())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_listens_everywhere_is_asked_on_loopback() {
        for (listens, asked) in [
            ("0.0.0.0:1", "127.0.0.1:1"),
            ("[::]:1", "[::1]:1"),
            ("10.0.0.1:1", "10.0.0.1:1"),
        ] {
            assert_eq!(reachable(listens.parse().unwrap()), asked.parse().unwrap());
        }
    }
}
