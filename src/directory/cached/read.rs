//! From a question to a snapshot: from memory, from another replica, by somebody else's lookup or by one's own.

use tokio::time::Instant;

use super::flight::{Pilot, Seat};
use super::shared::{Found, Patience};
use super::visit::Visit;
use super::{Cached, Kept, Key, Store};
use crate::directory::fetch::Transport;
use crate::directory::{Ask, Directory, Learning, LookupError, Reading, Snapshot, Tick, Told};
use crate::layer::record::Origin;
use crate::rule::{ConversationId, Source};

/// How often a lookup is repeated because a write overtook it. The last one is used in any case: it began after
/// the question came, so that it is older than no write that was answered before, and where writes follow each
/// other that fast, the next would be overtaken, too.
const OVERTAKEN: usize = 3;

impl<T: Transport> Directory for Cached<T> {
    fn now(&self) -> Tick {
        self.store.generations.tick()
    }

    async fn read(&self, ask: &Ask) -> Result<Reading, LookupError> {
        let mut visit = self.store.visit(self.key(ask), ask);
        if let Some(kept) = self.store.hit(&visit)
            && visit.holds(&kept).await
        {
            return Ok(kept.reading(Origin::Hit));
        }
        let mut floor = self.store.floor(&visit);
        let (mut kept, mut origin) = self.join_or_fetch(&visit, floor).await?;
        for _ in 0..OVERTAKEN {
            floor = self.store.floor(&visit);
            if kept.tick > floor && visit.holds(&kept).await {
                break;
            }
            // There is one lookup at a time to join, and the last one is over: the next began after the
            // question came, and holds whatever others do.
            (kept, origin) = self.join_or_fetch(&visit, floor).await?;
        }
        Ok(kept.reading(origin))
    }

    fn wrote(&self, conversation: ConversationId) -> Option<Told> {
        self.store.generations.wrote(conversation.0);
        let link = self.store.link.as_ref()?;
        link.wrote(self.store.partitions.conversation(conversation))
    }

    fn learn(&self, ask: Ask) -> Option<Learning> {
        let store = &self.store;
        store
            .settings
            .learn
            .then(|| Store::learn(store, self.key(&ask), ask))
    }
}

impl<T: Transport> Cached<T> {
    async fn join_or_fetch(
        &self,
        visit: &Visit<'_>,
        floor: Tick,
    ) -> Result<(Kept, Origin), LookupError> {
        let (ask, key) = (visit.ask, visit.key);
        let payer = self.payer(ask);
        if let Some(wait) = self.store.rates.parked(payer) {
            return Err(LookupError::Throttled(wait));
        }
        // Also before somebody else's lookup is joined: it is likely to be one that comes to nothing.
        self.gate.check()?;
        let tick = || self.store.generations.tick();
        let seat = self
            .store
            .flights
            .board(key, floor, visit.asks_upstream(), tick);
        match seat {
            Seat::Joined(ticket) => Ok((ticket.outcome().await?, Origin::Shared)),
            Seat::Pilot(pilot, ticket) => {
                let flight = Flight {
                    key,
                    payer,
                    ask: ask.clone(),
                    pilot,
                    patience: visit.patience(),
                };
                // Detached: a caller that hangs up must not take the others down with it.
                tokio::spawn(self.clone().fly(flight));
                let kept = ticket.outcome().await?;
                let origin = if kept.first_hand() {
                    Origin::Miss
                } else {
                    Origin::Hit
                };
                Ok((kept, origin))
            }
        }
    }

    async fn fly(self, flight: Flight) {
        let Flight {
            key,
            payer,
            ask,
            pilot,
            mut patience,
        } = flight;
        let asked = Instant::now();
        let found = self.store.look(key, &ask, &mut patience).await;
        let kept = |conversation, read_at, first_hand| {
            let snapshot = Snapshot {
                conversation,
                tick: pilot.tick(),
                read_at,
            };
            Kept::new(snapshot, found.bond.clone(), first_hand)
        };
        let read = found.read.and_then(|(conversation, age)| {
            // A clock that began later than that cannot say when it was.
            Some(kept(conversation, asked.checked_sub(age)?, false))
        });
        let outcome = match read {
            Some(kept) => Ok(kept),
            None => self
                .look_up(payer, &ask, asked)
                .await
                .map(|conversation| kept(conversation, asked, true)),
        };
        match &outcome {
            Ok(kept) => self.store.entries.insert(key, kept.clone()),
            Err(LookupError::Denied | LookupError::Unknown) => self.store.entries.forget(key),
            Err(_) => {}
        }
        pilot.land(&self.store.flights, key, outcome.clone());
        // Nobody waits for this any more.
        if let Ok(kept) = outcome
            && kept.first_hand()
        {
            self.store.offer(key, &ask.source, &kept, found.now).await;
        }
    }
}

/// A lookup of one's own.
struct Flight {
    key: Key,
    payer: Key,
    ask: Ask,
    pilot: Pilot,
    patience: Patience,
}

impl Store {
    /// What others know before a lookup. Where nothing that was read before may do, it is not asked for.
    async fn look(&self, key: Key, ask: &Ask, patience: &mut Patience) -> Found {
        let Some(link) = &self.link else {
            return Found::default();
        };
        let conversation = self.partitions.conversation(ask.conversation);
        let any = ask.newer_than.is_none();
        let value = any.then(|| self.partitions.shared_key(key, &ask.source));
        link.look(conversation, value, ask.source.fields(), patience)
            .await
    }

    /// Keeps for other replicas what was read here, at a time on the store's clock.
    pub(super) async fn offer(&self, key: Key, source: &Source, kept: &Kept, at: Option<u64>) {
        if let Some(link) = &self.link {
            let key = self.partitions.shared_key(key, source);
            let conversation = &kept.conversation;
            link.keep(key, conversation, kept.bond(), at).await;
        }
    }
}
