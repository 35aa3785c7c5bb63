//! The admin listener of a running proxy, asked from the command line.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use http::uri::Authority;
use http::{Request, Uri, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{Failure, settings};
use crate::config::{self, Config, Overrides};

/// For a page that is made in milliseconds, on a machine that may be busy.
const PATIENCE: Duration = Duration::from_secs(10);

/// Largest answer that is read: some hundred entries of a few KiB.
const LARGEST: usize = 16 << 20;

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

impl AdminArgs {
    /// Its address: by flag, else by file, else by environment, else the default.
    pub fn authority(&self) -> Result<Authority, Failure> {
        if let Some(url) = &self.admin {
            return authority(url).ok_or_else(|| {
                Failure::Usage(format!(
                    "--admin: expected an address such as http://127.0.0.1:9901, found {url:?}"
                ))
            });
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
        Ok(of(reachable(address)))
    }

    /// The page at `path`.
    pub fn get(&self, path: &'static str) -> Result<Bytes, Failure> {
        let authority = self.authority()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = runtime.map_err(|error| Failure::Runtime(error.to_string()))?;
        let asked = async { tokio::time::timeout(PATIENCE, ask(&authority, path)).await };
        let problem = match runtime.block_on(asked) {
            Ok(Ok(page)) => return Ok(page),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {PATIENCE:?}"),
        };
        Err(Failure::Runtime(format!(
            "http://{authority}{path}: {problem}"
        )))
    }
}

/// Where the environment of a proxy puts it, as in a container.
fn configured() -> Result<SocketAddr, Failure> {
    const NAME: &str = "PATCHWRIGHT__ADMIN__ADDRESS";
    let Some((_, text)) = settings::environment().find(|(name, _)| name == NAME) else {
        return Ok(config::ADMIN);
    };
    let address = text.trim_matches('"').parse();
    address.map_err(|_| Failure::Usage(format!("{NAME}: expected an address, found {text:?}")))
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
        return Some(of(reachable(SocketAddr::new(ip, port))));
    }
    format!("{host}:{port}").parse().ok()
}

#[expect(clippy::expect_used, reason = "an address is an authority")]
fn of(address: SocketAddr) -> Authority {
    address
        .to_string()
        .parse()
        .expect("an address is an authority")
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

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error(
        "{0}; a proxy prints at its start where it is (\"admin listening on …\"): name that with --admin, or its \
         configuration with --config"
    )]
    Unreachable(io::Error),
    #[error("{0}")]
    Broken(#[from] hyper::Error),
    #[error("answered {0}: is it the admin listener of a patchwright of this version?")]
    Status(http::StatusCode),
    #[error("the answer is broken, or larger than {} MiB", LARGEST >> 20)]
    Body,
}

async fn ask(authority: &Authority, path: &'static str) -> Result<Bytes, Problem> {
    let stream = TcpStream::connect(authority.as_str()).await;
    let stream = TokioIo::new(stream.map_err(Problem::Unreachable)?);
    let (mut sender, connection) = http1::handshake(stream).await?;
    // Its failures reach the request, too.
    tokio::spawn(connection);
    let mut request = Request::new(Empty::<Bytes>::new());
    *request.uri_mut() = Uri::from_static(path);
    let host = http::HeaderValue::from_str(authority.as_str()).map_err(|_| Problem::Body)?;
    request.headers_mut().insert(header::HOST, host);
    let answer = sender.send_request(request).await?;
    if !answer.status().is_success() {
        return Err(Problem::Status(answer.status()));
    }
    let body = Limited::new(answer.into_body(), LARGEST).collect().await;
    Ok(body.map_err(|_| Problem::Body)?.to_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_be_written_as_people_write_it() {
        for (written, asked) in [
            ("http://127.0.0.1:9901", "127.0.0.1:9901"),
            ("http://127.0.0.1:9901/", "127.0.0.1:9901"),
            ("127.0.0.1:1", "127.0.0.1:1"),
            ("0.0.0.0:1", "127.0.0.1:1"),
            ("http://[::]:1", "[::1]:1"),
            ("[::1]:1", "[::1]:1"),
            ("localhost:1", "localhost:1"),
            ("http://gateway", "gateway:9901"),
        ] {
            assert_eq!(authority(written).unwrap(), asked, "{written}");
        }
        for wrong in [
            "",
            "https://a:1",
            "http://a:1/report",
            "http://u:p@a:1",
            "a b",
            "http://a:1?b",
        ] {
            assert_eq!(authority(wrong), None, "{wrong}");
        }
    }
}
