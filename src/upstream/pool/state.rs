//! Which connections there are, who waits for a stream on one, and who gets it. No I/O.

use std::collections::VecDeque;

use tokio::sync::oneshot;
use tokio::time::Instant;

/// Streams that we put on one connection, also where the upstream allows more. One lost packet holds up
/// everything on a connection, so that fewer, fuller ones are no gain.
pub(super) const MAX_STREAMS: usize = 100;

/// Names a connection for as long as the pool lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id(u64);

/// `S` is what sends on a connection, `F` why there is none.
#[derive(Debug)]
pub(super) struct State<S, F> {
    /// Most connections, those that are being made included.
    max: usize,
    connections: Vec<Connection<S>>,
    waiters: VecDeque<Waiter<S, F>>,
    dialing: usize,
    next: u64,
    /// Streams that the upstream allowed on the connection that was made last; 0 before the first.
    usual: usize,
}

#[derive(Debug)]
struct Connection<S> {
    id: Id,
    sender: S,
    /// Streams that may be open at once.
    streams: usize,
    in_flight: usize,
    /// When the last stream ended.
    since: Instant,
}

#[derive(Debug)]
struct Waiter<S, F> {
    grant: oneshot::Sender<Grant<S, F>>,
    /// Another connection than this is wanted, if there can be one.
    avoid: Option<Id>,
}

/// What came of waiting.
#[derive(Debug)]
pub(super) enum Grant<S, F> {
    /// A stream on this connection. Who drops it has to give the stream back.
    Stream(Id, S),
    /// Nothing can be had.
    Failed(F),
}

/// Whether an idle connection is still wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Idle {
    /// Look again then.
    Until(Instant),
    /// It has been removed.
    Retired,
}

impl<S: Clone, F: Clone> State<S, F> {
    pub(super) fn new(max: usize) -> Self {
        Self {
            max: max.max(1),
            connections: Vec::new(),
            waiters: VecDeque::new(),
            dialing: 0,
            next: 0,
            usual: 0,
        }
    }

    /// Queues up. [`State::serve`] may answer at once.
    pub(super) fn wait(&mut self, avoid: Option<Id>) -> oneshot::Receiver<Grant<S, F>> {
        // Those who gave up waiting leave here, so that the queue is never longer than the requests.
        self.waiters.retain(|waiter| !waiter.grant.is_closed());
        let (grant, granted) = oneshot::channel();
        self.waiters.push_back(Waiter { grant, avoid });
        granted
    }

    /// Hands free streams to those who wait, in their order.
    pub(super) fn serve(&mut self) {
        let mut at = 0;
        while let Some(waiter) = self.waiters.get(at) {
            if waiter.grant.is_closed() {
                self.waiters.remove(at);
                continue;
            }
            let avoid = waiter.avoid;
            let Some(connection) = self.free(avoid) else {
                if avoid.is_none() {
                    // Then there is nothing for those behind it either.
                    return;
                }
                at += 1;
                continue;
            };
            let id = connection.id;
            let grant = Grant::Stream(id, connection.sender.clone());
            connection.in_flight += 1;
            let waiter = self.waiters.remove(at);
            if waiter.is_none_or(|waiter| waiter.grant.send(grant).is_err()) {
                self.give_back(id);
            }
        }
    }

    /// The connection with the fewest streams, if it has room.
    fn free(&mut self, avoid: Option<Id>) -> Option<&mut Connection<S>> {
        let room = |connection: &&mut Connection<S>| connection.in_flight < connection.streams;
        let dialing = self.dialing > 0;
        let avoided = |connection: &Connection<S>| Some(connection.id) == avoid;
        self.connections
            .iter_mut()
            .filter(room)
            .filter(|connection| !(dialing && avoided(connection)))
            .min_by_key(|connection| (avoided(connection), connection.in_flight))
    }

    /// How many connections to make now: each is counted until [`State::made`] or [`State::not_made`].
    ///
    /// The first one tells how many streams the upstream allows. From then on there are as many at once as
    /// those who wait will need.
    pub(super) fn dials(&mut self) -> usize {
        let waiting = self.waiters.iter();
        let waiting = waiting.filter(|waiter| !waiter.grant.is_closed()).count();
        let wanted = match self.usual {
            0 => waiting.min(1),
            usual => waiting.div_ceil(usual),
        };
        let room = self
            .max
            .saturating_sub(self.connections.len() + self.dialing);
        let dials = wanted.saturating_sub(self.dialing).min(room);
        self.dialing += dials;
        dials
    }

    /// Whether to make one more connection for somebody who wants another than this.
    pub(super) fn dials_besides(&mut self, avoid: Id) -> bool {
        let other = |connection: &Connection<S>| {
            connection.id != avoid && connection.in_flight < connection.streams
        };
        let dials = self.dialing == 0
            && self.connections.len() < self.max
            && !self.connections.iter().any(other);
        self.dialing += usize::from(dials);
        dials
    }

    /// A connection was made.
    pub(super) fn made(&mut self, sender: S, allowed: usize) -> Id {
        self.dialing = self.dialing.saturating_sub(1);
        let id = Id(self.next);
        self.next += 1;
        let streams = allowed.min(MAX_STREAMS);
        self.usual = streams;
        self.connections.push(Connection {
            id,
            sender,
            streams,
            in_flight: 0,
            since: Instant::now(),
        });
        id
    }

    /// A connection could not be made. Whoever has nothing else to hope for is told.
    pub(super) fn not_made(&mut self, why: F) {
        self.dialing = self.dialing.saturating_sub(1);
        if self.dialing == 0 && self.connections.is_empty() {
            for waiter in self.waiters.drain(..) {
                // One that has gone already needs no reason.
                let _ = waiter.grant.send(Grant::Failed(why.clone()));
            }
        }
    }

    /// The upstream changed how many streams it allows.
    pub(super) fn allow(&mut self, id: Id, allowed: usize) {
        let streams = allowed.min(MAX_STREAMS);
        if let Some(connection) = self.find(id)
            && connection.streams != streams
        {
            connection.streams = streams;
            self.usual = streams;
        }
    }

    /// A stream has ended.
    pub(super) fn give_back(&mut self, id: Id) {
        if let Some(connection) = self.find(id) {
            connection.in_flight = connection.in_flight.saturating_sub(1);
            connection.since = Instant::now();
        }
    }

    /// The connection takes no more streams. Those on it are not touched.
    pub(super) fn remove(&mut self, id: Id) {
        self.connections.retain(|connection| connection.id != id);
    }

    /// Removes the connection if it had no stream for `limit`.
    pub(super) fn idle(&mut self, id: Id, limit: std::time::Duration) -> Idle {
        let now = Instant::now();
        match self.find(id) {
            Some(connection) if connection.in_flight > 0 => Idle::Until(now + limit),
            Some(connection) if connection.since + limit > now => {
                Idle::Until(connection.since + limit)
            }
            _ => {
                self.remove(id);
                Idle::Retired
            }
        }
    }

    /// Whether there is a connection at all.
    pub(super) fn is_connected(&self) -> bool {
        !self.connections.is_empty()
    }

    fn find(&mut self, id: Id) -> Option<&mut Connection<S>> {
        self.connections
            .iter_mut()
            .find(|connection| connection.id == id)
    }
}

#[cfg(test)]
mod tests;
