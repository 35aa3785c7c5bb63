//! `/figures`: the last minutes in numbers.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use serde_json::{Map, Value, json};
use tokio::time::{MissedTickBehavior, interval};

use crate::layer::record::{Origin, Outcome};
use crate::rfc3339;
use crate::tally::{Point, STEP, Series, Spread, Tally, Totals};

/// What the figures are made of. Clones share it, and configurations that come and go don't touch it.
#[derive(Clone)]
pub struct Figures(Arc<Shared>);

struct Shared {
    tally: Tally,
    series: Mutex<Series>,
    started: SystemTime,
    since: Instant,
    /// How far rules go that don't say so themselves.
    mode: Box<dyn Fn() -> &'static str + Send + Sync>,
}

impl Figures {
    /// Begins now.
    pub fn new(tally: &Tally, mode: Box<dyn Fn() -> &'static str + Send + Sync>) -> Self {
        Self(Arc::new(Shared {
            series: Mutex::new(Series::new(tally.totals())),
            tally: tally.clone(),
            started: SystemTime::now(),
            since: Instant::now(),
            mode,
        }))
    }

    /// Reads the counters every few seconds, for ever.
    pub async fn keep(self) {
        let mut ticks = interval(STEP);
        // A process that was suspended has one long point, and not many without anything in them.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        // The first tick is at once.
        ticks.tick().await;
        loop {
            ticks.tick().await;
            let totals = self.0.tally.totals();
            self.series().read(SystemTime::now(), totals);
        }
    }

    /// Everything, as JSON.
    pub(super) fn to_json(&self) -> String {
        let (mut json, _) = self.latest();
        let points: Vec<_> = self.series().points().map(point).collect();
        json.insert("version".to_owned(), json!(env!("CARGO_PKG_VERSION")));
        json.insert("step_s".to_owned(), json!(STEP.as_secs()));
        json.insert("points".to_owned(), Value::Array(points));
        Value::Object(json).to_string()
    }

    /// What changes from one second to the next: the point under way and the last whole one.
    pub(super) fn to_event(&self, ready: bool) -> String {
        let (mut json, last) = self.latest();
        json.insert("ready".to_owned(), json!(ready));
        json.insert(
            "last".to_owned(),
            last.map_or(Value::Null, |last| point(&last)),
        );
        Value::Object(json).to_string()
    }

    /// Tells this process from those that had its address before.
    pub(super) fn started(&self) -> SystemTime {
        self.0.started
    }

    fn latest(&self) -> (Map<String, Value>, Option<Point>) {
        let (now, totals) = (SystemTime::now(), self.0.tally.totals());
        let series = self.series();
        let under_way = series.under_way(now, &totals);
        let last = series.points().next_back().cloned();
        drop(series);
        let json = [
            ("time", json!(rfc3339::millis(now))),
            ("started", json!(rfc3339::millis(self.0.started))),
            ("uptime_s", json!(self.0.since.elapsed().as_secs())),
            ("mode", json!((self.0.mode)())),
            ("now", point(&under_way)),
            ("total", total(&totals)),
        ];
        let json = json.map(|(name, value)| (name.to_owned(), value));
        (json.into_iter().collect(), last)
    }

    fn series(&self) -> MutexGuard<'_, Series> {
        // A point is made before it is kept: a panic can't leave half of one.
        self.0.series.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Figures").finish_non_exhaustive()
    }
}

fn point(point: &Point) -> Value {
    json!({
        "time": rfc3339::millis(point.time),
        "outcomes": outcomes(&point.outcomes),
        "snapshots": snapshots(&point.snapshots),
        "age_ms": spread(&point.age),
        "upstream_ms": spread(&point.upstream),
        "lookup_ms": spread(&point.lookup),
        "in_flight": point.in_flight,
    })
}

fn total(totals: &Totals) -> Value {
    json!({ "outcomes": outcomes(&totals.outcomes), "snapshots": snapshots(&totals.snapshots) })
}

fn outcomes(counts: &[u64]) -> Value {
    let words = Outcome::ALL.iter().map(|outcome| outcome.as_str());
    named(words, counts)
}

fn snapshots(counts: &[u64]) -> Value {
    named(Origin::ALL.iter().map(|origin| origin.as_str()), counts)
}

fn named<'a>(words: impl Iterator<Item = &'a str>, counts: &[u64]) -> Value {
    let named = words.zip(counts);
    Value::Object(
        named
            .map(|(word, count)| (word.to_owned(), json!(count)))
            .collect(),
    )
}

fn spread(spread: &Spread) -> Value {
    json!({ "count": spread.count, "p50": spread.p50, "p99": spread.p99 })
}
