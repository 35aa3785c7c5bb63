//! The simulator on a socket.

use std::io;
use std::time::Duration;

use tokio::net::TcpListener;

use super::Simulator;
use crate::server::{self, Settings};

/// Finishing what is in flight: tests and compose files don't wait longer for a stand-in.
const DRAIN: Duration = Duration::from_secs(5);

/// Serves HTTP/1.1, and HTTP/2 with prior knowledge, until `shutdown`; then answers what is in flight.
pub async fn serve(
    listener: TcpListener,
    simulator: Simulator,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let held = simulator.clone();
    let settings = Settings {
        drain: DRAIN,
        ..Settings::default()
    };
    server::serve(listener, simulator, settings, async move {
        shutdown.await;
        held.release();
    })
    .await
}
