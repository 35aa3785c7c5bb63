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
//! `timeouts.request` and `limits.concurrency`. Over HTTP/2 the same holds for requests that are not safe
//! (RFC 9110 section 9.2.1); others end with their stream, and who resets most of its streams is shown
//! the door.

mod accept;
mod activity;
mod answering;
mod aside;
mod body;
mod closing;
mod connection;
mod io;
mod queued;
mod refusal;
mod room;
mod service;
mod stream;
mod terms;
mod tls;
mod version;
mod workers;

use std::io::Result;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::TokioTimer;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;
use tower_service::Service;

use self::accept::Arrival;
use self::connection::{Shared, Stage};
use self::queued::Queued;
use self::room::Room;
use self::stream::Streams;
pub use self::terms::Terms;
pub use self::tls::{Listener, Tls};
use self::version::Builders;
pub use self::workers::Workers;
use crate::BoxError;
use crate::config::{Limits, Timeouts};
use crate::metrics::Metrics;
use crate::received::Received;

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
/// The least that RFC 9113 section 6.5.2 allows: larger frames only make the streams wait for each other.
const FRAME: u32 = 16 << 10;
/// Of an answer, on one stream, that waits for its window or its turn: two frames.
const SEND_BUFFER: usize = 32 << 10;
/// Streams that we had to reset, before the peer is shown the door (CVE-2025-8671).
const MAX_LOCAL_RESETS: usize = 128;
/// Streams that the peer reset before we looked at them, before the same (CVE-2023-44487): no more than
/// come in one go from a caller that changed its mind. See `activity` for those that we did look at.
const MAX_PENDING_RESETS: usize = 20;

/// Bounds of a server.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Open connections. One more closes the longest idle one; while none is idle it waits.
    pub connections: usize,
    /// Bytes of a request head, at least 8192 on HTTP/1; more is 431.
    pub header_bytes: usize,
    /// A whole request head, from accept or from its first byte.
    pub header_read: Duration,
    /// A connection without a request, and one whose peer doesn't read.
    pub idle: Duration,
    /// Finishing what is in flight after the shutdown.
    pub drain: Duration,
    /// Where requests are counted that are refused before any service sees them.
    pub metrics: Option<Metrics>,
    /// Whether requests have their [`Peer`](crate::peer::Peer) in their extensions. It may change while
    /// the server runs, and then holds for connections that are open, too.
    pub peers: Arc<AtomicBool>,
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
            metrics: None,
            peers: Arc::default(),
        }
    }

    fn builders(&self) -> Builders {
        let mut http1 = http1::Builder::new();
        http1
            .half_close(true)
            .header_read_timeout(None)
            .max_buf_size(self.header_bytes.max(MIN_HEADER_BYTES));
        let mut http2 = http2::Builder::new(Streams { idle: self.idle });
        http2
            .timer(TokioTimer::new())
            .max_header_list_size(u32::try_from(self.header_bytes).unwrap_or(u32::MAX))
            .max_concurrent_streams(MAX_STREAMS)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_frame_size(FRAME)
            .max_send_buf_size(SEND_BUFFER)
            .max_pending_accept_reset_streams(MAX_PENDING_RESETS)
            .max_local_error_reset_streams(MAX_LOCAL_RESETS);
        // No keep-alive pings: a caller that is gone holds nothing for long. Its connection is closed when
        // it is idle or reads nothing for `timeouts.idle`, and a request ends by its own deadlines.
        Builders { http1, http2 }
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
            metrics: None,
            peers: Arc::default(),
        }
    }
}

/// Serves HTTP/1.1 and HTTP/2 (by ALPN, or with prior knowledge) until `shutdown` ends; then drains.
///
/// A service that fails aborts its connection.
///
/// Draining: new connections are ignored and what waits in the listener's queue is still taken (and
/// answered 503 where there is no place for it), then the listener is closed. HTTP/1
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
    S: Service<Request<Received>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let Listener { socket, tls } = listener.into();
    let (_unchanged, terms) = watch::channel(Terms { settings, tls });
    serve_by(socket, service, Workers::none(), terms, shutdown).await
}

/// As [`serve`], by `workers` and by `terms` that may change meanwhile.
///
/// A connection goes by the terms that hold when it is accepted, to its end. Their `metrics` are those of
/// the beginning. Where fewer connections are allowed than are open, those stay, and no new one gets a
/// place before enough of them are gone.
pub async fn serve_by<S, B>(
    listener: TcpListener,
    service: S,
    workers: Workers,
    mut terms: watch::Receiver<Terms>,
    shutdown: impl Future<Output = ()>,
) -> Result<()>
where
    S: Service<Request<Received>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let room = Room::new(terms.borrow_and_update().settings.connections);
    let (stage, stages) = watch::channel(Stage::Serving);
    let mut shared = Shared::new(service, workers, &terms.borrow(), stages, Arc::clone(&room));

    let mut waiting = None;
    {
        // The accept loop owns its copy: a service need not be `Sync`.
        let accepting = accept(&listener, &mut waiting, shared.clone(), terms.clone());
        let mut accepting = pin!(accepting);
        tokio::select! {
            () = accepting.as_mut() => {}
            () = terms::resize(&room, terms.clone()) => {}
            () = shutdown => {}
        }
        match closing::ignore_new(&listener) {
            // Accepting goes on for who is on the way.
            Ok(()) => drop(timeout(closing::SETTLE, accepting).await),
            Err(error) => tracing::debug!(%error, "can't close the listener without a gap"),
        }
    }
    shared.adopt(&terms.borrow());
    let limit = terms.borrow().settings.drain;
    let queued = Queued::take(waiting, listener, &shared)?;

    // Only now: a caller that is told to close comes back with a new connection at once, and that must
    // meet a closed listener and not the queue of one that is about to be closed.
    shared.draining.store(true, Ordering::Relaxed);
    let draining = drain(&stage, &room, limit);
    tokio::join!(draining, queued.refuse());
    Ok(())
}

async fn drain(stage: &watch::Sender<Stage>, room: &Room, limit: Duration) {
    let mut finished = pin!(room.is_empty());
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

async fn accept<S, B>(
    listener: &TcpListener,
    waiting: &mut Option<Arrival>,
    mut shared: Shared<S>,
    mut terms: watch::Receiver<Terms>,
) where
    S: Service<Request<Received>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let mut said = None;
    loop {
        // Before its place: none is made for a connection that is not there. At most this one waits here
        // without a place; the others are better off in the backlog. It is the caller's to keep, for the
        // case that the shutdown comes meanwhile.
        *waiting = Some(accept::persistently(listener).await);
        let place = shared.room.place(&mut said).await;
        if let Some(arrival) = waiting.take() {
            // An error: nobody is left who could change them.
            if terms.has_changed().unwrap_or(false) {
                shared.adopt(&terms.borrow_and_update());
            }
            shared.clone().start(arrival, place);
        }
    }
}
