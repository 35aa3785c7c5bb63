//! The simulator on a socket.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

use super::Simulator;

/// Open connections; more wait in the listener's backlog.
const CONNECTIONS: usize = 4_096;

/// A whole request head.
const HEADER_READ: Duration = Duration::from_secs(30);

/// Finishing what is in flight.
const DRAIN: Duration = Duration::from_secs(5);

/// Pause after a failed accept: out of file descriptors, it would fail again at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves HTTP/1.1, and HTTP/2 with prior knowledge, until `shutdown`; then answers what is in flight.
pub async fn serve(
    listener: TcpListener,
    simulator: Simulator,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut shutdown = pin!(shutdown);
    loop {
        let (stream, place) = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &places) => accepted?,
        };
        let mut server = auto::Builder::new(TokioExecutor::new());
        server
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_READ);
        server.http2().timer(TokioTimer::new());
        let service = TowerToHyperService::new(simulator.clone());
        let connection = server
            .serve_connection(TokioIo::new(stream), service)
            .into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            let _place = place;
            // Callers that vanish and connections dropped on purpose: nothing to tell.
            drop(connection.await);
        });
    }
    simulator.release();
    drop(timeout(DRAIN, graceful.shutdown()).await);
    Ok(())
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await;
    let place = place.map_err(io::Error::other)?;
    loop {
        // One caller's failed handshake must not end the server.
        let Ok((stream, _)) = listener.accept().await else {
            sleep(ACCEPT_PAUSE).await;
            continue;
        };
        // Small answers; waiting for more to send only adds latency.
        if stream.set_nodelay(true).is_ok() {
            return Ok((stream, place));
        }
    }
}
