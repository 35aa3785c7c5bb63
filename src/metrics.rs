//! What is counted. Every label has a bounded set of values; ids and paths are none, and of callers only
//! the names that the configuration gives them.

mod answers;
mod names;
mod redis;
mod shaped;
#[cfg(feature = "otel")]
mod spans;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use metrics::{Counter, Gauge, Histogram, Key, Label, Metadata, Recorder as _};
use metrics_exporter_prometheus::{
    BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};

pub use self::answers::UpstreamAnswers;
use self::answers::status;
use self::names::{
    BREAKER_OPENINGS, BREAKER_REFUSALS, BREAKER_STATE, BUFFERED, BUILD_INFO, CERTIFICATE_EXPIRY,
    CLIENT_REQUESTS, CONFIG_SUCCESSFUL, CONFIG_TIME, CREDENTIAL_EXPIRY, CREDENTIAL_FETCHES,
    HANDSHAKES, IN_FLIGHT, LOOKUPS, OWN_ANSWERS, RATE_REFUSALS, RATE_SHAPED, RATE_SHAPED_TIME,
    RELOADS, REPAIRS, REQUESTS, SNAPSHOT_AGE, describe,
};
pub(crate) use self::redis::RedisMetrics;
pub use self::shaped::{Held, Shaped};
#[cfg(feature = "otel")]
pub(crate) use self::spans::Spans;
use crate::layer::budget::Budget;
use crate::layer::record::{Observer, Reason, Record};
use crate::tally::Tally;

/// Around `cache.max_age`, which is 2 s unless configured otherwise.
const AGE_BUCKETS: [f64; 9] = [0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 15.0];
/// Up to the longest `budget.shape`.
const SHAPED_BUCKETS: [f64; 9] = [0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0];
/// Samples wait in memory until somebody renders them; after so many they are folded in all the same.
const FOLD_EVERY: u64 = 1024;

/// Counters of one proxy. Clones count into the same place, two `Metrics` never do.
#[derive(Clone)]
pub struct Metrics(Arc<Shared>);

struct Shared {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    in_flight: Gauge,
    buffered: OnceLock<Budget>,
    age: Histogram,
    shaped: Histogram,
    samples: AtomicU64,
    tally: Tally,
}

impl Metrics {
    /// Starts at zero.
    pub fn new() -> Result<Self, BuildError> {
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Full(SNAPSHOT_AGE.to_owned()), &AGE_BUCKETS)?
            .set_buckets_for_metric(Matcher::Full(RATE_SHAPED_TIME.to_owned()), &SHAPED_BUCKETS)?
            .set_buckets_for_metric(Matcher::Full(redis::SECONDS.to_owned()), &redis::BUCKETS)?
            .build_recorder();
        describe(&recorder);
        let version = Label::new("version", env!("CARGO_PKG_VERSION"));
        gauge(&recorder, BUILD_INFO, vec![version]).set(1.0);
        Ok(Self(Arc::new(Shared {
            handle: recorder.handle(),
            in_flight: gauge(&recorder, IN_FLIGHT, Vec::new()),
            buffered: OnceLock::new(),
            age: recorder.register_histogram(&Key::from_name(SNAPSHOT_AGE), &METADATA),
            shaped: recorder.register_histogram(&Key::from_name(RATE_SHAPED_TIME), &METADATA),
            samples: AtomicU64::new(0),
            tally: Tally::default(),
            recorder,
        })))
    }

    /// The same in numbers for people.
    pub fn tally(&self) -> &Tally {
        &self.0.tally
    }

    /// Everything, in Prometheus' text format.
    pub fn render(&self) -> String {
        if let Some(budget) = self.0.buffered.get() {
            // Whoever renders wants to know how it is now; to count along would cost every request.
            #[expect(
                clippy::cast_precision_loss,
                reason = "exact up to 8 PiB, and a gauge is a float"
            )]
            gauge(&self.0.recorder, BUFFERED, Vec::new()).set(budget.held() as f64);
        }
        self.0.handle.render()
    }

    /// Shows what is held of `budget`. The first one counts.
    pub fn show_buffered(&self, budget: &Budget) {
        let _ = self.0.buffered.set(budget.clone());
    }

    /// Counts a request as in flight until the guard is dropped.
    pub fn in_flight(&self) -> InFlight {
        self.0.in_flight.increment(1.0);
        self.0.tally.entered();
        InFlight(self.clone())
    }

    /// Counts an answer that was made here.
    pub fn own_answer(&self, code: &'static str) {
        self.counter(OWN_ANSWERS, vec![Label::new("code", code)])
            .increment(1);
    }

    /// Counts a caller's TLS handshake by how it ended.
    pub fn handshake(&self, result: &'static str) {
        self.counter(HANDSHAKES, vec![Label::new("result", result)])
            .increment(1);
    }

    /// Counts a change of files that `name` is made of; `used` says whether they could be used.
    pub fn reloaded(&self, name: &str, used: bool) {
        let result = if used { "ok" } else { "failed" };
        let labels = vec![
            Label::new("name", name.to_owned()),
            Label::new("result", result),
        ];
        self.counter(RELOADS, labels).increment(1);
    }

    /// Notes until when the certificate that `name` uses is valid.
    pub fn certificate_expires(&self, name: &str, end: SystemTime) {
        let labels = vec![Label::new("name", name.to_owned())];
        let since = end.duration_since(SystemTime::UNIX_EPOCH);
        // Before 1970 is as expired as 1970.
        let seconds = since.unwrap_or_default().as_secs_f64();
        gauge(&self.0.recorder, CERTIFICATE_EXPIRY, labels).set(seconds);
    }

    /// Notes that what `name` stood for is not in use any more.
    pub fn certificate_gone(&self, name: &str) {
        let labels = vec![Label::new("name", name.to_owned())];
        // A series can't be taken back, and whatever is compared with this is not so.
        gauge(&self.0.recorder, CERTIFICATE_EXPIRY, labels).set(f64::NAN);
    }

    /// Notes that the configuration was read just now, at the start or again, and whether it is in force.
    pub fn config_read(&self, used: bool) {
        let set = |name, value| gauge(&self.0.recorder, name, Vec::new()).set(value);
        set(CONFIG_SUCCESSFUL, f64::from(u8::from(used)));
        if used {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            set(CONFIG_TIME, now.unwrap_or_default().as_secs_f64());
        }
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
            gauge(&self.0.recorder, BREAKER_STATE, upstream()),
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

    fn sample(&self, histogram: &Histogram, time: Duration) {
        histogram.record(time.as_secs_f64());
        self.sampled();
    }

    /// Folds what waits in memory, now and then.
    fn sampled(&self) {
        if self.0.samples.fetch_add(1, Ordering::Relaxed) % FOLD_EVERY == FOLD_EVERY - 1 {
            self.0.handle.run_upkeep();
        }
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
        gauge(&self.0.recorder, CREDENTIAL_EXPIRY, labels)
    }

    fn counter(&self, name: &'static str, labels: Vec<Label>) -> Counter {
        let key = Key::from_parts(name, labels);
        self.0.recorder.register_counter(&key, &METADATA)
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Observer for Metrics {
    fn observe(&self, record: &Record<'_>) {
        self.0.tally.observe(record);
        let rule = record.rule.to_owned();
        let reason = record.reason.map_or("", Reason::as_str);
        let requests = vec![
            Label::new("rule", rule.clone()),
            Label::new("outcome", record.outcome.as_str()),
            Label::new("reason", reason),
            Label::new("status", status(record.status)),
        ];
        self.counter(REQUESTS, requests).increment(1);
        for repair in record.repairs {
            let repair = Label::new("repair", repair.as_str());
            self.counter(REPAIRS, vec![Label::new("rule", rule.clone()), repair])
                .increment(1);
        }
        if let Some(origin) = record.snapshot {
            self.counter(LOOKUPS, vec![Label::new("origin", origin.as_str())])
                .increment(1);
        }
        if let Some(age) = record.age {
            self.sample(&self.0.age, age);
        }
    }
}

/// A request in flight.
#[derive(Debug)]
pub struct InFlight(Metrics);

impl Drop for InFlight {
    fn drop(&mut self) {
        let Metrics(shared) = &self.0;
        shared.in_flight.decrement(1.0);
        shared.tally.left();
    }
}

const METADATA: Metadata<'static> =
    Metadata::new(module_path!(), metrics::Level::INFO, Some(module_path!()));

fn gauge(recorder: &PrometheusRecorder, name: &'static str, labels: Vec<Label>) -> Gauge {
    recorder.register_gauge(&Key::from_parts(name, labels), &METADATA)
}

#[cfg(test)]
mod tests;
