//! Connections to an upstream that speaks HTTP/2.
//!
//! hyper-util's client opens one HTTP/2 connection per host and no second one when the upstream allows no
//! more streams on it (hyperium/hyper#3623): requests then queue inside of it, where nobody sees or bounds
//! them. Its newer `client::pool` has pieces for one shared connection and for many of one request each,
//! and none for many shared ones. So requests get a stream here first:
//!
//! - on the connection with the fewest, where the upstream allows another one;
//! - else on a new connection, up to `limits.http2_connections`. However many requests come at once, the
//!   first connection is made alone: only it can tell how many streams the upstream allows;
//! - else they wait for their turn, no longer than `timeouts.connect`.
//!
//! A stream is taken until the answer's body has ended and the request's is with the upstream.
//!
//! Sending again is the exception: see [`Pool::request`].

mod connection;
mod lease;
mod repeat;
mod replay;
mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{Request, Response, Uri};
use http_body::Body as _;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout};

use self::connection::{NotMade, Sender};
pub(super) use self::lease::Lease;
use self::lease::Waiting;
use self::repeat::was_not_processed;
use self::replay::{Outgoing, Replay};
use self::state::{Grant, Id, State};
use super::body::RequestBody;
use super::connector::Connector;

/// Connections that may turn out to be closed before one takes the request. A second one would do but for
/// an upstream that closes many at once, as when it is restarted.
const UNSENT: usize = 8;
/// For how long an upstream that chose HTTP/1.1 is not asked again. It may be one of several behind a
/// balancer, or about to be replaced.
const HTTP1: Duration = Duration::from_secs(60);

/// Bounds of a pool.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    /// Most connections.
    pub(super) connections: usize,
    /// Making a connection, and waiting for a stream.
    pub(super) connect: Duration,
    /// A connection without a stream.
    pub(super) idle: Duration,
    /// Silence on a connection with a stream, after which it is asked for a sign of life; and how long
    /// that may take.
    pub(super) ping: Duration,
    /// Bytes of the head of an answer.
    pub(super) header_bytes: usize,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// No connection: nothing was delivered.
    #[error(transparent)]
    Connect(Arc<NotMade>),
    /// The upstream takes no more requests for now: nothing was carried out.
    #[error("no free stream: {0}")]
    Busy(&'static str),
    /// The request may have been carried out.
    #[error(transparent)]
    Broken(hyper::Error),
}

/// What became of a request.
#[derive(Debug)]
pub(super) enum Sent {
    /// It was answered. The lease is to be kept for as long as the body.
    Answered(Response<Incoming>, Arc<Lease>),
    /// The upstream wants HTTP/1.1: here is the request back.
    Http1(Box<Request<RequestBody>>),
}

/// The connections to one upstream. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    uri: Uri,
    connector: Connector,
    settings: Settings,
    state: Mutex<State<Sender, NoGrant>>,
    /// Until when HTTP/1.1 is what the upstream wants.
    http1: Mutex<Option<Instant>>,
}

/// Why nobody gets a stream.
#[derive(Clone, Debug)]
enum NoGrant {
    Http1,
    Unreachable(Arc<NotMade>),
}

enum Acquired {
    Stream(Arc<Lease>, Sender),
    Http1,
}

impl Pool {
    /// To whom `uri` leads.
    pub(super) fn new(uri: Uri, connector: Connector, settings: Settings) -> Self {
        Self {
            shared: Arc::new(Shared {
                uri,
                connector,
                settings,
                state: Mutex::new(State::new(settings.connections)),
                http1: Mutex::new(None),
            }),
        }
    }

    /// Sends a request and waits for the head of its answer.
    ///
    /// Nothing is sent again that may have been carried out. These can't have been:
    ///
    /// - what hyper gives back, because its connection closed before it was taken up;
    /// - a stream that the upstream refused (RFC 9113 section 8.7), or that is beyond those it says it has
    ///   seen when it says goodbye (section 6.8).
    ///
    /// The latter get one more try on another connection, if the body can be told again from the start.
    pub(super) async fn request(&self, request: Request<RequestBody>) -> Result<Sent, Error> {
        let (parts, body) = request.into_parts();
        let mut body = Replay::new(body);
        let (mut unsent, mut refused, mut avoid) = (0, false, None);
        loop {
            let (lease, mut sender) = match self.shared.acquire(avoid).await? {
                Acquired::Stream(lease, sender) => (lease, sender),
                Acquired::Http1 => {
                    let body = body.into_body();
                    let body = body.ok_or(Error::Busy("the upstream went back to HTTP/1.1"))?;
                    let request = Request::from_parts(parts, body);
                    return Ok(Sent::Http1(Box::new(request)));
                }
            };
            avoid = Some(lease.id());
            let (outgoing, told) = Outgoing::new(body, Arc::clone(&lease));
            let sent = Request::from_parts(parts.clone(), outgoing);
            let had_body = !sent.body().is_end_stream();
            let mut error = match sender.try_send_request(sent).await {
                Ok(answer) => return Ok(Sent::Answered(answer, lease)),
                Err(error) => error,
            };
            if error.take_message().is_some() {
                unsent += 1;
                // It is closed, whether or not its task has found the time to say so.
                self.shared.remove(lease.id());
                if unsent > UNSENT {
                    return Err(Error::Busy("every connection was closed at once"));
                }
            } else if was_not_processed(&error, &parts.method, had_body) {
                if refused {
                    return Err(Error::Busy("the upstream refused the request twice"));
                }
                refused = true;
            } else {
                return Err(Error::Broken(error.into_error()));
            }
            body = told.again().ok_or(Error::Busy(
                "the upstream refused the request, and too much of its body was sent",
            ))?;
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State<Sender, NoGrant>> {
        // Plain data that every change leaves whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn acquire(self: &Arc<Self>, avoid: Option<Id>) -> Result<Acquired, Error> {
        if self.wants_http1() {
            return Ok(Acquired::Http1);
        }
        let (waiting, dials) = {
            let mut state = self.state();
            let dials = avoid.is_some_and(|avoid| state.dials_besides(avoid));
            (state.wait(avoid), dials)
        };
        if dials {
            tokio::spawn(connection::run(Arc::clone(self)));
        }
        let mut waiting = Waiting::new(waiting, Arc::clone(self));
        self.pump();
        match timeout(self.settings.connect, waiting.granted()).await {
            Ok(Some(Grant::Stream(id, sender))) => {
                let lease = Lease::new(id, Arc::clone(self));
                Ok(Acquired::Stream(Arc::new(lease), sender))
            }
            Ok(Some(Grant::Failed(NoGrant::Http1))) => Ok(Acquired::Http1),
            Ok(Some(Grant::Failed(NoGrant::Unreachable(why)))) => Err(Error::Connect(why)),
            Ok(None) => Err(Error::Busy("the queue is gone")),
            Err(_) if self.state().is_connected() => {
                Err(Error::Busy("all were taken for too long"))
            }
            Err(_) => Err(Error::Connect(Arc::new(NotMade::Timeout))),
        }
    }

    /// Lets those who wait have what there is, and makes the connections that they need besides.
    fn pump(self: &Arc<Self>) {
        let dials = {
            let mut state = self.state();
            state.serve();
            state.dials()
        };
        for _ in 0..dials {
            tokio::spawn(connection::run(Arc::clone(self)));
        }
    }

    fn made(self: &Arc<Self>, sender: Sender, allowed: usize) -> Id {
        let id = self.state().made(sender, allowed);
        self.pump();
        id
    }

    /// Not followed by another attempt: the next request makes one.
    fn not_made(&self, why: NotMade) {
        let why = if matches!(why, NotMade::Http1) {
            *self.http1.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(Instant::now() + HTTP1);
            NoGrant::Http1
        } else {
            NoGrant::Unreachable(Arc::new(why))
        };
        let mut state = self.state();
        state.not_made(why);
        state.serve();
    }

    fn allow(self: &Arc<Self>, id: Id, allowed: usize) {
        self.state().allow(id, allowed);
        self.pump();
    }

    fn give_back(self: &Arc<Self>, id: Id) {
        self.state().give_back(id);
        self.pump();
    }

    fn remove(self: &Arc<Self>, id: Id) {
        self.state().remove(id);
        self.pump();
    }

    fn wants_http1(&self) -> bool {
        let until = *self.http1.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }
}

#[cfg(test)]
mod tests;
