//! One connection, from its making to its end.

use std::pin::pin;
use std::sync::{Arc, Weak};

use hyper::client::conn::http2::{self, SendRequest};
use hyper::rt;
use hyper_util::client::legacy::connect::Connection as _;
use hyper_util::rt::TokioTimer;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout};
use tower_service::Service as _;

use super::replay::Outgoing;
use super::state::{Id, Idle, MAX_STREAMS};
use super::{Settings, Shared};
use crate::BoxError;
use crate::upstream::connector::Connector;

/// What an answer may have sent before its caller reads it. With a thousand callers that don't read this
/// is 128 MiB, and on a line of 100 ms it is 10 Mbit/s for each.
const STREAM_WINDOW: u32 = 128 << 10;
/// All streams together: one that is not read never holds up another.
#[allow(clippy::cast_possible_truncation, reason = "it is 100")]
const CONNECTION_WINDOW: u32 = STREAM_WINDOW * MAX_STREAMS as u32;
/// RFC 9113 section 6.5.2: the least there is, and enough. Larger frames only delay the others.
const FRAME: u32 = 16 << 10;
/// Of a request's body that waits for the upstream to read it.
const SEND_BUFFER: usize = 64 << 10;
/// Streams that we had to reset because of what the upstream sent.
const LOCAL_RESETS: usize = 128;

/// Sends on a connection.
pub(super) type Sender = SendRequest<Outgoing>;

type Connection = http2::Connection<Stream, Outgoing, Executor>;
type Stream = <Connector as tower_service::Service<http::Uri>>::Response;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(in crate::upstream) enum NotMade {
    #[error("can't connect")]
    Connect(#[source] BoxError),
    #[error("no HTTP/2 connection")]
    Handshake(#[source] hyper::Error),
    #[error("the connection was closed before the upstream's SETTINGS")]
    Closed,
    #[error("it took too long to connect")]
    Timeout,
    #[error("the upstream chose HTTP/1.1")]
    Http1,
    #[error("making the connection was given up")]
    Dropped,
}

/// Runs hyper's tasks, and tells when one of them has done something: with frames come changes that
/// concern the pool, and hyper itself would act on them at the next request only.
#[derive(Clone, Debug, Default)]
pub(super) struct Executor(Arc<Notify>);

impl<F> rt::Executor<F> for Executor
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        let moved = Arc::clone(&self.0);
        tokio::spawn(async move {
            let mut task = pin!(task);
            std::future::poll_fn(|cx| {
                let polled = task.as_mut().poll(cx);
                moved.notify_one();
                polled
            })
            .await;
        });
    }
}

/// Tells the pool that there is no connection, whatever became of making it.
struct Making(Option<Arc<Shared>>);

impl Making {
    fn made(mut self, sender: Sender, allowed: usize) -> Option<(Id, Weak<Shared>)> {
        let shared = self.0.take()?;
        let id = shared.made(sender, allowed);
        Some((id, Arc::downgrade(&shared)))
    }

    fn failed(mut self, why: NotMade) {
        if let Some(shared) = self.0.take() {
            shared.not_made(why);
        }
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        if let Some(shared) = self.0.take() {
            shared.not_made(NotMade::Dropped);
        }
    }
}

/// Makes a connection and keeps it for as long as it is of use.
pub(super) async fn run(shared: Arc<Shared>) {
    let settings = shared.settings;
    let making = Making(Some(Arc::clone(&shared)));
    let made = match timeout(settings.connect, make(&shared)).await {
        Ok(made) => made,
        Err(_) => Err(NotMade::Timeout),
    };
    drop(shared);
    let (sender, mut connection, executor) = match made {
        Ok(made) => made,
        Err(why) => return making.failed(why),
    };
    // From here on the pool may go: the connection ends when nobody can send on it any more.
    let Some((id, shared)) = making.made(sender, connection.current_max_send_streams()) else {
        return;
    };
    keep(&mut connection, &executor, id, &shared, settings).await;
    if let Some(shared) = shared.upgrade() {
        shared.remove(id);
    }
}

async fn make(shared: &Shared) -> Result<(Sender, Connection, Executor), NotMade> {
    let mut connector = shared.connector.clone();
    std::future::poll_fn(|cx| connector.poll_ready(cx))
        .await
        .map_err(NotMade::Connect)?;
    let connected = connector.call(shared.uri.clone()).await;
    let stream = connected.map_err(NotMade::Connect)?;
    // Without TLS there is no ALPN: prior knowledge then.
    if shared.uri.scheme() == Some(&http::uri::Scheme::HTTPS)
        && !stream.connected().is_negotiated_h2()
    {
        return Err(NotMade::Http1);
    }
    let executor = Executor::default();
    let handshake = builder(executor.clone(), &shared.settings).handshake(stream);
    let (sender, mut connection) = handshake.await.map_err(NotMade::Handshake)?;
    // Its SETTINGS are the first that an upstream sends (RFC 9113 section 3.4). They alone say how many
    // streams there may be; a request that doesn't wait for them is one that may have to be refused.
    loop {
        tokio::select! {
            biased;
            ended = &mut connection => {
                return Err(ended.map_or_else(NotMade::Handshake, |()| NotMade::Closed));
            }
            () = executor.0.notified() => {}
        }
        if connection.current_max_send_streams() > 0 {
            return Ok((sender, connection, executor));
        }
    }
}

fn builder(executor: Executor, settings: &Settings) -> http2::Builder<Executor> {
    let mut builder = http2::Builder::new(executor);
    builder
        .timer(TokioTimer::new())
        // See `make`.
        .initial_max_send_streams(0)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_frame_size(FRAME)
        .max_header_list_size(u32::try_from(settings.header_bytes).unwrap_or(u32::MAX))
        .max_send_buf_size(SEND_BUFFER)
        .max_local_error_reset_streams(LOCAL_RESETS)
        // A connection that a middlebox forgot says nothing: without this every request on it would wait
        // in vain. While idle, too, so that the next request doesn't get such a one.
        .keep_alive_interval(settings.ping)
        .keep_alive_timeout(settings.ping)
        .keep_alive_while_idle(true);
    builder
}

/// Until it is closed, says goodbye, or was idle for too long.
async fn keep(
    connection: &mut Connection,
    executor: &Executor,
    id: Id,
    shared: &Weak<Shared>,
    settings: Settings,
) {
    let mut look = Instant::now() + settings.idle;
    let mut allowed = connection.current_max_send_streams();
    loop {
        tokio::select! {
            biased;
            // Also at a GOAWAY: streams that are open then are finished by hyper's own task.
            ended = &mut *connection => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection to the upstream ended");
                }
                return;
            }
            () = executor.0.notified() => {
                let now = connection.current_max_send_streams();
                if now != allowed {
                    allowed = now;
                    let Some(shared) = shared.upgrade() else { return };
                    shared.allow(id, allowed);
                }
            }
            () = sleep_until(look) => {
                let Some(shared) = shared.upgrade() else { return };
                match shared.state().idle(id, settings.idle) {
                    Idle::Until(next) => look = next,
                    Idle::Retired => return,
                }
            }
        }
    }
}
