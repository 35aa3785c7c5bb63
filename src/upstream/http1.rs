//! Connections to an upstream that speaks HTTP/1.1: one request at a time on each.
//!
//! A request takes the connection that was given back last, so that those that are too many grow old and
//! are closed. Where there is none it makes one, and meanwhile takes any that another request gives back: a
//! connection that was made in vain by then is kept for the next one. A worker takes its own before
//! those of others.
//!
//! hyper-util's general client does the same for any number of hosts, and for that looks each request's
//! host up, takes its URI apart and puts it together again, and starts a task that waits until the
//! connection is free. Here the one host is known, and the answer's body tells when it has ended.

mod line;
mod state;

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};
use tower_service::Service as _;

pub(super) use self::line::Line;
use self::line::Sender;
use self::state::{Home, Kept, State, here};
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
        let here = here();
        loop {
            let mut line = match self.shared.idle(here) {
                Some(line) => line,
                // In a box: a connection is made once, and there are many requests on it.
                None => Box::pin(self.shared.wait_or_connect(here)).await?,
            };
            if let Some(response) = line.request(request).await? {
                return Ok((response, line));
            }
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Plain data that every change leaves whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One that was given back, if any is of use.
    fn idle(self: &Arc<Self>, here: Home) -> Option<Line> {
        let mut state = self.state();
        while let Some(kept) = state.take(here) {
            if kept.sender.is_ready() && kept.since.elapsed() < self.idle {
                if kept.home != here && state.borrows_often() {
                    self.keep(Box::pin(self.make()), here);
                }
                return Some(Line::new(kept.sender, self, kept.home, true));
            }
        }
        None
    }

    /// Whichever comes first.
    async fn wait_or_connect(self: &Arc<Self>, here: Home) -> Result<Line, Error> {
        let line = self.state().wait(here);
        let mut making = Box::pin(self.make());
        tokio::select! {
            biased;
            Ok(line) = line => {
                self.keep(making, here);
                Ok(line)
            }
            made = &mut making => Ok(Line::new(made?, self, here, false)),
        }
    }

    /// For the next one.
    fn keep<F>(self: &Arc<Self>, making: Pin<Box<F>>, home: Home)
    where
        F: Future<Output = Result<Sender, Error>> + Send + 'static,
    {
        let pool = Arc::downgrade(self);
        tokio::spawn(async move {
            match (making.await, pool.upgrade()) {
                (Ok(sender), Some(pool)) => pool.take_back(sender, home),
                (Ok(_), None) => {}
                (Err(error), _) => {
                    tracing::debug!(%error, "a connection that was no longer needed");
                }
            }
        });
    }

    /// To whoever waits for one, or to the others that are idle.
    fn take_back(self: &Arc<Self>, mut sender: Sender, home: Home) {
        loop {
            let mut state = self.state();
            let Some(waiting) = state.next(home) else {
                if state.idle.len() < MAX_IDLE {
                    // Without a runtime, as when a process ends, nobody could look after it.
                    let Ok(runtime) = Handle::try_current() else {
                        return;
                    };
                    let since = Instant::now();
                    state.idle.push(Kept {
                        sender,
                        home,
                        since,
                    });
                    if !mem::replace(&mut state.watched, true) {
                        runtime.spawn(watch(Arc::downgrade(self), self.idle.max(MIN_LOOK)));
                    }
                }
                return;
            };
            drop(state);
            match waiting.send(Line::new(sender, self, home, true)) {
                Ok(()) => return,
                // Nobody waits any more. It must not find its way back by itself: it is on it.
                Err(mut line) => match line.sender.take() {
                    Some(back) => sender = back,
                    None => return,
                },
            }
        }
    }

    /// A new connection, whose task is on this runtime.
    fn make(&self) -> impl Future<Output = Result<Sender, Error>> + Send + use<> {
        make(self.connector.clone().call(self.uri.clone()))
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
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
            .retain(|kept| !kept.sender.is_closed() && kept.since.elapsed() < pool.idle);
        if state.idle.is_empty() {
            state.watched = false;
            return;
        }
    }
}

#[cfg(test)]
mod tests;
