//! The directory that remembers: bounded, one lookup at a time per key, never older than a write.
//!
//! Coherence rests on one logical clock. A lookup takes a [`Tick`] before its GET is sent; every write
//! on a conversation stores the tick at which it was seen, before it is forwarded and again after its
//! answer. A snapshot fills only while its tick is later than the conversation's last write, so it does
//! not matter in which order answers arrive or are stored.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::breaker;
use super::fetch::{FetchLimits, Transport};
use super::{Ask, Directory, Lesson, LookupError, Reading, Snapshot, Tick};
use crate::layer::record::Origin;
use crate::rate::{self, Share};
use crate::rule::ConversationId;

mod flight;
mod gate;
mod generation;
mod lookup;
mod partition;
mod rates;
mod store;

use flight::{Flights, Seat};
pub use gate::{Gate, Watch};
use generation::Generations;
pub(crate) use partition::Key;
pub use partition::PartitionKey;
use partition::Partitions;
use rates::Rates;
#[cfg(feature = "proxy")]
pub(crate) use rates::{Account, Sent};
use store::Entries;

/// How often a lookup is repeated because a write overtook it.
const OVERTAKEN: usize = 3;

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
}

impl Store {
    /// An empty store.
    pub fn new(settings: &Settings) -> Arc<Self> {
        Arc::new(Self {
            settings: settings.clone(),
            partitions: Partitions::new(&settings.partition_key),
            generations: Arc::new(Generations::new(settings.capacity)),
            entries: Entries::new(settings),
            rates: Rates::new(),
            flights: Arc::default(),
            places: places(settings),
        })
    }

    /// One with other settings in the place of this one, which may still be in use.
    ///
    /// Writes that either sees make snapshots of both unusable, whatever has changed: a write may be on its
    /// way through the one while the other looks up. The number of slots for that stays what it was.
    /// Snapshots stay unless `max_age`, `capacity`, `max_bytes` or the partition key is another; credentials
    /// that must wait go on waiting unless the key is another. Where `lookups` is another, those that are
    /// under way count for this one only.
    pub fn followed_by(&self, settings: &Settings) -> Arc<Self> {
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
        Arc::new(Self {
            partitions: Partitions::new(&settings.partition_key),
            generations: Arc::clone(&self.generations),
            entries: if same_key && same_bounds {
                self.entries.clone()
            } else {
                Entries::new(&settings)
            },
            rates: if same_key {
                self.rates.clone()
            } else {
                Rates::new()
            },
            flights: if same_key {
                Arc::clone(&self.flights)
            } else {
                Arc::default()
            },
            places: if settings.lookups == before.lookups {
                Arc::clone(&self.places)
            } else {
                places(&settings)
            },
            settings,
        })
    }

    /// Forgets every snapshot, and makes the answers that are on their way unusable.
    pub fn clear(&self) {
        self.generations.wrote_all();
        self.entries.clear();
    }

    /// What stands for a credential where its rate is counted.
    pub(crate) fn payer(&self, upstream: &str, credential: &HeaderValue) -> Key {
        self.partitions.payer(upstream, credential)
    }

    /// What is known of the rates of all credentials.
    #[cfg(feature = "proxy")]
    pub(crate) fn rates(&self) -> &Rates {
        &self.rates
    }

    /// The moment that a snapshot must have been read after to fill for `ask`.
    fn floor(&self, ask: &Ask) -> Tick {
        self.generations
            .last_write(ask.conversation)
            .max(ask.newer_than.unwrap_or_default())
    }

    /// The snapshot in the cache, if it may fill.
    fn hit(&self, key: Key, ask: &Ask) -> Option<Arc<Snapshot>> {
        let snapshot = self.entries.get(key)?;
        let usable =
            snapshot.tick > self.floor(ask) && snapshot.read_at.elapsed() <= self.settings.max_age;
        usable.then_some(snapshot)
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
    pub fn new(store: Arc<Store>, upstream: &str, transport: T, limits: FetchLimits) -> Self {
        Self {
            gate: Arc::new(Gate::new(store.settings.breaker, ())),
            store,
            upstream: upstream.into(),
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
        self.store
            .partitions
            .key(&self.upstream, &ask.credential, &ask.uri)
    }

    fn payer(&self, ask: &Ask) -> Key {
        self.store.payer(&self.upstream, &ask.credential)
    }
}

impl<T: Transport> Directory for Cached<T> {
    fn now(&self) -> Tick {
        self.store.generations.tick()
    }

    async fn read(&self, ask: &Ask) -> Result<Reading, LookupError> {
        let key = self.key(ask);
        if let Some(snapshot) = self.store.hit(key, ask) {
            return Ok(Reading {
                snapshot,
                origin: Origin::Hit,
            });
        }
        let mut reading = self.join_or_fetch(key, ask).await?;
        for _ in 0..OVERTAKEN {
            if reading.snapshot.tick > self.store.floor(ask) {
                break;
            }
            reading = self.join_or_fetch(key, ask).await?;
        }
        Ok(reading)
    }

    fn wrote(&self, conversation: ConversationId) {
        self.store.generations.wrote(conversation);
    }

    fn learn(&self, ask: Ask) -> Option<Lesson> {
        if !self.store.settings.learn {
            return None;
        }
        let (key, tick, read_at) = (self.key(&ask), self.now(), Instant::now());
        let store = Arc::clone(&self.store);
        Some(Box::new(move |answer| {
            if let Ok(conversation) = ask.source.extract(answer) {
                store.entries.insert(
                    key,
                    Arc::new(Snapshot {
                        conversation,
                        tick,
                        read_at,
                    }),
                );
            }
        }))
    }
}

impl<T: Transport> Cached<T> {
    async fn join_or_fetch(&self, key: Key, ask: &Ask) -> Result<Reading, LookupError> {
        let payer = self.payer(ask);
        if let Some(wait) = self.store.rates.parked(payer) {
            return Err(LookupError::Throttled(wait));
        }
        // Also before somebody else's lookup is joined: it is likely to be one that comes to nothing.
        self.gate.check()?;
        let floor = self.store.floor(ask);
        let seat = self
            .store
            .flights
            .board(key, floor, || self.store.generations.tick());
        let (ticket, origin) = match seat {
            Seat::Joined(ticket) => (ticket, Origin::Shared),
            Seat::Pilot(pilot, ticket) => {
                // Detached: a caller that hangs up must not take the others down with it.
                tokio::spawn(self.clone().fly(key, payer, ask.clone(), pilot));
                (ticket, Origin::Miss)
            }
        };
        ticket
            .outcome()
            .await
            .map(|snapshot| Reading { snapshot, origin })
    }

    async fn fly(self, key: Key, payer: Key, ask: Ask, pilot: flight::Pilot) {
        let read_at = Instant::now();
        let outcome = match self.look_up(payer, &ask, read_at).await {
            Ok(conversation) => {
                let snapshot = Arc::new(Snapshot {
                    conversation,
                    tick: pilot.tick(),
                    read_at,
                });
                self.store.entries.insert(key, Arc::clone(&snapshot));
                Ok(snapshot)
            }
            Err(error) => {
                if matches!(error, LookupError::Denied | LookupError::Unknown) {
                    self.store.entries.forget(key);
                }
                Err(error)
            }
        };
        pilot.land(&self.store.flights, key, outcome);
    }
}

#[cfg(test)]
mod tests;
