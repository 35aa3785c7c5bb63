//! Listening sockets.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

/// Connections that the system accepts for us while we can't. The system's own default (128) overflows
/// in a burst, and then callers wait a second for their next try.
const BACKLOG: i32 = 1024;

/// Why there is no listener.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Another process has it.
    #[error("address in use: {0} (another process listens there; choose another with --{1})")]
    InUse(SocketAddr, &'static str),
    /// Anything else.
    #[error("can't listen on {address}: {source}")]
    Failed {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
}

/// Listens on `address`, which the command line calls `flag`.
pub(super) fn listen(address: SocketAddr, flag: &'static str) -> Result<TcpListener, ListenError> {
    socket(address).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => ListenError::InUse(address, flag),
        _ => ListenError::Failed { address, source },
    })
}

fn socket(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    // A restart must not wait until the connections of the process before have left TIME_WAIT.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_that_is_taken_is_named_with_what_to_do() {
        let first = listen("127.0.0.1:0".parse().unwrap(), "listen").unwrap();
        let address = first.local_addr().unwrap();
        let error = listen(address, "listen").unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("address in use: {address}")),
            "{error}"
        );
        assert!(error.contains("--listen"), "{error}");
        drop(first);
        listen(address, "listen").unwrap();
    }
}
