use std::sync::Arc;

use tokio::time::Instant;

use super::shared::Bond;
use super::{Kept, Key, Store};
use crate::directory::{Ask, Learning, Lesson, Snapshot, Tick};

/// A passing GET.
struct Pupil {
    store: Arc<Store>,
    ask: Ask,
    key: Key,
    tick: Tick,
    read_at: Instant,
}

impl Store {
    pub(super) fn learn(this: &Arc<Self>, key: Key, ask: Ask) -> Learning {
        let pupil = Pupil {
            store: Arc::clone(this),
            ask,
            key,
            tick: this.generations.tick(),
            read_at: Instant::now(),
        };
        if this.link.is_some() {
            Learning::Later(Box::pin(pupil.later()))
        } else {
            Learning::Now(pupil.lesson(Bond::default(), None))
        }
    }
}

impl Pupil {
    /// The mark of a conversation has to be read before its state is.
    async fn later(self) -> Lesson {
        let Some(link) = &self.store.link else {
            return self.lesson(Bond::default(), None);
        };
        let conversation = self.store.partitions.conversation(self.ask.conversation);
        let found = link.look(conversation, None, 0, &mut link.patience()).await;
        self.lesson(found.bond, found.now)
    }

    fn lesson(self, bond: Bond, at: Option<u64>) -> Lesson {
        let Self {
            store,
            ask,
            key,
            tick,
            read_at,
        } = self;
        Box::new(move |answer| {
            let Ok(conversation) = ask.source.extract(answer) else {
                return;
            };
            let kept = Arc::new(Kept {
                snapshot: Arc::new(Snapshot {
                    conversation,
                    tick,
                    read_at,
                }),
                bond,
                first_hand: true,
            });
            store.entries.insert(key, Arc::clone(&kept));
            if at.is_some() {
                // Whoever passes the answer on does not wait for it.
                tokio::spawn(async move { store.offer(key, &ask, &kept, at).await });
            }
        })
    }
}
