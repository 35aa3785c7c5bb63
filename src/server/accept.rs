//! Accepting, whatever happens.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// Pause after the first failure; it doubles up to [`MAX_PAUSE`].
const MIN_PAUSE: Duration = Duration::from_millis(5);
/// Short enough that callers hardly notice when the shortage ends.
const MAX_PAUSE: Duration = Duration::from_millis(500);

/// A connection, and where it comes from.
pub(super) type Arrival = (TcpStream, SocketAddr);

/// Where connections come from.
pub(super) trait Accept {
    /// A connection.
    type Stream;

    /// The next one, or why there is none.
    fn accept(&mut self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

impl Accept for &TcpListener {
    type Stream = Arrival;

    async fn accept(&mut self) -> io::Result<Arrival> {
        TcpListener::accept(self).await
    }
}

/// Accepts until it succeeds.
///
/// Running out of file descriptors or memory passes: it would be worse to stop listening, and to try
/// again at once would burn a core. Each burst of failures is logged once.
pub(super) async fn persistently<A: Accept>(mut from: A) -> A::Stream {
    let mut pause = MIN_PAUSE;
    let mut logged = false;
    loop {
        match from.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                if !logged {
                    tracing::warn!(%error, "can't accept connections, trying again");
                    logged = true;
                }
                sleep(pause).await;
                pause = (pause * 2).min(MAX_PAUSE);
            }
        }
    }
}

/// Whether only the connection that was about to be accepted is gone.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    /// Fails so many times, in that way, and then succeeds.
    struct Failing(usize, fn() -> io::Error);

    impl Accept for Failing {
        type Stream = ();

        async fn accept(&mut self) -> io::Result<()> {
            match self.0.checked_sub(1) {
                Some(left) => {
                    self.0 = left;
                    Err((self.1)())
                }
                None => Ok(()),
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_shortage_is_survived_with_growing_pauses() {
        let started = Instant::now();
        // EMFILE: too many open files.
        persistently(Failing(10, || io::Error::from_raw_os_error(24))).await;
        let waited = started.elapsed();
        assert!(waited > Duration::from_secs(1), "{waited:?}");
        assert!(waited < MAX_PAUSE * 10, "{waited:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_is_gone_already_costs_no_pause() {
        let started = Instant::now();
        persistently(Failing(3, || io::ErrorKind::ConnectionAborted.into())).await;
        assert_eq!(started.elapsed(), Duration::ZERO);
    }
}
