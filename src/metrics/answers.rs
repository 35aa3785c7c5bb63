use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::StatusCode;
use metrics::{Counter, Label};

use super::Metrics;
use super::names::{UPSTREAM_ANSWERS, UPSTREAM_TIME};
use super::times::Times;

/// Counts the answers of one upstream.
#[derive(Clone, Debug)]
pub struct UpstreamAnswers {
    metrics: Metrics,
    name: String,
    times: Times,
    /// Found once and kept: this is counted for every request, and finding a counter means building its
    /// labels. Those that never counted anything don't appear.
    counters: Arc<[OnceLock<Counter>; STATUSES.len()]>,
}

impl UpstreamAnswers {
    pub(super) fn new(metrics: &Metrics, name: &str) -> Self {
        let this = Self {
            metrics: metrics.clone(),
            name: name.to_owned(),
            times: metrics.times(UPSTREAM_TIME, Some(name)),
            counters: Arc::new([const { OnceLock::new() }; STATUSES.len()]),
        };
        // The failures that are watched for: the first of them must be seen as one more.
        for status in [500, 502, 503, 504] {
            this.counter(StatusCode::from_u16(status).ok());
        }
        this.counter(None);
        this
    }

    /// It answered, `took` after it was asked.
    pub fn count(&self, answered: StatusCode, took: Duration) {
        if let Some(tally) = self.metrics.told() {
            tally.answered(took);
        }
        self.times.record(took);
        self.add(Some(answered));
    }

    /// It gave no answer.
    pub fn count_none(&self) {
        self.add(None);
    }

    fn add(&self, answered: Option<StatusCode>) {
        if let Some(counter) = self.counter(answered) {
            counter.increment(1);
        }
    }

    fn counter(&self, answered: Option<StatusCode>) -> Option<&Counter> {
        let counter = self.counters.get(place(answered)?)?;
        Some(counter.get_or_init(|| {
            let upstream = Label::new("upstream", self.name.clone());
            let status = Label::new("status", status(answered));
            self.metrics
                .counter(UPSTREAM_ANSWERS, vec![upstream, status])
        }))
    }
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

pub(super) fn status(status: Option<StatusCode>) -> &'static str {
    let label = place(status).and_then(|place| STATUSES.get(place));
    label.map_or("other", |(_, label)| label)
}
