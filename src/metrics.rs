//! What is counted. Every label has a bounded set of values; ids and paths are none, and of callers only
//! the names that the configuration gives them.

mod redis;
mod shaped;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use http::StatusCode;
use metrics::{Counter, Gauge, Histogram, Key, Label, Metadata, Recorder as _, Unit};
use metrics_exporter_prometheus::{
    BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};

pub(crate) use self::redis::RedisMetrics;
pub use self::shaped::{Held, Shaped};
use crate::layer::budget::Budget;
use crate::layer::record::{Observer, Reason, Record};

const REQUESTS: &str = "patchwright_requests_total";
const REPAIRS: &str = "patchwright_repairs_total";
const LOOKUPS: &str = "patchwright_lookups_total";
const IN_FLIGHT: &str = "patchwright_in_flight";
const BUFFERED: &str = "patchwright_buffered_bytes";
const UPSTREAM_ANSWERS: &str = "patchwright_upstream_answers_total";
const OWN_ANSWERS: &str = "patchwright_own_answers_total";
const HANDSHAKES: &str = "patchwright_tls_handshakes_total";
const RELOADS: &str = "patchwright_reloads_total";
const CERTIFICATE_EXPIRY: &str = "patchwright_certificate_expiry_timestamp_seconds";
const CONFIG_SUCCESSFUL: &str = "patchwright_config_last_reload_successful";
const CONFIG_TIME: &str = "patchwright_config_last_reload_success_timestamp_seconds";
const BREAKER_STATE: &str = "patchwright_lookup_breaker_state";
const BREAKER_OPENINGS: &str = "patchwright_lookup_breaker_openings_total";
const BREAKER_REFUSALS: &str = "patchwright_lookup_breaker_refusals_total";
const RATE_REFUSALS: &str = "patchwright_rate_lookups_refused_total";
const RATE_SHAPED: &str = "patchwright_rate_shaped_total";
const RATE_SHAPED_TIME: &str = "patchwright_rate_shaped_seconds";
const CLIENT_REQUESTS: &str = "patchwright_client_requests_total";
const CREDENTIAL_FETCHES: &str = "patchwright_credential_fetches_total";
const CREDENTIAL_EXPIRY: &str = "patchwright_credential_expiry_timestamp_seconds";
const SNAPSHOT_AGE: &str = "patchwright_snapshot_age_seconds";
const BUILD_INFO: &str = "patchwright_build_info";

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
            recorder,
        })))
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
        InFlight(self.0.in_flight.clone())
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
        UpstreamAnswers {
            metrics: self.clone(),
            name: name.to_owned(),
            counters: Arc::new([const { OnceLock::new() }; STATUSES.len()]),
        }
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

/// Counts the answers of one upstream.
#[derive(Clone, Debug)]
pub struct UpstreamAnswers {
    metrics: Metrics,
    name: String,
    /// Found once and kept: this is counted for every request, and finding a counter means building its
    /// labels. Those that never counted anything don't appear.
    counters: Arc<[OnceLock<Counter>; STATUSES.len()]>,
}

impl UpstreamAnswers {
    /// It answered.
    pub fn count(&self, answered: StatusCode) {
        self.add(Some(answered));
    }

    /// It gave no answer.
    pub fn count_none(&self) {
        self.add(None);
    }

    fn add(&self, answered: Option<StatusCode>) {
        let Some(counter) = place(answered).and_then(|place| self.counters.get(place)) else {
            return;
        };
        let counter = counter.get_or_init(|| {
            let upstream = Label::new("upstream", self.name.clone());
            let status = Label::new("status", status(answered));
            self.metrics
                .counter(UPSTREAM_ANSWERS, vec![upstream, status])
        });
        counter.increment(1);
    }
}

/// A request in flight.
#[derive(Debug)]
pub struct InFlight(Gauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

const METADATA: Metadata<'static> =
    Metadata::new(module_path!(), metrics::Level::INFO, Some(module_path!()));

fn gauge(recorder: &PrometheusRecorder, name: &'static str, labels: Vec<Label>) -> Gauge {
    recorder.register_gauge(&Key::from_parts(name, labels), &METADATA)
}

fn describe(recorder: &PrometheusRecorder) {
    for (name, text) in [
        (
            REQUESTS,
            "Requests that a rule matched, by what became of them.",
        ),
        (REPAIRS, "Edits that were made, by kind."),
        (LOOKUPS, "Snapshots that were used, by how they came about."),
        (
            UPSTREAM_ANSWERS,
            "Answers of an upstream; status \"none\" where it gave none.",
        ),
        (OWN_ANSWERS, "Answers that patchwright made itself."),
        (
            HANDSHAKES,
            "TLS handshakes with callers, by how they ended.",
        ),
        (
            RELOADS,
            "Changes of the configuration and of certificate files; result \"failed\" where the new ones cannot be used.",
        ),
        (
            BREAKER_OPENINGS,
            "How often lookups were suspended because too many failed.",
        ),
        (BREAKER_REFUSALS, "Lookups that were suspended."),
        (
            RATE_REFUSALS,
            "Lookups that were not sent, as budget.lookup_share of their credential's rate was used.",
        ),
        (
            RATE_SHAPED,
            "Requests that were held back until their credential's rate allowed them.",
        ),
        (
            CLIENT_REQUESTS,
            "Requests by client; result \"unknown\" where it is none.",
        ),
        (
            CREDENTIAL_FETCHES,
            "Tries to get a token from a login host, by how they ended.",
        ),
        (
            redis::OPERATIONS,
            "What Redis was asked to do; result \"alone\" where it was not, since it cannot be used.",
        ),
        (
            redis::SNAPSHOTS,
            "Snapshots that were looked for in Redis before a lookup.",
        ),
        (
            redis::PUSHES,
            "Changes by other replicas that Redis has told of.",
        ),
    ] {
        recorder.describe_counter(name.into(), None, text.into());
    }
    let text = "Requests that are being answered.";
    recorder.describe_gauge(IN_FLIGHT.into(), None, text.into());
    let text = "Bytes of bodies and answers that are held in memory; limits.buffered bounds them.";
    recorder.describe_gauge(BUFFERED.into(), Some(Unit::Bytes), text.into());
    recorder.describe_gauge(BUILD_INFO.into(), None, "The version that runs.".into());
    let text = "Until when the certificate in use is valid, in seconds since 1970.";
    recorder.describe_gauge(CERTIFICATE_EXPIRY.into(), Some(Unit::Seconds), text.into());
    let text = "Whether the configuration that was read last is in force.";
    recorder.describe_gauge(CONFIG_SUCCESSFUL.into(), None, text.into());
    let text = "When the configuration was last read and found right, in seconds since 1970.";
    recorder.describe_gauge(CONFIG_TIME.into(), Some(Unit::Seconds), text.into());
    let text = "Until when the token in use is valid, in seconds since 1970; 0 without one.";
    recorder.describe_gauge(CREDENTIAL_EXPIRY.into(), Some(Unit::Seconds), text.into());
    let text = "Lookups of an upstream: 0 all go, 1 one goes as a probe, 2 suspended.";
    recorder.describe_gauge(BREAKER_STATE.into(), None, text.into());
    let text = "How long requests were held back.";
    recorder.describe_histogram(RATE_SHAPED_TIME.into(), Some(Unit::Seconds), text.into());
    let text = "Whether snapshots are shared through Redis: 1, or 0 while the replica is alone.";
    recorder.describe_gauge(redis::UP.into(), None, text.into());
    let text = "How long Redis took.";
    recorder.describe_histogram(redis::SECONDS.into(), Some(Unit::Seconds), text.into());
    let text = "Age of snapshots when they were used.";
    recorder.describe_histogram(SNAPSHOT_AGE.into(), Some(Unit::Seconds), text.into());
}

/// The statuses that say something to an operator by themselves, and the classes of all others: upstreams
/// choose the number, so not every one can be a label.
const STATUSES: [(u16, &str); 26] = [
    (200, "200"),
    (201, "201"),
    (202, "202"),
    (204, "204"),
    (304, "304"),
    (400, "400"),
    (401, "401"),
    (403, "403"),
    (404, "404"),
    (408, "408"),
    (409, "409"),
    (413, "413"),
    (415, "415"),
    (422, "422"),
    (429, "429"),
    (500, "500"),
    (502, "502"),
    (503, "503"),
    (504, "504"),
    (1, "1xx"),
    (2, "2xx"),
    (3, "3xx"),
    (4, "4xx"),
    (5, "5xx"),
    // Not in use on the internet, but the type allows them.
    (OTHER, "other"),
    (NONE, "none"),
];
const OTHER: u16 = 6;
const NONE: u16 = 0;

/// The place in [`STATUSES`] of a status, or of none.
fn place(status: Option<StatusCode>) -> Option<usize> {
    let code = status.map_or(NONE, |status| status.as_u16());
    let at = |wanted: u16| STATUSES.iter().position(|(code, _)| *code == wanted);
    at(code).or_else(|| at(code / 100)).or_else(|| at(OTHER))
}

fn status(status: Option<StatusCode>) -> &'static str {
    let label = place(status).and_then(|place| STATUSES.get(place));
    label.map_or("other", |(_, label)| label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::RequestId;
    use crate::layer::record::{Origin, Outcome, Repair};
    use std::time::Duration;

    fn record<'a>() -> Record<'a> {
        Record {
            rule: "participant",
            outcome: Outcome::Repaired,
            reason: None,
            repairs: &[Repair::Fill, Repair::ContentType],
            filled: &["/state"],
            dropped: &[],
            parts: &[],
            hint: None,
            snapshot: Some(Origin::Hit),
            age: Some(Duration::from_millis(120)),
            status: Some(StatusCode::OK),
            user_agent: Some("curl"),
            id: RequestId::next(),
        }
    }

    #[test]
    fn a_record_is_counted_under_its_words() {
        let metrics = Metrics::new().unwrap();
        metrics.observe(&record());
        metrics.observe(&Record {
            outcome: Outcome::Forwarded,
            reason: Some(Reason::NotJson),
            repairs: &[],
            snapshot: None,
            age: None,
            status: None,
            ..record()
        });
        let text = metrics.render();
        for line in [
            r#"patchwright_requests_total{rule="participant",outcome="repaired",reason="",status="200"} 1"#,
            r#"patchwright_requests_total{rule="participant",outcome="forwarded",reason="not_json",status="none"} 1"#,
            r#"patchwright_repairs_total{rule="participant",repair="content-type"} 1"#,
            r#"patchwright_lookups_total{origin="hit"} 1"#,
            r#"patchwright_snapshot_age_seconds_bucket{le="0.25"} 1"#,
            r#"patchwright_build_info{version=""#,
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("curl"), "callers are no label");
    }

    #[test]
    fn two_proxies_in_one_process_count_apart() {
        let (one, two) = (Metrics::new().unwrap(), Metrics::new().unwrap());
        one.upstream("api").count(StatusCode::OK);
        assert!(one.render().contains("patchwright_upstream_answers_total{"));
        assert!(!two.render().contains("patchwright_upstream_answers_total{"));
    }

    #[test]
    fn what_is_in_flight_is_so_until_it_is_dropped() {
        let metrics = Metrics::new().unwrap();
        let request = metrics.in_flight();
        assert!(metrics.render().contains("patchwright_in_flight 1"));
        drop(request);
        assert!(metrics.render().contains("patchwright_in_flight 0"));
    }

    #[test]
    fn an_upstream_cannot_invent_labels() {
        let all = (100..1000).map(|code| status(StatusCode::from_u16(code).ok()));
        let all: std::collections::HashSet<_> = all.collect();
        assert!(all.len() < 30, "{all:?}");
    }
}
