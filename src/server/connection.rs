//! One connection, from its first byte to its end.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;
use tower_service::Service;

use super::accept::Arrival;
use super::activity::{Activity, Deadlines, Expiry};
use super::aside::Aside;
use super::io::Io;
use super::room::Room;
use super::service::{Counted, Introduction};
use super::terms::Terms;
use super::tls::{self, Tls};
use super::version::{Builders, Connection};
use super::workers::Workers;
use crate::BoxError;
use crate::interim::Interims;
use crate::metrics::Metrics;
use crate::peer::Peer;
use crate::received::Received;

/// How long the last words of a connection (a 408, a GOAWAY and what it lets finish) may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// A place among the open connections, given back when the last clone is dropped.
pub(super) type Place = Arc<OwnedSemaphorePermit>;

/// What the server is doing. It only ever goes on to a later stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Serving,
    /// No new connections; those of HTTP/1 get one more request each.
    Lingering,
    /// Only what is in flight.
    Draining,
    /// Time is up.
    Aborting,
}

/// What may happen to a connection that is not on it.
enum Event {
    Expired(Expiry),
    Abused,
    Stage(Stage),
}

/// What every connection of a server shares.
#[derive(Clone, Debug)]
pub(super) struct Shared<S> {
    /// Shared, as every connection holds it in more than one place.
    pub(super) builders: Arc<Builders>,
    pub(super) service: S,
    pub(super) workers: Workers,
    pub(super) deadlines: Deadlines,
    pub(super) stage: watch::Receiver<Stage>,
    pub(super) tls: Option<Tls>,
    pub(super) draining: Arc<AtomicBool>,
    pub(super) metrics: Option<Metrics>,
    pub(super) peers: Arc<AtomicBool>,
    pub(super) room: Arc<Room>,
}

impl<S> Shared<S> {
    pub(super) fn new(
        service: S,
        workers: Workers,
        terms: &Terms,
        stage: watch::Receiver<Stage>,
        room: Arc<Room>,
    ) -> Self {
        Self {
            builders: Arc::new(terms.settings.builders()),
            service,
            workers,
            deadlines: Deadlines::of(&terms.settings),
            stage,
            tls: terms.tls.clone(),
            draining: Arc::default(),
            metrics: terms.settings.metrics.clone(),
            peers: Arc::clone(&terms.settings.peers),
            room,
        }
    }

    /// Goes by these from now on.
    pub(super) fn adopt(&mut self, terms: &Terms) {
        self.builders = Arc::new(terms.settings.builders());
        self.deadlines = Deadlines::of(&terms.settings);
        self.tls.clone_from(&terms.tls);
        self.peers = Arc::clone(&terms.settings.peers);
    }
}

impl<S, B> Shared<S>
where
    S: Service<Request<Received>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    /// Serves one connection until it, or the time it has, is over.
    pub(super) fn start(mut self, (stream, address): Arrival, place: OwnedSemaphorePermit) {
        // Answers are small and complete; waiting to fill packets would only delay them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "can't set TCP_NODELAY");
        }
        // Before the handshake, which is a part of the time that the first head has.
        let activity = Activity::new();
        let peer = Peer {
            address,
            certificate: None,
        };
        let workers = self.workers.clone();
        match self.tls.take() {
            None => workers.serve(stream, |stream| self.serve(stream, peer, activity, place)),
            // TLS takes more than twice the room, which connections without it need not have.
            Some(tls) => workers.serve(stream, |stream| {
                self.secure(tls, stream, peer, activity, place)
            }),
        }
    }

    async fn secure(
        self,
        tls: Tls,
        stream: TcpStream,
        mut peer: Peer,
        activity: Arc<Activity>,
        place: OwnedSemaphorePermit,
    ) {
        // Of its own: the loop of `serve` must still see a change that happens meanwhile.
        let stage = self.stage.clone();
        let greeted = greet(&tls, stream, self.deadlines.header_read, stage).await;
        if let Some(stream) = greeted {
            peer.certificate = tls::names(&stream);
            self.serve(stream, peer, activity, place).await;
        }
    }

    async fn serve<T>(
        mut self,
        stream: T,
        peer: Peer,
        activity: Arc<Activity>,
        place: OwnedSemaphorePermit,
    ) where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let place = Arc::new(place);
        let interims = Interims::default();
        let io = Io::new(
            stream,
            Arc::clone(&activity),
            interims.clone(),
            self.metrics,
            Arc::clone(&place),
        );
        let service = Counted::new(
            self.service,
            Introduction::new(peer, self.peers),
            Arc::clone(&activity),
            interims,
            self.draining,
            place,
        );
        let connection = Connection::new(io, service, Arc::clone(&activity), self.builders);
        let mut connection = pin!(connection);
        let mut expired = pin!(activity.expired(self.deadlines));
        let mut asked = pin!(self.room.asked(&activity));
        let mut graceful = false;
        loop {
            // Polled when it is woken itself, and not for each thing that happens on the connection.
            let mut beside = pin!(Aside::new(async {
                tokio::select! {
                    biased;
                    expiry = expired.as_mut() => Event::Expired(expiry),
                    () = activity.abused() => Event::Abused,
                    changed = self.stage.changed() => {
                        let stage = *self.stage.borrow_and_update();
                        // The server is gone without a word only when its runtime is.
                        Event::Stage(if changed.is_err() { Stage::Aborting } else { stage })
                    }
                }
            }));
            tokio::select! {
                biased;
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        let hint = activity.hint();
                        tracing::debug!(error = &*error, hint, "connection ended");
                    }
                    return;
                }
                // After the connection itself, which has read what there is by now: a request that is here
                // already is answered.
                () = asked.as_mut() => {
                    activity.nothing_is_unread();
                    connection.as_mut().graceful_shutdown();
                    break;
                }
                event = beside.as_mut() => match event {
                    Event::Expired(Expiry::BlockedWrite) | Event::Stage(Stage::Aborting) => return,
                    Event::Expired(Expiry::Silence) if !activity.is_http2() => return,
                    // HTTP/2 says goodbye, so that a request that crosses it is known to be lost.
                    Event::Expired(Expiry::Silence) => {
                        connection.as_mut().graceful_shutdown();
                        break;
                    }
                    Event::Expired(Expiry::PartialHead) => {
                        activity.refuse();
                        break;
                    }
                    Event::Abused => {
                        tracing::debug!("a caller resets most of its requests");
                        connection.as_mut().graceful_shutdown();
                        break;
                    }
                    Event::Stage(stage) => {
                        // GOAWAY loses no request, so HTTP/2 needs no lingering.
                        let due = stage >= Stage::Draining || activity.is_http2();
                        if due && !graceful {
                            graceful = true;
                            connection.as_mut().graceful_shutdown();
                        }
                    }
                },
            }
        }
        // It has had its time, and whatever it ends with is no news.
        let _ = timeout(FAREWELL, connection).await;
    }
}

/// The handshake, in the time that it has.
async fn greet(
    tls: &Tls,
    stream: TcpStream,
    limit: Duration,
    mut stage: watch::Receiver<Stage>,
) -> Option<TlsStream<TcpStream>> {
    let greeted = tokio::select! {
        greeted = timeout(limit, tls.greet(stream)) => greeted,
        // Until then it counts as any connection that has not sent its request yet.
        _ = stage.wait_for(|stage| *stage >= Stage::Draining) => return None,
    };
    match greeted {
        Ok(Ok(stream)) => return Some(stream),
        // It has had its time.
        Ok(Err(parting)) => drop(timeout(FAREWELL, parting.say()).await),
        Err(_) => tls.overdue(),
    }
    None
}
