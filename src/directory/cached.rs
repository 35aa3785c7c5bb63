//! The directory that remembers: bounded, one lookup at a time per key, never older than a write.
//!
//! Coherence rests on one logical clock. A lookup takes a [`Tick`](super::Tick) before its GET is sent; every write
//! on a conversation stores the tick at which it was seen, before it is forwarded and again after its
//! answer. A snapshot fills only while its tick is later than the conversation's last write, so it does
//! not matter in which order answers arrive or are stored.
//!
//! That clock is one of this process. What replicas do to each other is the matter of [`shared`].

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::fetch::FetchLimits;
use super::{Ask, breaker};

mod flight;
mod gate;
mod generation;
mod kept;
mod learn;
mod lookup;
mod partition;
mod read;
pub mod shared;
mod store;
mod visit;

use flight::Flights;
use gate::Gate;
pub use gate::Watch;
use generation::Generations;
use kept::Kept;
use partition::Partitions;
pub use partition::{Key, PartitionKey};
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
    partitions: Partitions,
    generations: Generations,
    entries: Entries,
    flights: Flights,
    places: Semaphore,
    breaker: breaker::Settings,
    max_age: Duration,
    learn: bool,
    link: Option<Link>,
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
        let mut store = Self::unshared(settings);
        let pushes = store.generations.beside();
        let seal = settings.partition_key.seal();
        store.link = Some(Link::start(
            sharing,
            settings.max_age,
            seal,
            pushes,
            remote,
            watch,
        ));
        Arc::new(store)
    }

    fn unshared(settings: &Settings) -> Self {
        Self {
            partitions: Partitions::new(&settings.partition_key),
            generations: Generations::new(settings.capacity),
            entries: Entries::new(settings),
            flights: Flights::default(),
            places: Semaphore::new(settings.lookups.min(Semaphore::MAX_PERMITS)),
            breaker: settings.breaker,
            max_age: settings.max_age,
            learn: settings.learn,
            link: None,
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
}

/// The directory of one upstream.
#[derive(Debug)]
pub struct Cached<T> {
    store: Arc<Store>,
    upstream: Arc<str>,
    transport: T,
    limits: FetchLimits,
    gate: Arc<Gate>,
}

impl<T: Clone> Clone for Cached<T> {
    fn clone(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            upstream: Arc::clone(&self.upstream),
            transport: self.transport.clone(),
            limits: self.limits.clone(),
            gate: Arc::clone(&self.gate),
        }
    }
}

impl<T> Cached<T> {
    /// Looks up through `transport` and remembers in `store`. `upstream` keeps apart what different
    /// upstreams say about the same address. Each directory has a breaker of its own, and its clones share
    /// it.
    pub fn new(store: Arc<Store>, upstream: &str, transport: T, limits: FetchLimits) -> Self {
        Self {
            gate: Arc::new(Gate::new(store.breaker, ())),
            store,
            upstream: upstream.into(),
            transport,
            limits,
        }
    }

    /// Tells `watch` what the breaker does from now on. It begins anew.
    #[must_use]
    pub fn watched_by(mut self, watch: impl Watch) -> Self {
        self.gate = Arc::new(Gate::new(self.store.breaker, watch));
        self
    }

    fn key(&self, ask: &Ask) -> Key {
        self.store
            .partitions
            .key(&self.upstream, &ask.credential, &ask.uri)
    }

    fn parking_key(&self, ask: &Ask) -> Key {
        self.store
            .partitions
            .parking_key(&self.upstream, &ask.credential)
    }
}

#[cfg(test)]
mod tests;
