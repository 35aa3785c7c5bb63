use std::sync::Arc;
use std::time::Duration;

use moka::ops::compute::Op;
use moka::sync::Cache;

use super::{Kept, Key, Settings};

/// Bytes that an entry costs beside its conversation: key, counters and moka's own bookkeeping.
const OVERHEAD: usize = 192;

/// The snapshots. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Entries {
    snapshots: Cache<Key, Arc<Kept>>,
}

impl Entries {
    pub(super) fn new(settings: &Settings) -> Self {
        // moka has one bound, in weight. With each entry weighing its share of the bytes or more, that
        // bound holds for the number of entries too.
        let share = settings.max_bytes / settings.capacity.max(1);
        let share = u32::try_from(share).unwrap_or(u32::MAX);
        let weigher = move |_: &Key, kept: &Arc<Kept>| {
            let weight = kept.snapshot.conversation.weight() + kept.bond.weight() + OVERHEAD;
            let bytes = u32::try_from(weight).unwrap_or(u32::MAX);
            bytes.max(share)
        };
        let snapshots = Cache::builder()
            .max_capacity(settings.max_bytes)
            .weigher(weigher)
            // Frees what is too old to fill; whether it may fill is decided at each hit.
            .time_to_live(settings.max_age.max(Duration::from_millis(1)))
            .build();
        Self { snapshots }
    }

    pub(super) fn get(&self, key: Key) -> Option<Arc<Kept>> {
        self.snapshots.get(&key)
    }

    /// Keeps a snapshot unless a newer one is there: answers may arrive in any order.
    pub(super) fn insert(&self, key: Key, new: Arc<Kept>) {
        self.snapshots
            .entry(key)
            .and_compute_with(|kept| match kept {
                Some(kept) if kept.value().snapshot.tick > new.snapshot.tick => Op::Nop,
                _ => Op::Put(new),
            });
    }

    pub(super) fn forget(&self, key: Key) {
        self.snapshots.invalidate(&key);
    }

    pub(super) fn clear(&self) {
        self.snapshots.invalidate_all();
    }

    /// Number of snapshots, and their weight in bytes.
    #[cfg(any(feature = "proxy", test))]
    pub(super) fn usage(&self) -> (u64, u64) {
        self.snapshots.run_pending_tasks();
        (self.snapshots.entry_count(), self.snapshots.weighted_size())
    }
}
