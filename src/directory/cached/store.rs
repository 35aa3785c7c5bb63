use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use moka::ops::compute::Op;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::unread::{self, Unread};
use super::{Kept, Key, Settings};

/// Bytes that an entry costs beside its conversation: key, place in the table, and moka's own bookkeeping.
const OVERHEAD: usize = 272;

/// The snapshots, and the answers that may become some. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Entries {
    snapshots: Cache<Key, Kept, BuildHasherDefault<Half>>,
    unread: Arc<Unread>,
    /// How often something was forgotten.
    forgotten: Arc<AtomicU64>,
}

impl Entries {
    pub(super) fn new(settings: &Settings) -> Self {
        let bounds = unread::Bounds::of(settings);
        let max_bytes = settings.max_bytes - bounds.bytes;
        // moka has one bound, in weight. With each entry weighing its share of the bytes or more, that
        // bound holds for the number of entries too.
        let share = max_bytes / settings.capacity.max(1);
        let share = u32::try_from(share).unwrap_or(u32::MAX);
        let weigher = move |_: &Key, kept: &Kept| {
            let bytes = u32::try_from(kept.weight() + OVERHEAD).unwrap_or(u32::MAX);
            bytes.max(share)
        };
        // No time to live, which would cost a place in a second queue for each: whether a snapshot may fill is
        // decided at each hit. Of those that are too old for it, those that were asked for last stay longest,
        // and the newest is always taken in.
        let snapshots = Cache::builder()
            .max_capacity(max_bytes)
            .weigher(weigher)
            .eviction_policy(EvictionPolicy::lru())
            .build_with_hasher(BuildHasherDefault::default());
        let unread = Arc::new(Unread::new(bounds, settings.max_age));
        Self {
            snapshots,
            unread,
            forgotten: Arc::default(),
        }
    }

    pub(super) fn get(&self, key: Key) -> Option<Kept> {
        self.snapshots.get(&key)
    }

    /// Keeps a snapshot unless a newer one is there: answers may arrive in any order.
    pub(super) fn insert(&self, key: Key, new: Kept) {
        self.snapshots
            .entry(key)
            .and_compute_with(|kept| match kept {
                Some(kept) if kept.value().tick > new.tick => Op::Nop,
                _ => Op::Put(new),
            });
    }

    pub(super) fn unread(&self) -> &Arc<Unread> {
        &self.unread
    }

    /// Changes before anything is forgotten.
    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten.load(Ordering::SeqCst)
    }

    pub(super) fn forget(&self, key: Key) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.unread.forget_all_of(key);
        self.snapshots.invalidate(&key);
    }

    pub(super) fn clear(&self) {
        self.unread.clear();
        self.snapshots.invalidate_all();
    }

    /// Number of snapshots and unread answers, and their weight in bytes.
    #[cfg(any(feature = "proxy", test))]
    pub(super) fn usage(&self) -> (u64, u64) {
        self.snapshots.run_pending_tasks();
        let (answers, bytes) = self.unread.usage();
        (
            self.snapshots.entry_count() + answers,
            self.snapshots.weighted_size() + bytes,
        )
    }
}

/// Half of a key, which is the outcome of a keyed hash already.
#[derive(Debug, Default)]
pub(super) struct Half(u64);

impl Hasher for Half {
    fn write(&mut self, bytes: &[u8]) {
        // The length of an array comes first, as a number of its own.
        if let Some(half) = bytes.first_chunk() {
            self.0 = u64::from_ne_bytes(*half);
        }
    }

    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}
