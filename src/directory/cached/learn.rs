use std::sync::Arc;

use tokio::time::Instant;

use super::shared::Bond;
use super::{Kept, Key, Store};
use crate::directory::{Ask, Learning, Lesson, Passing, Snapshot, Tick};
use crate::rule::{ConversationId, Source};

/// A passing GET.
struct Pupil {
    store: Arc<Store>,
    source: Arc<Source>,
    key: Key,
    tick: Tick,
    read_at: Instant,
}

impl Store {
    pub(super) fn learn(this: &Arc<Self>, key: Key, ask: Ask) -> Learning {
        let conversation = ask.conversation;
        let pupil = Pupil {
            store: Arc::clone(this),
            source: ask.source,
            key,
            tick: this.generations.tick(),
            read_at: Instant::now(),
        };
        if this.link.is_some() {
            Learning::Later(Box::pin(pupil.later(conversation)))
        } else {
            Learning::Now(Box::new(move |answer| pupil.note(answer)))
        }
    }
}

impl Pupil {
    /// The mark of a conversation has to be read before its state is.
    async fn later(self, conversation: ConversationId) -> Lesson {
        let Some(link) = &self.store.link else {
            return Box::new(move |answer| self.note(answer));
        };
        let conversation = self.store.partitions.conversation(conversation);
        let found = link.look(conversation, None, 0, &mut link.patience()).await;
        // Others are to have it, too, so that it is read at once.
        Box::new(move |answer| self.read(answer, found.bond, found.now))
    }

    /// Most that pass are asked for by nobody, and to read one costs far more than to pass it on: it is kept as
    /// it came, until somebody asks.
    fn note(self, answer: Passing<'_>) {
        let unread = self.store.entries.unread();
        if !unread.keep(self.key, answer, self.tick, self.read_at) {
            self.read(answer, Bond::default(), None);
        }
    }

    fn read(self, answer: Passing<'_>, bond: Bond, at: Option<u64>) {
        let Self {
            store,
            source,
            key,
            tick,
            read_at,
        } = self;
        let Some(conversation) = answer.extract(&source) else {
            return;
        };
        let snapshot = Snapshot {
            conversation,
            tick,
            read_at,
        };
        let kept = Kept::new(snapshot, bond, true);
        store.entries.insert(key, kept.clone());
        if at.is_some() {
            // Whoever passes the answer on does not wait for it.
            tokio::spawn(async move { store.offer(key, &source, &kept, at).await });
        }
    }
}
