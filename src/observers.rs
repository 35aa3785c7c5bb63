//! Everyone who hears what became of a request: the metrics, the page of recent repairs, the ledger and the log.

mod breaker;
mod redis;

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

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
    /// With `None` nobody hears of a record.
    recent: Option<Recent>,
    ledger: Ledger,
    /// The upstream of the requests that are told of.
    upstream: Option<Arc<str>>,
}

impl Observers {
    /// Tells `metrics`, `recent` and the log.
    pub fn new(metrics: Metrics, recent: Recent) -> Self {
        Self {
            metrics,
            recent: Some(recent),
            ledger: Ledger::new(SystemTime::now()),
            upstream: None,
        }
    }

    /// Tells nobody of any request. For the benchmark of what it costs to be told.
    pub fn off() -> Self {
        Self {
            metrics: Metrics::off(),
            recent: None,
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
        if let Some(recent) = &self.recent {
            self.metrics.observe(record);
            recent.push(record);
            self.ledger.note(record, SystemTime::now());
            log(record, self.upstream.as_deref());
        }
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
    // Made where a line is written, and nowhere else: most requests have none.
    let filled = Spaced(record.filled, |pointer, f| f.write_str(pointer));
    let repairs = Spaced(record.repairs, |repair, f| f.write_str(repair.as_str()));
    let dropped = Spaced(record.dropped, |name, f| f.write_str(name));
    // `attributes=202 rest=400`; none for a request that was sent as one.
    let parts = Spaced(record.parts, |(name, answer), f| {
        write!(f, "{name}={}", answer.map_or(0, |status| status.as_u16()))
    });
    let hint = record.hint;
    let verdict = record.verdict.map(Verdict::as_str);
    match record.outcome {
        Outcome::Repaired | Outcome::Rejected => tracing::info!(
            parent: None,
            %id, trace_id, span_id, client, upstream,
            rule, outcome, reason, hint, snapshot, age_ms, status, repairs = repairs.to_string(),
            filled = filled.to_string(), dropped = dropped.if_any(), parts = parts.if_any(),
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
            rule, outcome, reason, snapshot, age_ms, status, repairs = repairs.to_string(),
            filled = filled.to_string(), dropped = dropped.if_any(), parts = parts.if_any(), verdict,
            "request {outcome}"
        ),
    }
}

/// Several things in one field, with spaces between them.
struct Spaced<'a, T>(&'a [T], fn(&T, &mut fmt::Formatter<'_>) -> fmt::Result);

impl<T> Spaced<'_, T> {
    /// Nothing rather than an empty field.
    fn if_any(&self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.to_string())
    }
}

impl<T> fmt::Display for Spaced<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, one) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            self.1(one, f)?;
        }
        Ok(())
    }
}
