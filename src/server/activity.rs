//! What a connection is doing, and how long it may go on doing it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::tls::RECORD;

/// RFC 9113 section 3.4: a client that knows the server speaks HTTP/2 starts with this.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Bounds in time of one connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadlines {
    pub(super) header_read: Duration,
    pub(super) idle: Duration,
}

/// What has run out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expiry {
    /// A head was begun and not finished: worth a 408.
    PartialHead,
    /// Nothing was being asked: there is nobody to tell.
    Silence,
    /// The peer has stopped reading what it asked for.
    BlockedWrite,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    /// So many bytes of the preface matched so far.
    Undecided(usize),
    Http1,
    Http2,
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
    since: Instant,
    blocked_since: Option<Instant>,
    /// Whether the last request announced a body.
    body: bool,
    refused: bool,
    /// Whether what came first was TLS.
    tls: bool,
}

/// Shared by a connection's I/O, its requests and its watcher.
///
/// None of them wakes another when the phase changes: the watcher never sleeps longer than the shortest
/// deadline, so it always looks again before any phase that began meanwhile can expire.
#[derive(Debug)]
pub(super) struct Activity(Mutex<State>);

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(State {
            protocol: Protocol::Undecided(0),
            phase: Phase::Opening,
            since: Instant::now(),
            blocked_since: None,
            body: false,
            refused: false,
            tls: false,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is plain data: a panic elsewhere can't leave it half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        self.state().blocked_since.get_or_insert_with(Instant::now);
    }

    /// A write went through.
    pub(super) fn write_moved(&self) {
        self.state().blocked_since = None;
    }

    /// A request was read; it is over when the guard is dropped.
    pub(super) fn request(self: &Arc<Self>, body: bool) -> InFlight {
        let mut state = self.state();
        let others = match state.phase {
            Phase::Busy(others) => others,
            _ => 0,
        };
        state.enter(Phase::Busy(others + 1));
        state.body = body;
        InFlight(Arc::clone(self))
    }

    /// What an operator should know about a connection that came to nothing.
    pub(super) fn hint(&self) -> Option<&'static str> {
        let hint =
            "the caller speaks TLS to a port without it: it should use http://, or set listen.tls";
        self.state().tls.then_some(hint)
    }

    pub(super) fn is_http2(&self) -> bool {
        self.state().protocol == Protocol::Http2
    }

    /// Whether the last request announced a body: some of it may be unread still.
    pub(super) fn had_body(&self) -> bool {
        self.state().body
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
        self.tls = seen == 0 && bytes.first() == Some(&RECORD);
        let expected = PREFACE.get(seen..).unwrap_or_default();
        let matching = expected.iter().zip(bytes).take_while(|(a, b)| a == b);
        let matching = matching.count();
        if seen + matching == PREFACE.len() {
            self.protocol = Protocol::Http2;
            // The frames that follow, PINGs above all, are no requests and extend nothing.
            self.enter(Phase::Idle);
        } else if matching == bytes.len() {
            self.protocol = Protocol::Undecided(seen + matching);
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
        let blocked = self
            .blocked_since
            .map(|since| (since + deadlines.idle, Expiry::BlockedWrite));
        [phase, blocked]
            .into_iter()
            .flatten()
            .min_by_key(|(at, _)| *at)
    }
}

/// One request that is being answered.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Activity>);

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.0.state();
        if let Phase::Busy(count) = state.phase {
            match count.saturating_sub(1) {
                0 => state.enter(Phase::Idle),
                left => state.phase = Phase::Busy(left),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEADLINES: Deadlines = Deadlines {
        header_read: Duration::from_secs(10),
        idle: Duration::from_secs(60),
    };

    async fn expiry_of(activity: &Activity) -> (u64, Expiry) {
        let from = Instant::now();
        let expiry = activity.expired(DEADLINES).await;
        (from.elapsed().as_secs(), expiry)
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_sends_nothing_has_as_long_as_a_head() {
        assert_eq!(expiry_of(&Activity::new()).await, (10, Expiry::Silence));
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_is_counted_from_accept_and_then_from_its_first_byte() {
        let activity = Activity::new();
        tokio::time::sleep(Duration::from_secs(4)).await;
        activity.received(b"GET / HT");
        assert_eq!(expiry_of(&activity).await, (6, Expiry::PartialHead));

        let activity = Activity::new();
        activity.received(b"GET / HTTP/1.1\r\n\r\n");
        drop(activity.request(false));
        tokio::time::sleep(Duration::from_secs(30)).await;
        activity.received(b"G");
        tokio::time::sleep(Duration::from_secs(5)).await;
        activity.received(b"E");
        assert_eq!(expiry_of(&activity).await, (5, Expiry::PartialHead));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_has_no_deadline_and_then_the_connection_is_idle() {
        let activity = Activity::new();
        activity.received(b"GET / HTTP/1.1\r\n\r\n");
        let (one, two) = (activity.request(false), activity.request(false));
        let shared = Arc::clone(&activity);
        let watcher = tokio::spawn(async move { shared.expired(DEADLINES).await });
        tokio::time::sleep(Duration::from_secs(3600)).await;
        drop(one);
        tokio::time::sleep(Duration::from_secs(3600)).await;
        assert!(!watcher.is_finished());
        drop(two);
        tokio::time::sleep(Duration::from_secs(59)).await;
        assert!(!watcher.is_finished());
        assert_eq!(watcher.await.unwrap(), Expiry::Silence);
    }

    #[tokio::test(start_paused = true)]
    async fn pings_do_not_keep_an_http2_connection_open() {
        let activity = Activity::new();
        activity.received(&PREFACE[..10]);
        activity.received(&PREFACE[10..]);
        assert!(activity.is_http2());
        tokio::time::sleep(Duration::from_secs(50)).await;
        activity.received(b"\0\0\x08\x06\0\0\0\0\0pingpong");
        assert_eq!(expiry_of(&activity).await, (10, Expiry::Silence));
    }

    #[tokio::test(start_paused = true)]
    async fn empty_lines_between_requests_begin_no_head() {
        let activity = Activity::new();
        activity.received(b"GET / HTTP/1.1\r\n\r\n");
        drop(activity.request(false));
        activity.received(b"\r\n");
        assert_eq!(expiry_of(&activity).await, (60, Expiry::Silence));
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_stops_reading_is_given_up() {
        let activity = Activity::new();
        activity.received(b"GET / HTTP/1.1\r\n\r\n");
        let _request = activity.request(false);
        activity.write_blocked();
        tokio::time::sleep(Duration::from_secs(59)).await;
        activity.write_moved();
        activity.write_blocked();
        assert_eq!(expiry_of(&activity).await, (60, Expiry::BlockedWrite));
    }
}
