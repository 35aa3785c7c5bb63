//! Listening: bounds in number, size and time around any tower service, and an end that loses nothing.
//!
//! hyper bounds the size of a request head; everything about time is done here, because hyper's own
//! `header_read_timeout` counts the idle time of a keep-alive connection as part of the next head, and
//! does not run at all before the first byte.
//!
//! A caller that closes its sending side after the request ("half-close", as `nc` and some scripts do)
//! still gets its answer. The price: while a request is being answered nothing is read, so a caller that
//! hangs up is noticed only when the answer is written. For this proxy that is the better half of the
//! bargain: its requests change things, and one that was sent and then abandoned half-way upstream
//! leaves nobody knowing what happened. What an abandoned request costs is bounded by
//! `timeouts.request` and `limits.concurrency`.

mod accept;
mod activity;
mod closing;
mod connection;
mod io;
mod service;
mod tls;

use std::io::Result;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;
use tower_service::Service;

use self::activity::Deadlines;
use self::connection::{Shared, Stage};
pub use self::tls::{Listener, Tls};
use crate::BoxError;
use crate::config::{Limits, Timeouts};

/// Longest time that idle HTTP/1 connections get for one more request once draining has begun.
const LINGER: Duration = Duration::from_secs(1);
/// hyper panics below this.
const MIN_HEADER_BYTES: usize = 8192;
/// Enough for the SDKs' pools; more only helps floods.
const MAX_STREAMS: u32 = 100;
/// Of one stream: an attribute update fits many times.
const STREAM_WINDOW: u32 = 1 << 16;
/// Of one connection.
const CONNECTION_WINDOW: u32 = 1 << 20;
/// Streams that we had to reset, before the peer is shown the door (CVE-2025-8671).
const MAX_LOCAL_RESETS: usize = 128;

/// Bounds of a server.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Open connections; more wait in the listener's backlog.
    pub connections: usize,
    /// Bytes of a request head, at least 8192 on HTTP/1; more is 431.
    pub header_bytes: usize,
    /// A whole request head, from accept or from its first byte.
    pub header_read: Duration,
    /// A connection without a request, and one whose peer doesn't read.
    pub idle: Duration,
    /// Finishing what is in flight after the shutdown.
    pub drain: Duration,
}

impl Settings {
    /// What the configuration says.
    pub fn new(limits: &Limits, timeouts: &Timeouts) -> Self {
        Self {
            connections: limits.connections,
            header_bytes: limits.header_bytes,
            header_read: timeouts.header_read,
            idle: timeouts.idle,
            drain: timeouts.drain,
        }
    }

    fn builder(&self) -> auto::Builder<TokioExecutor> {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .half_close(true)
            .header_read_timeout(None)
            .max_buf_size(self.header_bytes.max(MIN_HEADER_BYTES));
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_header_list_size(u32::try_from(self.header_bytes).unwrap_or(u32::MAX))
            .max_concurrent_streams(MAX_STREAMS)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_local_error_reset_streams(MAX_LOCAL_RESETS);
        builder
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connections: 4096,
            header_bytes: 64 << 10,
            header_read: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            drain: Duration::from_secs(30),
        }
    }
}

/// Serves HTTP/1.1 and HTTP/2 (by ALPN, or with prior knowledge) until `shutdown` ends; then drains.
///
/// A service that fails aborts its connection.
///
/// Draining: new connections are ignored and what waits in the listener's queue is still taken, then the
/// listener is closed. HTTP/1
/// connections get one more request each within a second (at most half of `drain`), with
/// `Connection: close` on every answer: a request that crosses the shutdown is answered and not reset.
/// After that only what is in flight is finished, for as long as `drain` lasts.
pub async fn serve<S, B>(
    listener: impl Into<Listener>,
    service: S,
    settings: Settings,
    shutdown: impl Future<Output = ()>,
) -> Result<()>
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let Listener {
        socket: listener,
        tls,
    } = listener.into();
    let places = settings.connections.clamp(1, u32::MAX as usize);
    let all = u32::try_from(places).unwrap_or(u32::MAX);
    let places = Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS)));
    let (stage, stages) = watch::channel(Stage::Serving);
    let shared = Shared {
        builder: settings.builder(),
        service,
        deadlines: Deadlines {
            header_read: settings.header_read,
            idle: settings.idle,
        },
        stage: stages,
        tls,
        draining: Arc::new(AtomicBool::new(false)),
    };

    {
        // The accept loop owns its copy: a service need not be `Sync`.
        let mut accepting = pin!(accept(&listener, &places, shared.clone()));
        tokio::select! {
            () = accepting.as_mut() => {}
            () = shutdown => {}
        }
        match closing::ignore_new(&listener) {
            // Accepting goes on for who is on the way.
            Ok(()) => drop(timeout(closing::SETTLE, accepting).await),
            Err(error) => tracing::debug!(%error, "can't close the listener without a gap"),
        }
    }
    take_queued(listener, &places, &shared)?;

    // Only now: a caller that is told to close comes back with a new connection at once, and that must
    // meet a closed listener and not the queue of one that is about to be closed.
    shared.draining.store(true, Ordering::Relaxed);
    drain(&stage, &places, all, settings.drain).await;
    Ok(())
}

async fn drain(stage: &watch::Sender<Stage>, places: &Semaphore, all: u32, limit: Duration) {
    // Every place being free means that every connection has ended. The semaphore is never closed.
    let mut finished = pin!(places.acquire_many(all));
    stage.send_replace(Stage::Lingering);
    let linger = LINGER.min(limit / 2);
    if timeout(linger, finished.as_mut()).await.is_ok() {
        return;
    }
    stage.send_replace(Stage::Draining);
    let left = limit.saturating_sub(linger);
    if timeout(left, finished).await.is_err() {
        tracing::warn!("requests were cut off: they took longer than timeouts.drain");
        stage.send_replace(Stage::Aborting);
    }
}

async fn accept<S, B>(listener: &TcpListener, places: &Arc<Semaphore>, shared: Shared<S>)
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    // The place comes first: a connection that we can't serve yet is better off in the backlog, where its
    // caller's connect timeout applies. The semaphore is never closed.
    while let Ok(place) = Arc::clone(places).acquire_owned().await {
        let stream = accept::persistently(listener).await;
        tokio::spawn(shared.clone().run(stream, place));
    }
}

/// Takes the connections that the system accepted for us already. Their callers count as connected, and
/// may have sent a request.
fn take_queued<S, B>(
    listener: TcpListener,
    places: &Arc<Semaphore>,
    shared: &Shared<S>,
) -> Result<()>
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    // Past tokio's readiness cache: the queue itself decides.
    let listener = listener.into_std()?;
    while let Ok(place) = Arc::clone(places).try_acquire_owned() {
        let Ok((stream, _)) = listener.accept() else {
            break;
        };
        stream.set_nonblocking(true)?;
        let stream = TcpStream::from_std(stream)?;
        tokio::spawn(shared.clone().run(stream, place));
    }
    Ok(())
}
