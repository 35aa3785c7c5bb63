//! Everyone who hears what became of a request: the metrics, the page of recent repairs, the ledger and the log.

mod breaker;
mod redis;

use std::sync::Arc;
use std::time::SystemTime;

use http::StatusCode;
use tracing::field::display;

use crate::admin::Recent;
use crate::layer::record::{Observer, Origin, Outcome, Reason, Record, Verdict};
use crate::ledger::Ledger;
use crate::metrics::Metrics;

pub use self::breaker::BreakerWatch;
pub use self::redis::RedisWatch;

/// Tells metrics, the admin listener's recent repairs, the ledger and the log of each record.
#[derive(Clone, Debug)]
pub struct Observers {
    metrics: Metrics,
    recent: Recent,
    ledger: Ledger,
    /// The upstream of the requests that are told of.
    upstream: Option<Arc<str>>,
}

impl Observers {
    /// Tells `metrics`, `recent` and the log.
    pub fn new(metrics: Metrics, recent: Recent) -> Self {
        Self {
            metrics,
            recent,
            ledger: Ledger::new(SystemTime::now()),
            upstream: None,
        }
    }

    /// The same for requests to the upstream called `name`.
    #[must_use]
    pub fn at(&self, name: &str) -> Self {
        Self {
            upstream: Some(name.into()),
            ..self.clone()
        }
    }

    /// Tells metrics and the log what the breaker of the upstream called `name` does.
    pub fn breaker(&self, name: &str) -> BreakerWatch {
        BreakerWatch::new(&self.metrics, name)
    }

    /// Tells metrics and the log what becomes of the Redis at `address`.
    pub fn redis(&self, address: &str) -> RedisWatch {
        RedisWatch::new(&self.metrics, address)
    }

    /// What callers still send wrong, for the report.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The metrics among them.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }
}

impl Observer for Observers {
    fn observe(&self, record: &Record<'_>) {
        self.metrics.observe(record);
        self.recent.push(record);
        self.ledger.note(record, SystemTime::now());
        log(record, self.upstream.as_deref());
    }
}

/// Writes one line per matched request. What we changed or refused, and what is wrong with what the
/// upstream refused, is worth one in production; what passed as it came is for who looks closer.
///
/// Each line names its client by itself, so that it says the same as text and as JSON.
fn log(record: &Record<'_>, upstream: Option<&str>) {
    let Record {
        id, rule, client, ..
    } = record;
    let trace_id = record.trace.map(|trace| display(trace.trace_id()));
    let span_id = record.trace.map(|trace| display(trace.span_id()));
    let outcome = record.outcome.as_str();
    let reason = record.reason.map(Reason::as_str);
    let snapshot = record.snapshot.map(Origin::as_str);
    // 64 bits: of wider numbers JSON lines make strings.
    let age_ms = record
        .age
        .map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX));
    let status = record.status.map(|status| status.as_u16());
    let filled = record.filled.join(" ");
    let repairs: Vec<_> = record
        .repairs
        .iter()
        .map(|repair| repair.as_str())
        .collect();
    let repairs = repairs.join(" ");
    let dropped = (!record.dropped.is_empty()).then(|| record.dropped.join(" "));
    let parts = parts(record.parts);
    let hint = record.hint;
    let verdict = record.verdict.map(Verdict::as_str);
    match record.outcome {
        Outcome::Repaired | Outcome::Rejected => tracing::info!(
            parent: None,
            %id, trace_id, span_id, client, upstream,
            rule, outcome, reason, hint, snapshot, age_ms, status, repairs, filled, dropped, parts,
            "request {outcome}"
        ),
        // What is wrong with a request is news for whoever owns the application.
        _ if hint.is_some() => tracing::info!(
            parent: None,
            %id, trace_id, span_id, client, upstream,
            rule, outcome, reason, hint, status, verdict, "request {outcome}"
        ),
        _ => tracing::debug!(
            parent: None,
            %id, trace_id, span_id, client, upstream,
            rule, outcome, reason, snapshot, age_ms, status, repairs, filled, dropped, parts, verdict,
            "request {outcome}"
        ),
    }
}

/// `attributes=202 rest=400`; none for a request that was sent as one.
fn parts(parts: &[(String, Option<StatusCode>)]) -> Option<String> {
    let status = |status: &Option<StatusCode>| status.map_or(0, |status| status.as_u16());
    let parts = parts
        .iter()
        .map(|(name, answer)| format!("{name}={}", status(answer)));
    let parts: Vec<_> = parts.collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}
