//! Connections to an upstream that speaks HTTP/1.1: one request at a time on each.
//!
//! A request takes the connection that was given back last, so that those that are too many grow old and
//! are closed. Where there is none it makes one, and meanwhile takes any that another request gives back: a
//! connection that was made in vain by then is kept for the next one.
//!
//! hyper-util's general client does the same for any number of hosts, and for that looks each request's
//! host up, takes its URI apart and puts it together again, and starts a task that waits until the
//! connection is free. Here the one host is known, and the answer's body tells when it has ended.

use std::collections::VecDeque;
use std::fmt;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};
use tower_service::Service as _;

use super::body::RequestBody;
use super::connector::Connector;
use crate::BoxError;

/// Idle connections kept. More than that is no help: a busy proxy has its connections in use.
const MAX_IDLE: usize = 64;
/// What is read from an upstream in advance: while a caller takes its time this much of its answer waits in
/// memory. It bounds the head of an answer, too. hyper's own bound is 400 KiB, and with every place taken
/// by a caller that reads slowly that would be most of a gigabyte.
const READ_AHEAD: usize = 64 << 10;
/// Connections that have grown old are not looked for more often than this.
const MIN_LOOK: Duration = Duration::from_millis(100);

type Sender = SendRequest<RequestBody>;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// No connection: nothing was delivered.
    #[error("can't connect")]
    Connect(#[source] BoxError),
    /// The request may have been carried out.
    #[error(transparent)]
    Broken(hyper::Error),
    /// There is no request, or no connection after all.
    #[error("nothing to send")]
    Nothing,
}

/// The connections to one upstream.
#[derive(Debug)]
pub(super) struct Pool {
    shared: Arc<Shared>,
}

struct Shared {
    uri: Uri,
    connector: Connector,
    /// How long a connection is kept without a request.
    idle: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Since when, the last one last.
    idle: Vec<(Sender, Instant)>,
    waiting: VecDeque<oneshot::Sender<Line>>,
    /// Whether somebody looks after those that are idle.
    watched: bool,
}

/// A connection that is lent to a request. It finds its way back when it is dropped, as soon as nothing of
/// the request or its answer is left on it.
pub(super) struct Line {
    sender: Option<Sender>,
    pool: Weak<Shared>,
    /// Whether it has carried a request before.
    used: bool,
}

impl Pool {
    /// To whom `uri` leads: of it only scheme and authority are dialled. Connects to nothing yet.
    pub(super) fn new(uri: Uri, connector: Connector, idle: Duration) -> Self {
        Self {
            shared: Arc::new(Shared {
                uri,
                connector,
                idle,
                state: Mutex::default(),
            }),
        }
    }

    /// Sends a request in origin form, with its `Host`, and waits for the head of its answer. It is taken from
    /// where it is when it is sent, so that nothing here has to keep room for it.
    pub(super) async fn request(
        &self,
        request: &mut Option<Request<RequestBody>>,
    ) -> Result<(Response<Incoming>, Line), Error> {
        loop {
            let line = match self.shared.idle() {
                Some(line) => line,
                // In a box: a connection is made once, and there are many requests on it.
                None => Box::pin(self.shared.wait_or_connect()).await?,
            };
            if let Some(answered) = line.request(request).await? {
                return Ok(answered);
            }
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Plain data that every change leaves whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last one that was given back, if it is of use.
    fn idle(self: &Arc<Self>) -> Option<Line> {
        let mut state = self.state();
        while let Some((sender, since)) = state.idle.pop() {
            if sender.is_ready() && since.elapsed() < self.idle {
                return Some(self.lend(sender, true));
            }
        }
        None
    }

    fn lend(self: &Arc<Self>, sender: Sender, used: bool) -> Line {
        Line {
            sender: Some(sender),
            pool: Arc::downgrade(self),
            used,
        }
    }

    /// Whichever comes first.
    async fn wait_or_connect(self: &Arc<Self>) -> Result<Line, Error> {
        let (waiting, line) = oneshot::channel();
        {
            let mut state = self.state();
            // Those that were given up, as when their own connection was made first.
            state.waiting.retain(|waiting| !waiting.is_closed());
            state.waiting.push_back(waiting);
        }
        let connecting = self.connector.clone().call(self.uri.clone());
        let mut making = Box::pin(make(connecting));
        tokio::select! {
            biased;
            Ok(line) = line => {
                let pool = Arc::downgrade(self);
                tokio::spawn(async move {
                    match making.await {
                        Ok(sender) => drop(Line { sender: Some(sender), pool, used: false }),
                        Err(error) => tracing::debug!(%error, "a connection that was no longer needed"),
                    }
                });
                Ok(line)
            }
            made = &mut making => Ok(self.lend(made?, false)),
        }
    }

    /// To whoever waits for one, or to the others that are idle.
    fn take_back(self: &Arc<Self>, mut sender: Sender) {
        loop {
            let mut state = self.state();
            let Some(waiting) = state.waiting.pop_front() else {
                if state.idle.len() < MAX_IDLE {
                    // Without a runtime, as when a process ends, nobody could look after it.
                    let Ok(runtime) = Handle::try_current() else {
                        return;
                    };
                    state.idle.push((sender, Instant::now()));
                    if !mem::replace(&mut state.watched, true) {
                        runtime.spawn(watch(Arc::downgrade(self), self.idle.max(MIN_LOOK)));
                    }
                }
                return;
            };
            drop(state);
            match waiting.send(self.lend(sender, true)) {
                Ok(()) => return,
                // Nobody waits any more. It must not find its way back by itself: it is on it.
                Err(mut line) => match line.sender.take() {
                    Some(back) => sender = back,
                    None => return,
                },
            }
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}

impl Line {
    /// Sends a request on it. `None` when it is back where it was: hyper gives it back when its connection was
    /// closed before a byte of it was written. It may go to another then; but if that happens on a connection
    /// that was made for it, nowhere.
    async fn request(
        mut self,
        request: &mut Option<Request<RequestBody>>,
    ) -> Result<Option<(Response<Incoming>, Self)>, Error> {
        let (Some(sender), Some(sent)) = (&mut self.sender, request.take()) else {
            return Err(Error::Nothing);
        };
        let mut error = match sender.try_send_request(sent).await {
            Ok(response) => return Ok(Some((response, self))),
            Err(error) => error,
        };
        self.give_up();
        match error.take_message() {
            Some(unsent) if self.used => {
                *request = Some(unsent);
                Ok(None)
            }
            _ => Err(Error::Broken(error.into_error())),
        }
    }

    /// Closes it instead, once what is on it has ended.
    pub(super) fn give_up(&mut self) {
        self.sender = None;
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").finish_non_exhaustive()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let Some(mut sender) = self.sender.take() else {
            return;
        };
        if sender.is_ready() {
            if let Some(pool) = self.pool.upgrade() {
                pool.take_back(sender);
            }
        } else if !sender.is_closed() {
            // The caller hung up before the end of its answer, or the upstream answered before the end of
            // the request; or hyper's own task is on another thread, and just about to notice the end.
            let pool = mem::take(&mut self.pool);
            let Ok(runtime) = Handle::try_current() else {
                return;
            };
            runtime.spawn(async move {
                if sender.ready().await.is_ok()
                    && let Some(pool) = pool.upgrade()
                {
                    pool.take_back(sender);
                }
            });
        }
    }
}

async fn make(
    connecting: <Connector as tower_service::Service<Uri>>::Future,
) -> Result<Sender, Error> {
    let stream = connecting.await.map_err(Error::Connect)?;
    let made = http1::Builder::new()
        .max_buf_size(READ_AHEAD)
        // RFC 9112 section 5.1: a proxy removes that space from an answer.
        .allow_spaces_after_header_name_in_responses(true)
        .handshake(stream)
        .await;
    let (mut sender, connection) = made.map_err(Error::Broken)?;
    tokio::spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(%error, "a connection to the upstream ended");
        }
    });
    // Before that hyper takes one request on trust, and could call the connection ready while it is under way.
    let ready = sender.ready().await;
    ready.map_err(|error| Error::Connect(error.into()))?;
    Ok(sender)
}

/// Closes connections that have been idle for too long, while there are any that are idle.
async fn watch(pool: Weak<Shared>, every: Duration) {
    loop {
        sleep(every).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut state = pool.state();
        state
            .idle
            .retain(|(sender, since)| !sender.is_closed() && since.elapsed() < pool.idle);
        if state.idle.is_empty() {
            state.watched = false;
            return;
        }
    }
}

#[cfg(test)]
mod tests;
