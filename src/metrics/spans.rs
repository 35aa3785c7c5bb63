use metrics::{Counter, Label};

use super::Metrics;
use super::names::SPANS;

/// What became of the spans of sampled traces. There only where they are exported.
#[derive(Clone)]
pub(crate) struct Spans {
    /// The collector has them.
    pub(crate) exported: Counter,
    /// It did not take them.
    pub(crate) failed: Counter,
    /// They found no place in the queue.
    pub(crate) dropped: Counter,
}

impl Metrics {
    /// The counters of spans.
    pub(crate) fn spans(&self) -> Spans {
        let counter = |result| self.counter(SPANS, vec![Label::new("result", result)]);
        Spans {
            exported: counter("exported"),
            failed: counter("failed"),
            dropped: counter("dropped"),
        }
    }
}

impl std::fmt::Debug for Spans {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spans").finish_non_exhaustive()
    }
}
