use tokio::time::Instant;

use super::shared::{Link, Patience};
use super::{Kept, Key, Store};
use crate::directory::{Ask, Tick};

/// One request's question.
pub(super) struct Visit<'a> {
    pub(super) ask: &'a Ask,
    pub(super) key: Key,
    /// Where others have a say in it.
    shared: Option<Shared<'a>>,
}

struct Shared<'a> {
    link: &'a Link,
    conversation: Key,
    /// When the question came. What began to be read later needs nobody to vouch for it.
    arrived: Tick,
    patience: Patience,
}

impl Store {
    pub(super) fn visit<'a>(&'a self, key: Key, ask: &'a Ask) -> Visit<'a> {
        let shared = self.link.as_ref().map(|link| Shared {
            link,
            conversation: self.partitions.conversation(ask.conversation),
            arrived: self.generations.tick(),
            patience: link.patience(),
        });
        Visit { ask, key, shared }
    }

    /// The moment that a snapshot must have been read after to fill.
    pub(super) fn floor(&self, visit: &Visit<'_>) -> Tick {
        let pushed = visit.shared.as_ref();
        let pushed = pushed.map(|shared| shared.link.last_push(shared.conversation));
        self.generations
            .last_write(visit.ask.conversation.0)
            .max(visit.ask.newer_than.unwrap_or_default())
            .max(pushed.unwrap_or_default())
    }

    /// The snapshot in the cache, if it may fill for all that is known here.
    pub(super) fn hit(&self, visit: &Visit<'_>) -> Option<Kept> {
        self.read_unread(visit);
        let kept = self.entries.get(visit.key)?;
        // Asked for last: while an answer was read somebody may have written.
        let usable = self.is_usable(kept.tick, kept.read_at(), self.floor(visit))
            && (kept.first_hand() || visit.ask.newer_than.is_none());
        usable.then_some(kept)
    }

    /// Reads what has passed and was not asked for until now, where it may fill.
    fn read_unread(&self, visit: &Visit<'_>) {
        let unread = self.entries.unread();
        let forgotten = self.entries.forgotten();
        let Some(answer) = unread.get(visit.key) else {
            return;
        };
        if !self.is_usable(answer.tick, answer.read_at, self.floor(visit)) {
            // It may be good enough for somebody else.
            return;
        }
        if let Some(conversation) = answer.extract(&visit.ask.source) {
            let kept = answer.kept(conversation);
            self.entries.insert(visit.key, kept);
            // What was refused to its credential meanwhile must not come back.
            if self.entries.forgotten() != forgotten {
                self.entries.forget(visit.key);
            }
        }
        // Only now: until then others find it there.
        unread.forget(visit.key, answer.tick);
    }

    fn is_usable(&self, tick: Tick, read_at: Instant, floor: Tick) -> bool {
        tick > floor && read_at.elapsed() <= self.settings.max_age
    }
}

impl Visit<'_> {
    /// Whether only the upstream itself will do: what another replica has read is not sure to be newer than what
    /// happened here.
    pub(super) fn asks_upstream(&self) -> bool {
        self.shared.is_none() || self.ask.newer_than.is_some()
    }

    /// What a lookup may wait for others.
    pub(super) fn patience(&self) -> Patience {
        let patience = self.shared.as_ref().map(|shared| shared.patience.rest());
        patience.unwrap_or_default()
    }

    /// Whether a snapshot is as good as one that would be read now, for all that others know.
    pub(super) async fn holds(&mut self, kept: &Kept) -> bool {
        let Some(shared) = &mut self.shared else {
            return true;
        };
        if kept.tick > shared.arrived {
            return true;
        }
        let (link, patience) = (shared.link, &mut shared.patience);
        link.holds(kept.bond(), shared.conversation, patience).await
    }
}
