//! Histograms of times.
//!
//! Not the recorder's: that one keeps every sample in memory until somebody asks, where these are as large
//! with the first request as with the last, and cost two additions.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::names::{LOOKUP_TIME, RATE_SHAPED_TIME, REDIS_TIME, SNAPSHOT_AGE, UPSTREAM_TIME};
use super::page::{Kind, Page};
use super::redis;

/// Name, text and upper bounds in seconds of each histogram.
const HISTOGRAMS: [(&str, &str, &[f64]); 5] = [
    (
        SNAPSHOT_AGE,
        "Age of snapshots when they were used.",
        // Around `cache.max_age`, which is 2 s unless configured otherwise.
        &[0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 15.0],
    ),
    (
        LOOKUP_TIME,
        "How long lookups took, from the request to the end of the answer.",
        // From what a neighbour takes to the longest that is waited by default.
        &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0],
    ),
    (
        UPSTREAM_TIME,
        "How long upstreams took, from the head of a request to that of its answer.",
        &[
            0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
        ],
    ),
    (
        RATE_SHAPED_TIME,
        "How long requests were held back.",
        // Up to the longest `budget.shape`.
        &[0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0],
    ),
    (REDIS_TIME, "How long Redis took.", &redis::BUCKETS),
];

/// One histogram. Clones count into the same place.
#[derive(Clone, Default)]
pub(crate) struct Times(Option<Arc<Buckets>>);

struct Buckets {
    name: &'static str,
    upstream: Option<String>,
    bounds: &'static [f64],
    /// Those up to each bound and above the one before, and then those above all.
    counts: Box<[AtomicU64]>,
    /// Enough for five centuries.
    nanoseconds: AtomicU64,
}

impl Times {
    /// One more.
    pub(crate) fn record(&self, time: Duration) {
        let Some(buckets) = &self.0 else {
            return;
        };
        let seconds = time.as_secs_f64();
        let place = buckets.bounds.iter().position(|bound| seconds <= *bound);
        let place = place.unwrap_or(buckets.bounds.len());
        if let Some(count) = buckets.counts.get(place) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        buckets
            .nanoseconds
            .fetch_add(nanoseconds, Ordering::Relaxed);
    }
}

impl fmt::Debug for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Times").finish_non_exhaustive()
    }
}

/// All histograms that there are.
#[derive(Default)]
pub(super) struct AllTimes(Mutex<Vec<Arc<Buckets>>>);

impl AllTimes {
    /// The histogram `name`, of one upstream where it is one for each.
    pub(super) fn of(&self, name: &'static str, upstream: Option<&str>) -> Times {
        let Some((name, _, bounds)) = HISTOGRAMS.iter().find(|(known, _, _)| *known == name) else {
            return Times::default();
        };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = |one: &&Arc<Buckets>| one.name == *name && one.upstream.as_deref() == upstream;
        if let Some(known) = all.iter().find(known) {
            return Times(Some(Arc::clone(known)));
        }
        let new = Arc::new(Buckets {
            name,
            upstream: upstream.map(str::to_owned),
            bounds,
            counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            nanoseconds: AtomicU64::new(0),
        });
        all.push(Arc::clone(&new));
        Times(Some(new))
    }

    pub(super) fn show(&self, page: &mut Page) {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, text, _) in HISTOGRAMS {
            let mut of_name = all.iter().filter(|one| one.name == name).peekable();
            if of_name.peek().is_some() {
                page.family(name, Kind::Histogram, text);
            }
            of_name.for_each(|one| one.show(page));
        }
    }
}

impl Buckets {
    fn show(&self, page: &mut Page) {
        let upstream = self.upstream.as_deref().map(|name| ("upstream", name));
        let bounds = self.bounds.iter().map(f64::to_string);
        let bounds = bounds.chain(["+Inf".to_owned()]);
        let mut total = 0;
        for (bound, count) in bounds.zip(&self.counts) {
            total += count.load(Ordering::Relaxed);
            let labels = upstream.into_iter().chain([("le", &*bound)]);
            page.sample(&format!("{}_bucket", self.name), labels, total);
        }
        let nanoseconds = self.nanoseconds.load(Ordering::Relaxed);
        let seconds = Duration::from_nanos(nanoseconds).as_secs_f64();
        page.sample(&format!("{}_sum", self.name), upstream, seconds);
        // Of what was added above: one that comes meanwhile must not be in the one and not in the other.
        page.sample(&format!("{}_count", self.name), upstream, total);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_in_all_buckets_from_its_own_on() {
        let all = AllTimes::default();
        let times = all.of(LOOKUP_TIME, Some("a\"b"));
        all.of(LOOKUP_TIME, Some("other"));
        for millis in [1, 5, 6, 9000] {
            times.record(Duration::from_millis(millis));
        }
        // The same one again.
        all.of(LOOKUP_TIME, Some("a\"b"))
            .record(Duration::from_secs(1));
        let mut page = Page::default();
        all.show(&mut page);
        let text = page.finish();
        let line = |labels: &str, value: &str| {
            let line = format!("patchwright_lookup_duration_seconds{labels} {value}\n");
            assert!(text.contains(&line), "{line} is not in\n{text}");
        };
        for (bound, count) in [
            ("0.005", "2"),
            ("0.01", "3"),
            ("1", "4"),
            ("5", "4"),
            ("+Inf", "5"),
        ] {
            line(
                &format!(r#"_bucket{{upstream="a\"b",le="{bound}"}}"#),
                count,
            );
        }
        line(r#"_sum{upstream="a\"b"}"#, "10.012");
        line(r#"_count{upstream="a\"b"}"#, "5");
        line(r#"_count{upstream="other"}"#, "0");
        assert_eq!(text.matches("# TYPE").count(), 1, "{text}");
    }
}
