//! What is counted. Every label has a bounded set of values; ids and paths are none, and of callers only
//! the names that the configuration gives them.

mod answers;
mod by_word;
mod chain;
mod files;
mod names;
mod now;
mod page;
mod process;
mod redis;
mod rules;
mod shaped;
#[cfg(feature = "otel")]
mod spans;
mod times;

use std::fmt;
use std::sync::Arc;

use metrics::{Counter, Gauge, Key, Label, Metadata, Recorder as _};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};

pub use self::answers::UpstreamAnswers;
use self::by_word::ByWord;
use self::names::{
    BREAKER_OPENINGS, BREAKER_REFUSALS, BREAKER_STATE, BUILD_INFO, CLIENT_REQUESTS,
    CREDENTIAL_EXPIRY, CREDENTIAL_FETCHES, HANDSHAKES, IN_FLIGHT, LOOKUP_TIME, OWN_ANSWERS,
    RATE_REFUSALS, RATE_SHAPED, SNAPSHOT_AGE, SNAPSHOTS, describe,
};
use self::now::Now;
pub use self::now::ShownUpstream;
use self::page::{Kind, Page};
pub(crate) use self::redis::RedisMetrics;
use self::rules::ByRule;
pub use self::shaped::{Held, Shaped};
#[cfg(feature = "otel")]
pub(crate) use self::spans::Spans;
use self::times::AllTimes;
pub(crate) use self::times::Times;
use crate::directory::cached::Store;
use crate::layer::budget::Budget;
use crate::layer::record::{Observer, Origin, Record};
use crate::tally::{Tally, Totals};

/// The own answer that a replica gives that has all that it may have.
const OVERLOADED: &str = "patchwright.overloaded";

/// Counters of one proxy. Clones count into the same place, two `Metrics` never do.
#[derive(Clone)]
pub struct Metrics(Arc<Shared>);

struct Shared {
    /// Nothing is counted without one.
    recorder: Option<PrometheusRecorder>,
    times: AllTimes,
    now: Now,
    age: Times,
    rules: ByRule,
    own_answers: ByWord,
    handshakes: ByWord,
    tally: Tally,
}

impl Metrics {
    /// Starts at zero.
    pub fn new() -> Self {
        let recorder = PrometheusBuilder::new().build_recorder();
        describe(&recorder);
        let this = Self::with(Some(recorder));
        let version = Label::new("version", env!("CARGO_PKG_VERSION"));
        this.gauge(BUILD_INFO, vec![version]).set(1.0);
        // Alerts watch for the first of them.
        this.0.own_answers.of(&this, OVERLOADED);
        this
    }

    /// Counts nothing. For the benchmark of what counting costs.
    pub fn off() -> Self {
        Self::with(None)
    }

    fn with(recorder: Option<PrometheusRecorder>) -> Self {
        let times = AllTimes::default();
        let age = recorder.as_ref().map(|_| times.of(SNAPSHOT_AGE, None));
        Self(Arc::new(Shared {
            age: age.unwrap_or_default(),
            rules: ByRule::new(),
            own_answers: ByWord::new(OWN_ANSWERS, "code"),
            handshakes: ByWord::new(HANDSHAKES, "result"),
            tally: Tally::default(),
            now: Now::new(),
            times,
            recorder,
        }))
    }

    /// The same in numbers for people.
    pub fn tally(&self) -> &Tally {
        &self.0.tally
    }

    /// That, where anything is counted at all.
    fn told(&self) -> Option<&Tally> {
        self.0.recorder.as_ref().map(|_| &self.0.tally)
    }

    /// Everything, in Prometheus' text format.
    pub fn render(&self) -> String {
        let Some(recorder) = &self.0.recorder else {
            return String::new();
        };
        let mut page = Page::default();
        show_totals(&self.0.tally.totals(), &mut page);
        self.0.times.show(&mut page);
        self.0.now.show(&mut page);
        recorder.handle().render() + &page.finish()
    }

    /// Shows what is held of `budget`. The first one counts.
    pub fn show_buffered(&self, budget: &Budget) {
        self.0.now.show_buffered(budget);
    }

    /// Shows what `store` holds and knows of `upstreams`, in the place of the one before.
    pub fn show_store(&self, store: &Arc<Store>, upstreams: Vec<ShownUpstream>) {
        self.0.now.show_store(store, upstreams);
    }

    /// Counts a request as in flight until the guard is dropped.
    pub fn in_flight(&self) -> InFlight {
        self.0.tally.entered();
        InFlight(self.clone())
    }

    /// Counts an answer that was made here.
    pub fn own_answer(&self, code: &'static str) {
        self.0.own_answers.count(self, code);
    }

    /// Counts a caller's TLS handshake by how it ended.
    pub fn handshake(&self, result: &'static str) {
        self.0.handshakes.count(self, result);
    }

    /// The counters of the upstream called `name`.
    pub fn upstream(&self, name: &str) -> UpstreamAnswers {
        UpstreamAnswers::new(self, name)
    }

    /// The state of the breaker of the upstream called `name`, how often it opened, and how many lookups
    /// it refused. They are there from the beginning: a rate needs a zero to start from.
    pub(crate) fn breaker(&self, name: &str) -> (Gauge, Counter, Counter) {
        let upstream = || vec![Label::new("upstream", name.to_owned())];
        (
            self.gauge(BREAKER_STATE, upstream()),
            self.counter(BREAKER_OPENINGS, upstream()),
            self.counter(BREAKER_REFUSALS, upstream()),
        )
    }

    /// Lookups of the upstream called `name` that were not started, as their credential's rate leaves no
    /// room for them.
    pub(crate) fn over_budget(&self, name: &str) -> Counter {
        let upstream = Label::new("upstream", name.to_owned());
        self.counter(RATE_REFUSALS, vec![upstream])
    }

    /// The requests to the upstream called `name` that are held back.
    pub fn shaped(&self, name: &str) -> Shaped {
        let upstream = Label::new("upstream", name.to_owned());
        Shaped::new(self, self.counter(RATE_SHAPED, vec![upstream]))
    }

    /// How long the lookups of the upstream called `name` take.
    pub(crate) fn lookup_times(&self, name: &str) -> Times {
        self.times(LOOKUP_TIME, Some(name))
    }

    fn times(&self, name: &'static str, upstream: Option<&str>) -> Times {
        let counts = self.0.recorder.as_ref();
        counts.map_or_else(Times::default, |_| self.0.times.of(name, upstream))
    }

    /// The requests of the client called `name`, or of nobody known, that came to `result`. The names are
    /// the configuration's, and callers can't add to them.
    pub(crate) fn client_requests(&self, name: Option<&str>, result: &'static str) -> Counter {
        let labels = vec![
            Label::new("client", name.unwrap_or_default().to_owned()),
            Label::new("result", result),
        ];
        self.counter(CLIENT_REQUESTS, labels)
    }

    /// The tries to get a token for the credential called `name` that came to `result`.
    pub(crate) fn credential_fetches(&self, name: &str, result: &'static str) -> Counter {
        let labels = vec![
            Label::new("credential", name.to_owned()),
            Label::new("result", result),
        ];
        self.counter(CREDENTIAL_FETCHES, labels)
    }

    /// Until when the token of the credential called `name` is valid; 0 without one.
    pub(crate) fn credential_expiry(&self, name: &str) -> Gauge {
        let labels = vec![Label::new("credential", name.to_owned())];
        self.gauge(CREDENTIAL_EXPIRY, labels)
    }

    fn counter(&self, name: &'static str, labels: Vec<Label>) -> Counter {
        counter(self.0.recorder.as_ref(), name, labels)
    }

    fn gauge(&self, name: &'static str, labels: Vec<Label>) -> Gauge {
        gauge(self.0.recorder.as_ref(), name, labels)
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Observer for Metrics {
    fn observe(&self, record: &Record<'_>) {
        let Some(tally) = self.told() else {
            return;
        };
        tally.observe(record);
        self.0.rules.count(self, record);
        if let Some(age) = record.age {
            self.0.age.record(age);
        }
    }
}

/// A request in flight.
#[derive(Debug)]
pub struct InFlight(Metrics);

impl Drop for InFlight {
    fn drop(&mut self) {
        let Metrics(shared) = &self.0;
        shared.tally.left();
    }
}

/// What people are shown as well, and so is counted once.
fn show_totals(totals: &Totals, page: &mut Page) {
    let text = "Requests that are being answered.";
    page.single(IN_FLIGHT, Kind::Gauge, text, totals.in_flight);
    let text =
        "Snapshots that were used, by how they came about; those hit and shared saved a lookup.";
    page.family(SNAPSHOTS, Kind::Counter, text);
    for (origin, count) in Origin::ALL.iter().zip(totals.snapshots) {
        page.sample(SNAPSHOTS, [("origin", origin.as_str())], count);
    }
}

const METADATA: Metadata<'static> =
    Metadata::new(module_path!(), metrics::Level::INFO, Some(module_path!()));

fn counter(
    recorder: Option<&PrometheusRecorder>,
    name: &'static str,
    labels: Vec<Label>,
) -> Counter {
    recorder.map_or_else(Counter::noop, |recorder| {
        recorder.register_counter(&Key::from_parts(name, labels), &METADATA)
    })
}

fn gauge(recorder: Option<&PrometheusRecorder>, name: &'static str, labels: Vec<Label>) -> Gauge {
    recorder.map_or_else(Gauge::noop, |recorder| {
        recorder.register_gauge(&Key::from_parts(name, labels), &METADATA)
    })
}

#[cfg(test)]
mod tests;
