//! What a connection is doing, and how long it may go on doing it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::Settings;
use super::tls::RECORD;
use crate::pace::Pace;

/// RFC 9113 section 3.4: a client that knows the server speaks HTTP/2 starts with this.
pub(super) const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Requests that a caller may abandon by resetting their streams, while they are no more than half of all.
/// Asking and taking it back costs a caller nothing and us a request upstream (CVE-2023-44487).
const MAX_ABANDONED: u64 = 100;

/// Bounds in time of one connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadlines {
    pub(super) header_read: Duration,
    pub(super) idle: Duration,
}

impl Deadlines {
    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            header_read: settings.header_read,
            idle: settings.idle,
        }
    }
}

/// What has run out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expiry {
    /// A head was begun and not finished: worth a 408.
    PartialHead,
    /// Nothing was being asked: there is nobody to tell.
    Silence,
    /// The peer has stopped reading what it asked for, or as good as stopped.
    BlockedWrite,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    /// So many bytes of the preface matched so far.
    Undecided(usize),
    Http1,
    Http2,
    /// No HTTP begins like this.
    Tls,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Accepted; no request has been read yet.
    Opening,
    /// Between requests.
    Idle,
    /// The first byte of a head has been read, the last one has not.
    Head,
    /// Requests are being answered.
    Busy(usize),
}

#[derive(Debug)]
struct State {
    protocol: Protocol,
    phase: Phase,
    /// Requests that have come so far.
    requests: u64,
    since: Instant,
    /// Of the peer as it reads what it asked for.
    reading: Pace,
    /// Whether the last request announced a body.
    body: bool,
    refused: bool,
    /// Of HTTP/2: those whose stream the caller reset.
    abandoned: u64,
    abused: bool,
}

/// Shared by a connection's I/O, its requests and its watcher.
///
/// None of them wakes another when the phase changes: the watcher never sleeps longer than the shortest
/// deadline, so it always looks again before any phase that began meanwhile can expire.
#[derive(Debug)]
pub(super) struct Activity {
    state: Mutex<State>,
    abused: Notify,
}

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                protocol: Protocol::Undecided(0),
                phase: Phase::Opening,
                since: Instant::now(),
                reading: Pace::default(),
                body: false,
                refused: false,
                requests: 0,
                abandoned: 0,
                abused: false,
            }),
            abused: Notify::new(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is plain data: a panic elsewhere can't leave it half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes arrived.
    pub(super) fn received(&self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let mut state = self.state();
        if let Protocol::Undecided(seen) = state.protocol {
            state.decide(seen, bytes);
        }
        // RFC 9112 section 2.2: empty lines in front of a request are to be ignored, some clients end
        // bodies with one. They begin no head.
        let blank = bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n'));
        if state.phase == Phase::Idle && state.protocol == Protocol::Http1 && !blank {
            state.enter(Phase::Head);
        }
    }

    /// A write has to wait for the peer.
    pub(super) fn write_blocked(&self) {
        self.state().reading.waits(Instant::now());
    }

    /// So many bytes were written. Whether nothing counts against the peer any more.
    pub(super) fn write_moved(&self, bytes: usize) -> bool {
        let mut state = self.state();
        state.reading.moved(Instant::now(), bytes);
        state.reading.is_clear()
    }

    /// Since when nothing has been asked. `None` while something is, or its answer is being written.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let state = self.state();
        let unasked = match state.phase {
            Phase::Opening => state.protocol == Protocol::Undecided(0),
            Phase::Idle => true,
            Phase::Head | Phase::Busy(_) => false,
        };
        (unasked && !state.reading.is_waiting()).then_some(state.since)
    }

    /// A request was read; it is over when the guard is dropped.
    pub(super) fn request(self: &Arc<Self>, body: bool) -> InFlight {
        let mut state = self.state();
        let others = match state.phase {
            Phase::Busy(others) => others,
            _ => 0,
        };
        // Since when is of no interest: no deadline of ours holds then.
        state.phase = Phase::Busy(others + 1);
        state.requests += 1;
        state.body = body;
        InFlight {
            activity: Arc::clone(self),
            finished: false,
        }
    }

    /// Ends when the caller abandons its requests as if they cost nothing.
    pub(super) async fn abused(&self) {
        self.abused.notified().await;
    }

    /// Whether it has done so. What it still asks for is not answered.
    pub(super) fn is_abused(&self) -> bool {
        self.state().abused
    }

    /// How many requests have come, while none of them is being answered.
    pub(super) fn unasked(&self) -> Option<u64> {
        let state = self.state();
        let busy = matches!(state.phase, Phase::Busy(_));
        (!busy).then_some(state.requests)
    }

    /// What an operator should know about a connection that came to nothing.
    pub(super) fn hint(&self) -> Option<&'static str> {
        let hint =
            "the caller speaks TLS to a port without it: it should use http://, or set listen.tls";
        (self.state().protocol == Protocol::Tls).then_some(hint)
    }

    /// Whether what came may still be HTTP/2 as well as anything else.
    pub(super) fn is_undecided(&self) -> bool {
        matches!(self.state().protocol, Protocol::Undecided(_))
    }

    pub(super) fn is_http2(&self) -> bool {
        self.state().protocol == Protocol::Http2
    }

    /// Whether the last request announced a body: some of it may be unread still.
    pub(super) fn had_body(&self) -> bool {
        self.state().body
    }

    /// The connection is idle: hyper keeps none whose last body it has not read to the end.
    pub(super) fn nothing_is_unread(&self) {
        self.state().body = false;
    }

    /// From now on, reading refuses the caller.
    pub(super) fn refuse(&self) {
        self.state().refused = true;
    }

    pub(super) fn is_refused(&self) -> bool {
        self.state().refused
    }

    /// Ends when a deadline has passed.
    pub(super) async fn expired(&self, deadlines: Deadlines) -> Expiry {
        let look_again = deadlines.header_read.min(deadlines.idle);
        loop {
            let now = Instant::now();
            let next = match self.state().deadline(deadlines) {
                Some((deadline, expiry)) if deadline <= now => return expiry,
                Some((deadline, _)) => deadline.min(now + look_again),
                None => now + look_again,
            };
            sleep_until(next).await;
        }
    }
}

impl State {
    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.since = Instant::now();
    }

    fn decide(&mut self, seen: usize, bytes: &[u8]) {
        let expected = PREFACE.get(seen..).unwrap_or_default();
        let matching = expected.iter().zip(bytes).take_while(|(a, b)| a == b);
        let matching = matching.count();
        if seen + matching == PREFACE.len() {
            self.protocol = Protocol::Http2;
            // The frames that follow, PINGs above all, are no requests and extend nothing.
            self.enter(Phase::Idle);
        } else if matching == bytes.len() {
            self.protocol = Protocol::Undecided(seen + matching);
        } else if seen == 0 && bytes.first() == Some(&RECORD) {
            self.protocol = Protocol::Tls;
        } else {
            self.protocol = Protocol::Http1;
        }
    }

    fn deadline(&self, deadlines: Deadlines) -> Option<(Instant, Expiry)> {
        let begun = self.protocol != Protocol::Undecided(0);
        let phase = match self.phase {
            Phase::Opening if begun => Some((deadlines.header_read, Expiry::PartialHead)),
            Phase::Opening => Some((deadlines.header_read, Expiry::Silence)),
            // What follows an early answer may be the rest of that request's body, not a head.
            Phase::Head if self.body => Some((deadlines.header_read, Expiry::Silence)),
            Phase::Head => Some((deadlines.header_read, Expiry::PartialHead)),
            Phase::Idle => Some((deadlines.idle, Expiry::Silence)),
            Phase::Busy(_) => None,
        };
        let phase = phase.map(|(limit, expiry)| (self.since + limit, expiry));
        let blocked = self.reading.deadline(deadlines.idle);
        let blocked = blocked.map(|at| (at, Expiry::BlockedWrite));
        [phase, blocked]
            .into_iter()
            .flatten()
            .min_by_key(|(at, _)| *at)
    }
}

/// One request that is being answered.
#[derive(Debug)]
pub(super) struct InFlight {
    activity: Arc<Activity>,
    finished: bool,
}

impl InFlight {
    /// The answer has ended, or failed on our side. What is dropped before has been abandoned.
    pub(super) fn finish(&mut self) {
        self.finished = true;
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.activity.state();
        if let Phase::Busy(count) = state.phase {
            match count.saturating_sub(1) {
                0 => state.enter(Phase::Idle),
                left => state.phase = Phase::Busy(left),
            }
        }
        if state.protocol == Protocol::Http2 && !self.finished {
            state.abandoned += 1;
            if state.abandoned > MAX_ABANDONED && state.abandoned * 2 > state.requests {
                state.abused = true;
                self.activity.abused.notify_one();
            }
        }
    }
}

#[cfg(test)]
mod tests;
