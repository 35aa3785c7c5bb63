//! A small client of the admin listener, for the subcommands that ask a running proxy.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{Failure, settings};
use crate::config;

/// Longest time for a whole answer. Shorter than the 30 s after which Docker gives up on a health check, so
/// that the reason is still printed.
const PATIENCE: Duration = Duration::from_secs(5);
/// Largest answer that is read, in bytes: some of the largest that the listener gives.
const LIMIT: usize = 16 << 20;

const VARIABLE: &str = "PATCHWRIGHT__ADMIN__ADDRESS";

/// Where a running proxy's admin listener is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Admin {
    address: SocketAddr,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    /// Nobody is there.
    #[error(
        "nothing listens there; --admin or {VARIABLE} says where the proxy's admin listener is"
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

impl Admin {
    /// At `flag`, else where the environment says, else where it is by default: a container has one
    /// environment for the proxy and for who asks it.
    pub(super) fn new(flag: Option<SocketAddr>) -> Result<Self, Failure> {
        let address = match flag {
            Some(address) => address,
            None => configured()?,
        };
        Ok(Self::at(address))
    }

    /// What listens on every address is asked on loopback.
    pub(super) fn at(mut address: SocketAddr) -> Self {
        if address.ip().is_unspecified() {
            address.set_ip(match address {
                SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
                SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
            });
        }
        Self { address }
    }

    /// The URL of one of its pages.
    pub(super) fn url(&self, page: &str) -> String {
        format!("http://{}{page}", self.address)
    }

    /// What it answers to `GET page`, whatever the status.
    pub(super) async fn get(&self, page: &str) -> Result<Reply, Problem> {
        let answer = tokio::time::timeout(PATIENCE, self.ask(page)).await;
        answer.unwrap_or(Err(Problem::Late))
    }

    async fn ask(&self, page: &str) -> Result<Reply, Problem> {
        let broken = |error: &dyn std::error::Error| Problem::Broken(error.to_string());
        let stream = TcpStream::connect(self.address).await;
        let stream = stream.map_err(|error| match error.kind() {
            io::ErrorKind::ConnectionRefused => Problem::Nobody,
            _ => broken(&error),
        })?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| broken(&error))?;
        let request = Request::get(page).header(header::HOST, self.address.to_string());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_listens_everywhere_is_asked_on_loopback() {
        for (listens, asked) in [
            ("0.0.0.0:1", "http://127.0.0.1:1/x"),
            ("[::]:1", "http://[::1]:1/x"),
            ("10.0.0.1:1", "http://10.0.0.1:1/x"),
        ] {
            assert_eq!(Admin::at(listens.parse().unwrap()).url("/x"), asked);
        }
    }

    #[tokio::test]
    async fn where_nobody_listens_it_is_said_how_to_say_where() {
        let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let problem = Admin::at(address).get("/x").await.unwrap_err();
        assert!(problem.to_string().contains("--admin"), "{problem}");
    }
}
