use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::{Clock, Tick};

/// When each conversation was last written to.
///
/// A fixed table indexed by a hash of the conversation: it needs no bound, eviction or lock. Conversations
/// that share a slot cost each other a needless lookup after a write, never a stale fill.
#[derive(Debug)]
pub(super) struct Generations {
    clock: Arc<Clock>,
    slots: Box<[AtomicU64]>,
}

/// Slots per conversation that the cache may hold: 8 keep needless lookups near one write in eight
/// even when the cache is full.
const SLOTS_PER_CONVERSATION: u64 = 8;

/// 8 MiB of slots at most.
const MOST_SLOTS: u64 = 1 << 20;

impl Generations {
    pub(super) fn new(capacity: u64) -> Self {
        let slots = capacity
            .saturating_mul(SLOTS_PER_CONVERSATION)
            .clamp(1, MOST_SLOTS);
        let slots = (0..slots).map(|_| AtomicU64::new(0)).collect();
        Self {
            clock: Arc::default(),
            slots,
        }
    }

    /// Another table that counts on the same clock.
    pub(super) fn beside(&self) -> Self {
        Self {
            clock: Arc::clone(&self.clock),
            slots: self.slots.iter().map(|_| AtomicU64::new(0)).collect(),
        }
    }

    pub(super) fn tick(&self) -> Tick {
        self.clock.tick()
    }

    pub(super) fn wrote(&self, conversation: u64) {
        if let Some(slot) = self.slot(conversation) {
            slot.fetch_max(self.clock.tick().0, Ordering::SeqCst);
        }
    }

    pub(super) fn wrote_all(&self) {
        let now = self.clock.tick().0;
        for slot in &self.slots {
            slot.fetch_max(now, Ordering::SeqCst);
        }
    }

    pub(super) fn last_write(&self, conversation: u64) -> Tick {
        let slot = self.slot(conversation);
        Tick(slot.map_or(0, |slot| slot.load(Ordering::SeqCst)))
    }

    fn slot(&self, conversation: u64) -> Option<&AtomicU64> {
        let slots = self.slots.len() as u64;
        let index = conversation.checked_rem(slots)?;
        self.slots.get(usize::try_from(index).ok()?)
    }
}
