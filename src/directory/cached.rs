//! The directory that remembers: bounded, one lookup at a time per key, never older than a write.
//!
//! Coherence rests on one logical clock. A lookup takes a [`Tick`](super::Tick) before its GET is sent; every write
//! on a conversation stores the tick at which it was seen, before it is forwarded and again after its
//! answer. A snapshot fills only while its tick is later than the conversation's last write, so it does
//! not matter in which order answers arrive or are stored.
//!
//! That clock is one of this process. What replicas do to each other is the matter of [`shared`].

#[cfg(feature = "proxy")]
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::fetch::FetchLimits;
use super::{Ask, breaker};
use crate::rate::{self, Share};

mod flight;
mod gate;
mod generation;
mod kept;
mod learn;
mod lookup;
mod partition;
mod rates;
mod read;
pub mod shared;
mod store;
mod unread;
mod visit;

use flight::Flights;
pub use gate::{Gate, Watch};
use generation::Generations;
use kept::Kept;
#[cfg(feature = "proxy")]
pub(crate) use partition::Callers;
#[cfg(not(feature = "proxy"))]
use partition::Callers;
use partition::Partitions;
pub use partition::{Key, PartitionKey};
use rates::Rates;
#[cfg(feature = "proxy")]
pub(crate) use rates::{Account, Sent};
use shared::{Link, Remote};
use store::Entries;

/// Bounds of a [`Store`].
#[derive(Clone, Debug)]
pub struct Settings {
    /// Oldest snapshot that may fill.
    pub max_age: Duration,
    /// Most conversations kept.
    pub capacity: u64,
    /// Most bytes kept.
    pub max_bytes: u64,
    /// Whether passing GETs teach.
    pub learn: bool,
    /// Lookups in flight at once; more wait for a place.
    pub lookups: usize,
    /// When the lookups of an upstream are suspended.
    pub breaker: breaker::Settings,
    /// Key of the credential digest.
    pub partition_key: PartitionKey,
}

impl Default for Settings {
    /// 2 s, because a state may change at any time; 10 000 conversations in 64 MiB; 256 lookups.
    fn default() -> Self {
        Self {
            max_age: Duration::from_secs(2),
            capacity: 10_000,
            max_bytes: 64 << 20,
            learn: true,
            lookups: 256,
            breaker: breaker::Settings::default(),
            partition_key: PartitionKey::random(),
        }
    }
}

/// The memory that the directories of several upstreams share.
#[derive(Debug)]
pub struct Store {
    settings: Settings,
    partitions: Partitions,
    generations: Arc<Generations>,
    entries: Entries,
    rates: Rates,
    flights: Arc<Flights>,
    places: Arc<Semaphore>,
    link: Option<Arc<Link>>,
}

impl Store {
    /// An empty store.
    pub fn new(settings: &Settings) -> Arc<Self> {
        Arc::new(Self::unshared(settings))
    }

    /// An empty store that shares what it holds with other replicas, by `remote`. They need the same partition
    /// key.
    ///
    /// # Panics
    /// Outside of a tokio runtime, where the connection is kept up.
    pub fn shared(
        settings: &Settings,
        sharing: shared::Settings,
        remote: impl Remote,
        watch: impl shared::Watch,
    ) -> Arc<Self> {
        Arc::new(Self::unshared(settings).linked(sharing, remote, watch))
    }

    fn unshared(settings: &Settings) -> Self {
        Self {
            settings: settings.clone(),
            partitions: Partitions::new(&settings.partition_key),
            generations: Arc::new(Generations::new(settings.capacity)),
            entries: Entries::new(settings),
            rates: Rates::new(),
            flights: Arc::default(),
            places: places(settings),
            link: None,
        }
    }

    fn linked(
        mut self,
        sharing: shared::Settings,
        remote: impl Remote,
        watch: impl shared::Watch,
    ) -> Self {
        let settings = &self.settings;
        let (pushes, seal) = (self.generations.beside(), settings.partition_key.seal());
        let link = Link::start(sharing, settings.max_age, seal, pushes, remote, watch);
        self.link = Some(Arc::new(link));
        self
    }

    /// One with other settings in the place of this one, which may still be in use. It shares nothing with
    /// other replicas.
    ///
    /// Writes that either sees make snapshots of both unusable, whatever has changed: a write may be on its
    /// way through the one while the other looks up. The number of slots for that stays what it was.
    /// Snapshots stay unless `max_age`, `capacity`, `max_bytes` or the partition key is another, or what is
    /// shared; credentials that must wait go on waiting unless the key is another. Where `lookups` is another,
    /// those that are under way count for this one only.
    pub fn followed_by(&self, settings: &Settings) -> Arc<Self> {
        Arc::new(self.next(settings, self.link.is_none()))
    }

    /// As [`followed_by`](Self::followed_by), and shares what this one shares, over the same connection where
    /// that was made for the same partition key and `max_age`; else as [`shared`](Self::shared) does.
    ///
    /// # Panics
    /// As [`shared`](Self::shared).
    pub fn followed_by_shared(
        &self,
        settings: &Settings,
        sharing: shared::Settings,
        remote: Option<impl Remote>,
        watch: impl shared::Watch,
    ) -> Arc<Self> {
        let next = self.next(settings, remote.is_none());
        match remote {
            Some(remote) => Arc::new(next.linked(sharing, remote, watch)),
            None => Arc::new(Self {
                link: self.link.clone(),
                ..next
            }),
        }
    }

    /// Whether a connection for these settings would be as good as the one there is.
    pub fn would_share_alike(&self, settings: &Settings) -> bool {
        let own = &self.settings;
        self.link.is_some()
            && (own.max_age, &own.partition_key) == (settings.max_age, &settings.partition_key)
    }

    fn next(&self, settings: &Settings, same_link: bool) -> Self {
        let before = &self.settings;
        let settings = Settings {
            partition_key: settings
                .partition_key
                .or_as_random_as(&before.partition_key),
            ..settings.clone()
        };
        let same_key = settings.partition_key == before.partition_key;
        let bounds = |of: &Settings| (of.max_age, of.capacity, of.max_bytes);
        let same_bounds = bounds(&settings) == bounds(before);
        Self {
            partitions: Partitions::new(&settings.partition_key),
            generations: Arc::clone(&self.generations),
            entries: if same_key && same_bounds && same_link {
                self.entries.clone()
            } else {
                Entries::new(&settings)
            },
            rates: if same_key {
                self.rates.clone()
            } else {
                Rates::new()
            },
            flights: if same_key && same_link {
                Arc::clone(&self.flights)
            } else {
                Arc::default()
            },
            places: if settings.lookups == before.lookups {
                Arc::clone(&self.places)
            } else {
                places(&settings)
            },
            link: None,
            settings,
        }
    }

    /// Forgets every snapshot, and makes the answers that are on their way unusable. What is shared is forgotten
    /// by all replicas.
    pub fn clear(&self) {
        self.generations.wrote_all();
        self.entries.clear();
        if let Some(link) = &self.link {
            link.renew();
        }
    }

    /// What tells the credentials of one upstream apart.
    pub(crate) fn callers(&self, upstream: &str) -> Callers {
        self.partitions.of(upstream)
    }

    /// What stands for a credential where its rate is counted.
    #[cfg(test)]
    pub(crate) fn payer(&self, upstream: &str, credential: &http::HeaderValue) -> Key {
        self.callers(upstream).payer(credential)
    }

    /// Number of snapshots, and their weight in bytes.
    #[cfg(feature = "proxy")]
    pub(crate) fn usage(&self) -> (u64, u64) {
        self.entries.usage()
    }

    /// For each upstream, how many requests it leaves and allows the credential that has the fewest left.
    #[cfg(feature = "proxy")]
    pub(crate) fn lowest_rates(&self) -> HashMap<Arc<str>, (u32, u32)> {
        self.rates.lowest()
    }

    /// What is known of the rates of all credentials.
    #[cfg(feature = "proxy")]
    pub(crate) fn rates(&self) -> &Rates {
        &self.rates
    }
}

fn places(settings: &Settings) -> Arc<Semaphore> {
    let places = settings.lookups.min(Semaphore::MAX_PERMITS);
    Arc::new(Semaphore::new(places))
}

/// The directory of one upstream.
#[derive(Debug)]
pub struct Cached<T> {
    store: Arc<Store>,
    upstream: Arc<str>,
    callers: Callers,
    transport: T,
    limits: FetchLimits,
    share: Share,
    gate: Arc<Gate>,
}

impl<T: Clone> Clone for Cached<T> {
    fn clone(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            upstream: Arc::clone(&self.upstream),
            callers: self.callers.clone(),
            transport: self.transport.clone(),
            limits: self.limits.clone(),
            share: self.share,
            gate: Arc::clone(&self.gate),
        }
    }
}

impl<T> Cached<T> {
    /// Looks up through `transport` and remembers in `store`. `upstream` keeps apart what different
    /// upstreams say about the same address. Each directory has a breaker of its own, and its clones share
    /// it.
    pub fn new(
        store: Arc<Store>,
        upstream: impl Into<Arc<str>>,
        transport: T,
        limits: FetchLimits,
    ) -> Self {
        let upstream = upstream.into();
        Self {
            gate: Arc::new(Gate::new(store.settings.breaker, ())),
            callers: store.callers(&upstream),
            store,
            upstream,
            transport,
            limits,
            share: rate::Settings::default().lookup_share,
        }
    }

    /// Lets lookups use no more than `share` of what their credential has left.
    #[must_use]
    pub fn spending(self, share: Share) -> Self {
        Self { share, ..self }
    }

    /// Puts `gate` in the place of the breaker that it has.
    #[must_use]
    pub fn behind(self, gate: Arc<Gate>) -> Self {
        Self { gate, ..self }
    }

    fn key(&self, ask: &Ask) -> Key {
        self.callers.key(&ask.credential, &ask.address, &ask.source)
    }

    fn payer(&self, ask: &Ask) -> Key {
        self.callers.payer(&ask.credential)
    }
}

#[cfg(test)]
mod tests;
