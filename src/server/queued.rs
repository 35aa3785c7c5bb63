//! Connections that the system accepted for us before the listener was closed.

use std::io::Result;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tower_service::Service;

use super::accept::Arrival;
use super::connection::Shared;
use super::refusal;
use crate::BoxError;
use crate::answer::RequestId;
use crate::received::Received;

/// How long a caller that is refused may take to hear of it, and how much it may still send.
const PATIENCE: Duration = Duration::from_secs(1);
const UNREAD_BYTES: u64 = 1 << 20;

/// Those for which there is no place. Their callers count as connected and may have sent a request: to
/// close without a word would leave them wondering whether it was carried out.
#[derive(Debug)]
pub(super) struct Queued {
    refused: Vec<TcpStream>,
    tls: bool,
}

impl Queued {
    /// Closes the listener and serves what waited for it, as long as there are places.
    pub(super) fn take<S, B>(
        waiting: Option<Arrival>,
        listener: TcpListener,
        shared: &Shared<S>,
    ) -> Result<Self>
    where
        S: Service<Request<Received>, Response = Response<B>> + Clone + Send + 'static,
        S::Future: Send + 'static,
        S::Error: Into<BoxError>,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        // Past tokio's readiness cache: the queue itself decides.
        let listener = listener.into_std()?;
        let mut refused = Vec::new();
        let mut next = waiting;
        loop {
            let (stream, address) = if let Some(arrival) = next.take() {
                arrival
            } else {
                // Until the queue is empty, or there are no more descriptors.
                let Ok((stream, address)) = listener.accept() else {
                    let tls = shared.tls.is_some();
                    return Ok(Self { refused, tls });
                };
                stream.set_nonblocking(true)?;
                (TcpStream::from_std(stream)?, address)
            };
            match shared.room.try_place() {
                Some(place) => {
                    shared.clone().start((stream, address), place);
                }
                None => refused.push(stream),
            }
        }
    }

    /// Tells them that nothing was done, so that they try again elsewhere.
    pub(super) async fn refuse(self) {
        let mut refusing = JoinSet::new();
        for stream in self.refused {
            let refusal = refusal::stopping().on_the_wire(RequestId::next());
            // Whoever waits for a handshake can't read it, and knows without it that nothing was done.
            let refusal = if self.tls { Bytes::new() } else { refusal };
            refusing.spawn(timeout(PATIENCE, refuse(stream, refusal)));
        }
        refusing.join_all().await;
    }
}

async fn refuse(mut stream: TcpStream, refusal: Bytes) -> Result<()> {
    stream.write_all(&refusal).await?;
    stream.shutdown().await?;
    // Closing a socket with unread bytes resets the connection, and a reset overtakes the answer.
    let mut unread = stream.take(UNREAD_BYTES);
    tokio::io::copy(&mut unread, &mut tokio::io::sink()).await?;
    Ok(())
}
