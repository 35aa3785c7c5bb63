use metrics::{Counter, Label};

use super::Metrics;
use super::chain::Chain;

/// Counters of one metric that has one label, whose words are this program's.
pub(super) struct ByWord {
    name: &'static str,
    label: &'static str,
    counters: Chain<(&'static str, Counter)>,
}

impl ByWord {
    pub(super) fn new(name: &'static str, label: &'static str) -> Self {
        Self {
            name,
            label,
            counters: Chain::default(),
        }
    }

    pub(super) fn of(&self, metrics: &Metrics, word: &'static str) -> &Counter {
        let new = || {
            let label = Label::new(self.label, word);
            (word, metrics.counter(self.name, vec![label]))
        };
        &self.counters.find_or(|(known, _)| *known == word, new).1
    }

    pub(super) fn count(&self, metrics: &Metrics, word: &'static str) {
        self.of(metrics, word).increment(1);
    }
}
