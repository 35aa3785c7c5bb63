//! `/events`: what happens, as it happens, as server-sent events
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).
//!
//! Whoever reads pulls: an event is made when the connection takes one, so that nothing is computed while
//! nobody looks, nothing waits in memory for somebody slow, and the listener's own bound on writes that
//! don't move ends those who don't read.

use std::fmt::{self, Write as _};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use super::Readiness;
use super::figures::Figures;
use super::recent::{Recent, Shown};
use super::reply::{Content, Reply, refuse};
use crate::answer::Answer;

/// Open streams: some people, each with a page or two. More would be a mistake that costs everyone.
const STREAMS: usize = 8;
/// The shortest time between two events: what is faster nobody can read.
const TICK: Duration = Duration::from_millis(250);
/// Ticks between two looks at the figures: a second.
const FIGURES: u64 = 4;
/// Ticks between two words on callers, whose report is asked for then.
const CALLERS: u64 = 8;
/// Repairs told at a tick, but the first: a busy proxy has more, and nobody reads them all.
const BATCH: usize = 20;
/// A stream ends after so long, and a browser begins another one where it ended. Whoever holds one
/// without reading it, and does not even let the kernel's buffers fill, holds it no longer.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// When a browser comes back, in milliseconds, and somebody who found no place.
const RETRY: Duration = Duration::from_secs(1);

/// Places for those who look.
#[derive(Clone, Debug)]
pub(super) struct Streams(Arc<Semaphore>);

impl Default for Streams {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(STREAMS)))
    }
}

impl Streams {
    /// Opens a stream, from where the last one of the same visitor ended.
    pub(super) fn open(
        &self,
        headers: &HeaderMap,
        (recent, figures, ready): (&Recent, &Figures, &Readiness),
    ) -> Reply {
        if !ready.get() {
            let (code, message) = ("patchwright.admin.draining", "the process is about to end");
            return unavailable(code, message);
        }
        let Ok(place) = Arc::clone(&self.0).try_acquire_owned() else {
            let message =
                format!("{STREAMS} streams are open already: close one, or a page that has one");
            return unavailable("patchwright.admin.streams", &message);
        };
        let until = Instant::now() + LONGEST;
        let mut ticks = interval(TICK);
        // Whoever is slow gets less, and not all at once later.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let process = process(figures);
        let over = ready.clone();
        let events = Events {
            // Of what has not been yet, nobody has seen anything.
            has: last_seen(headers, &process).min(recent.number()),
            process,
            recent: recent.clone(),
            figures: figures.clone(),
            ready: ready.clone(),
            over: Box::pin(async move { over.lost().await }),
            ticks,
            tick: 0,
            told: 0,
            until,
            _place: place,
        };
        let mut response = Response::new(Content::Events(Box::new(events)));
        let headers = response.headers_mut();
        for (name, value) in [
            (header::CONTENT_TYPE, "text/event-stream"),
            (header::CACHE_CONTROL, "no-store"),
            // nginx would keep events until it has a page full of them.
            (HeaderName::from_static("x-accel-buffering"), "no"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

fn unavailable(code: &'static str, message: &str) -> Reply {
    refuse(Answer::new(StatusCode::SERVICE_UNAVAILABLE, code, message).retry_after(RETRY))
}

/// The first half of the ids of events: those of another process are none of ours.
fn process(figures: &Figures) -> String {
    let started = figures.started().duration_since(UNIX_EPOCH);
    format!("{:x}", started.unwrap_or_default().as_millis())
}

/// The number of the last repair that somebody has seen of this process; 0 for none.
fn last_seen(headers: &HeaderMap, process: &str) -> u64 {
    let id = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let (of, number) = id.and_then(|id| id.split_once('-')).unwrap_or_default();
    let number = number.parse().ok().filter(|_| of == process);
    number.unwrap_or_default()
}

/// One stream of events.
pub struct Events {
    process: String,
    recent: Recent,
    figures: Figures,
    ready: Readiness,
    over: Pin<Box<dyn Future<Output = ()> + Send>>,
    ticks: Interval,
    tick: u64,
    /// The number of the last repair that was told.
    has: u64,
    /// And of the last one when callers were told of.
    told: u64,
    until: Instant,
    _place: OwnedSemaphorePermit,
}

impl Events {
    /// The next events, when there are some; none when the stream is over.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            if self.over.as_mut().poll(cx).is_ready() || Instant::now() >= self.until {
                return Poll::Ready(None);
            }
            ready!(self.ticks.poll_tick(cx));
            let events = self.at_tick();
            if !events.is_empty() {
                return Poll::Ready(Some(Bytes::from(events)));
            }
        }
    }

    fn at_tick(&mut self) -> String {
        let tick = self.tick;
        self.tick += 1;
        let mut events = String::new();
        if tick == 0 {
            let _ = writeln!(events, "retry: {}\n", RETRY.as_millis());
        }
        // First of all: they say whether this is the same process as before.
        if tick.is_multiple_of(FIGURES) {
            say(
                &mut events,
                "figures",
                &self.figures.to_event(self.ready.get()),
            );
        }
        let most = if tick == 0 { usize::MAX } else { BATCH };
        self.tell_repairs(&mut events, most);
        // What callers are reported for changes with every record, and with nothing else.
        if tick.is_multiple_of(CALLERS) && self.told != self.has {
            self.told = self.has;
            say(&mut events, "callers", "{}");
        }
        events
    }

    /// The repairs since the last ones, the newest first. The oldest of too many are only counted.
    fn tell_repairs(&mut self, events: &mut String, most: usize) {
        if self.recent.number() == self.has {
            return;
        }
        let fresh = self.recent.after(self.has, most);
        let Some(newest) = fresh.first().map(|entry| entry.facts().number) else {
            return;
        };
        let repairs = Repairs {
            skipped: newest - self.has - fresh.len() as u64,
            repairs: fresh.iter().map(|entry| Shown::of(entry)).collect(),
        };
        self.has = newest;
        let _ = writeln!(events, "id: {}-{newest}", self.process);
        // There is nothing in it that has no words in JSON.
        let repairs = serde_json::to_string(&repairs).unwrap_or_default();
        say(events, "repairs", &repairs);
    }
}

#[derive(Serialize)]
struct Repairs<'a> {
    skipped: u64,
    repairs: Vec<Shown<'a>>,
}

/// JSON has no line ends in it that would end the event.
fn say(events: &mut String, event: &str, json: &str) {
    let _ = write!(events, "event: {event}\ndata: {json}\n\n");
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events")
            .field("has", &self.has)
            .finish_non_exhaustive()
    }
}
