//! What the proxy of one configuration leaves to that of the next.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;

use super::exports::Exports;
use super::places::Places;
use crate::access::Client;
use crate::config::{self, Config};
use crate::credential::Credential;
use crate::directory::breaker;
use crate::directory::cached::{Gate, Store};
use crate::layer::Learned;
use crate::rule::spec::{RejectionSpec, RuleSpec, SourceSpec};
use crate::upstream::{self, Upstream};

/// Everything of a proxy that lives longer than its configuration.
///
/// A proxy is made from a configuration and the handover of the one before, and leaves one of its own
/// (see [`build`](super::build)). What a configuration has no more is not in it, and goes with the last
/// request that needs it. The first proxy gets an empty one.
#[derive(Debug, Default)]
pub struct Handover {
    pub(super) store: Option<Arc<Store>>,
    /// What that is shared by.
    pub(super) redis: Option<config::Redis>,
    pub(super) places: Option<Places>,
    /// With the traces that wait.
    pub(super) exports: Kept<config::Otlp, Arc<dyn Exports>>,
    /// Their connections, above all.
    pub(super) upstreams: Kept<upstream::Settings, Upstream>,
    pub(super) breakers: Kept<(Target, breaker::Settings), Arc<Gate>>,
    pub(super) learned: Kept<(Target, Arc<Specs>), Learned>,
    /// With their tokens.
    pub(super) credentials: Kept<TokenSource, Credential>,
    /// With what they have used of their rates and places.
    pub(super) clients: Kept<(config::Client, Option<Credential>), Arc<Client>>,
}

/// Where the tokens of a credential come from, and how long is waited for one.
#[derive(Debug, PartialEq)]
pub(super) struct TokenSource(
    pub(super) config::Credential,
    pub(super) upstream::Settings,
    pub(super) Duration,
);

/// An upstream, as what becomes known of it is kept: of another address it would not be true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) name: String,
    pub(super) url: Uri,
}

/// All that the rules are compiled from.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Specs(Vec<SourceSpec>, Vec<RuleSpec>, Vec<RejectionSpec>);

impl Specs {
    pub(super) fn of(config: &Config) -> Arc<Self> {
        Arc::new(Self(
            config.sources.clone(),
            config.rules.clone(),
            config.diagnoses.clone(),
        ))
    }
}

impl Handover {
    /// Where sampled traces go.
    pub fn exports(&self) -> Option<&Arc<dyn Exports>> {
        self.exports.values().next()
    }

    /// Where snapshots are remembered.
    pub fn store(&self) -> Option<&Arc<Store>> {
        self.store.as_ref()
    }
}

/// Things that are kept for as long as they are made from the same settings.
#[derive(Debug)]
pub(super) struct Kept<K, V>(Vec<(K, V)>);

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: PartialEq, V: Clone> Kept<K, V> {
    /// What `before` has for these settings, or else what `make` makes of them. It is kept here.
    pub(super) fn take_over<E>(
        &mut self,
        before: &Self,
        settings: K,
        make: impl FnOnce(&K) -> Result<V, E>,
    ) -> Result<V, E> {
        let mut all = before.0.iter();
        let value = match all.find(|(known, _)| *known == settings) {
            Some((_, value)) => value.clone(),
            None => make(&settings)?,
        };
        self.0.push((settings, value.clone()));
        Ok(value)
    }

    /// What is kept.
    pub(super) fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }

    /// As [`take_over`](Self::take_over), of what can always be made.
    pub(super) fn take(&mut self, before: &Self, settings: K, make: impl FnOnce() -> V) -> V {
        let kept = self.take_over(before, settings, |_| Ok::<_, Infallible>(make()));
        kept.unwrap_or_else(|never| match never {})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(number: u32) -> impl FnOnce(&&str) -> Result<u32, ()> {
        move |_| Ok(number)
    }

    #[test]
    fn what_has_the_same_settings_is_kept_and_nothing_else() {
        let (none, mut first) = (Kept::default(), Kept::default());
        assert_eq!(first.take_over(&none, "a", made(1)), Ok(1));
        assert_eq!(first.take_over(&none, "b", made(2)), Ok(2));
        let mut second = Kept::default();
        assert_eq!(second.take_over(&first, "b", made(3)), Ok(2));
        assert_eq!(second.take_over(&first, "c", made(4)), Ok(4));
        // Not in the second: the third does not know of it.
        let mut third = Kept::default();
        assert_eq!(third.take_over(&second, "a", made(5)), Ok(5));
        assert_eq!(third.take_over(&second, "d", |_| Err(())), Err(()));
    }
}
