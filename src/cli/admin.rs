//! A small client of the admin listener, for the subcommands that ask a running proxy.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use http::uri::Authority;
use http::{Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{Failure, settings};
use crate::config::{self, Config, Overrides};

/// Longest time for a whole answer. Shorter than the 30 s after which Docker gives up on a health check, so
/// that the reason is still printed.
const PATIENCE: Duration = Duration::from_secs(5);
/// Largest answer that is read, in bytes: some of the largest that the listener gives.
const LIMIT: usize = 16 << 20;

const VARIABLE: &str = "PATCHWRIGHT__ADMIN__ADDRESS";

/// Which proxy is asked.
#[derive(Clone, Debug, Default, Args)]
pub struct AdminArgs {
    /// The admin listener's address
    #[arg(
        long,
        value_name = "URL",
        help = "The admin listener's address, such as http://127.0.0.1:9901"
    )]
    pub admin: Option<String>,

    /// The proxy's configuration file, which names that address
    #[arg(long, short, value_name = "FILE", conflicts_with = "admin")]
    pub config: Option<PathBuf>,
}

/// Where a running proxy's admin listener is.
#[derive(Clone, Debug)]
pub(super) struct Admin {
    authority: Authority,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    /// Nobody is there.
    #[error(
        "nothing listens there; a proxy prints at its start where it does (\"admin listening on …\"): name that \
         with --admin or {VARIABLE}"
    )]
    Nobody,
    /// Something is there that says nothing in time.
    #[error("no answer within {PATIENCE:?}")]
    Late,
    /// The connection could not be made or broke, or the answer is none.
    #[error("{0}")]
    Broken(String),
}

/// An answer's status and body.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

impl AdminArgs {
    /// By flag, else by file, else by environment, else where it is by default: a container has one
    /// environment for the proxy and for who asks it.
    pub(super) fn find(&self) -> Result<Admin, Failure> {
        if let Some(url) = &self.admin {
            let authority = authority(url).ok_or_else(|| {
                Failure::Usage(format!(
                    "--admin: expected an address such as http://127.0.0.1:9901, found {url:?}"
                ))
            })?;
            return Ok(Admin { authority });
        }
        let address = match &self.config {
            Some(path) => {
                let environment = settings::environment();
                Config::load(Some(path), environment, Overrides::default())?.admin
            }
            None => configured()?,
        };
        if address.port() == 0 {
            return Err(Failure::Usage(
                "admin.address has port 0, so only the proxy knows it: name what it printed (\"admin listening on \
                 …\") with --admin"
                    .to_owned(),
            ));
        }
        Ok(Admin::at(address))
    }

    /// What the page at `path` says, for those who ask once.
    pub(super) fn read(&self, path: &str) -> Result<Bytes, Failure> {
        let admin = self.find()?;
        let reply = once(admin.get(path))?;
        let problem = match reply {
            Ok(reply) if reply.status.is_success() => return Ok(reply.body),
            Ok(reply) => format!(
                "answered {}: is it the admin listener of a patchwright of this version?",
                reply.status
            ),
            Err(problem) => problem.to_string(),
        };
        Err(Failure::Runtime(format!("{}: {problem}", admin.url(path))))
    }
}

/// Runs `asking` to its end.
pub(super) fn once<T>(asking: impl Future<Output = T>) -> Result<T, Failure> {
    Ok(super::runtime()?.block_on(asking))
}

impl Admin {
    #[expect(clippy::expect_used, reason = "an address is an authority")]
    pub(super) fn at(address: SocketAddr) -> Self {
        let authority = reachable(address).to_string().parse();
        Self {
            authority: authority.expect("an address is an authority"),
        }
    }

    /// The URL of one of its pages.
    pub(super) fn url(&self, page: &str) -> String {
        format!("http://{}{page}", self.authority)
    }

    /// What it answers to `GET page`, whatever the status.
    pub(super) async fn get(&self, page: &str) -> Result<Reply, Problem> {
        let answer = tokio::time::timeout(PATIENCE, self.ask(page)).await;
        answer.unwrap_or(Err(Problem::Late))
    }

    async fn ask(&self, page: &str) -> Result<Reply, Problem> {
        let broken = |error: &dyn std::error::Error| Problem::Broken(error.to_string());
        let stream = TcpStream::connect(self.authority.as_str()).await;
        let stream = stream.map_err(|error| match error.kind() {
            io::ErrorKind::ConnectionRefused => Problem::Nobody,
            _ => broken(&error),
        })?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| broken(&error))?;
        let request = Request::get(page).header(header::HOST, self.authority.as_str());
        let request = request.header(header::ACCEPT, "application/json");
        let request = request
            .body(Empty::<Bytes>::new())
            .map_err(|error| broken(&error))?;
        // Its failures reach the request, too.
        tokio::spawn(connection);
        let answer = sender
            .send_request(request)
            .await
            .map_err(|error| broken(&error))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), LIMIT).collect().await;
        let body = body.map_err(|error| broken(&*error))?.to_bytes();
        Ok(Reply { status, body })
    }
}

fn configured() -> Result<SocketAddr, Failure> {
    let Some((_, text)) = settings::environment().find(|(name, _)| name == VARIABLE) else {
        return Ok(config::ADMIN);
    };
    let address = text.trim_matches('"').parse();
    address.map_err(|_| Failure::Usage(format!("{VARIABLE}: expected an address, found {text:?}")))
}

/// Host and port of a URL, or of an address without a scheme.
fn authority(url: &str) -> Option<Authority> {
    let url = url.trim_end_matches('/');
    let authority = match url.split_once("://") {
        Some(("http", _)) => {
            let uri: Uri = url.parse().ok()?;
            let is_bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
            uri.authority().filter(|_| is_bare)?.clone()
        }
        Some(_) => return None,
        None => url.parse().ok()?,
    };
    if authority.as_str().contains('@') {
        return None;
    }
    let port = authority.port_u16().unwrap_or(config::ADMIN.port());
    let host = authority.host();
    if let Ok(ip) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
        return Some(Admin::at(SocketAddr::new(ip, port)).authority);
    }
    format!("{host}:{port}").parse().ok()
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

#[cfg(test)]
mod tests;
