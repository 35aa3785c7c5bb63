//! What is logged.

use std::sync::{Arc, PoisonError, RwLock};

use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata, callsite};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::{Layer, Registry};

use super::TelemetryError;
use crate::document::nearest;

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// A filter in force, in whose place another one may be put. Clones are the same one.
#[derive(Clone, Debug)]
pub(super) struct Filter(Arc<RwLock<Targets>>);

impl Filter {
    pub(super) fn new(targets: Targets) -> Self {
        Self(Arc::new(RwLock::new(targets)))
    }

    /// Whether a line or span of this kind is logged. Asked once for each place in the program, and then remembered
    /// there until another filter takes this one's place.
    pub(super) fn wants(&self, metadata: &Metadata<'_>) -> bool {
        is_safe(metadata) && self.wants_own(metadata.target(), *metadata.level())
    }

    /// Whether a line of ours is logged.
    pub(super) fn wants_own(&self, target: &str, level: Level) -> bool {
        let targets = self.0.read().unwrap_or_else(PoisonError::into_inner);
        targets.would_enable(target, &level)
    }

    /// The lowest level of which anything is logged.
    pub(super) fn lowest(&self) -> Option<LevelFilter> {
        let targets = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Layer::<Registry>::max_level_hint(&*targets)
    }

    pub(super) fn set(&self, targets: Targets) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = targets;
        callsite::rebuild_interest_cache();
    }
}

/// Reads a filter. A word by itself is a level, or one of our own parts: tracing takes any other for the name of
/// a part of some program, and would log nothing where somebody mistyped `debug`.
pub(super) fn parse(text: &str) -> Result<Targets, TelemetryError> {
    let own = env!("CARGO_CRATE_NAME");
    let known = |word: &str| {
        let level = LEVELS.iter().any(|level| word.eq_ignore_ascii_case(level));
        level || word.starts_with(own) || word.contains('=')
    };
    let words = text.split(',').map(str::trim);
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return Err(TelemetryError::Word(text.to_owned(), String::new()));
    }
    if let Some(word) = words.iter().find(|word| word.contains('[') || !known(word)) {
        let hint = nearest(word, LEVELS.into_iter());
        return Err(TelemetryError::Word((*word).to_owned(), hint));
    }
    let targets = words.join(",").parse();
    targets.map_err(|error| TelemetryError::Filter(text.into(), error))
}

/// Whether a line or span is sure to hold nothing of a request's: see the [module docs](super).
fn is_safe(metadata: &Metadata<'_>) -> bool {
    let part = metadata.target().strip_prefix(env!("CARGO_CRATE_NAME"));
    let is_own = part.is_some_and(|part| part.is_empty() || part.starts_with("::"));
    is_own || *metadata.level() <= Level::WARN
}
