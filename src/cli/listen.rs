//! Listening sockets.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

/// Connections that the system accepts for us while we can't. The usual default (128) overflows in a
/// burst, and then callers wait a second for their next try. Linux takes at most `net.core.somaxconn` of
/// it, which is this by default.
const BACKLOG: i32 = 4096;

/// How much of an answer the system takes from us before the network has taken it. By itself it takes up
/// to 4 MiB for a connection, so that a few hundred callers that ask for much and read nothing would hold
/// a gigabyte outside of every bound of ours.
#[cfg(target_os = "linux")]
const UNSENT_BYTES: u32 = 128 << 10;

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
    // What is accepted inherits it.
    #[cfg(target_os = "linux")]
    socket.set_tcp_notsent_lowat(UNSENT_BYTES)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn the_system_keeps_little_of_what_a_caller_does_not_read() {
        use tokio::io::AsyncWriteExt as _;

        let listener = listen("127.0.0.1:0".parse().unwrap(), "listen").unwrap();
        let caller = tokio::net::TcpSocket::new_v4().unwrap();
        caller.set_recv_buffer_size(4096).unwrap();
        let caller = caller.connect(listener.local_addr().unwrap());
        let (caller, accepted) = tokio::join!(caller, listener.accept());
        let (_caller, (mut accepted, _)) = (caller.unwrap(), accepted.unwrap());
        let (block, mut taken) = ([0; 16 << 10], 0);
        let blocked = std::time::Duration::from_millis(200);
        while let Ok(written) = tokio::time::timeout(blocked, accepted.write(&block)).await {
            taken += written.unwrap();
        }
        assert!(taken < 512 << 10, "{taken}");
    }

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
