//! The last repairs, for people who want to see what happens.

mod shown;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

pub(super) use self::shown::Shown;
use crate::kept::Kept;
use crate::layer::record::Record;

/// Records kept: enough to find a request that was just made, small enough to read.
pub(super) const KEPT: usize = 200;

/// The last records, newest first. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Recent(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    entries: Mutex<VecDeque<Arc<Kept>>>,
    /// The number of the last one: they count from 1.
    number: AtomicU64,
}

impl Recent {
    /// Keeps what a record says that was made at `now` of a request to the upstream called `upstream`; it holds names
    /// and ages and none of the values.
    ///
    /// This is on the request path: once as many as are kept are there, the room of the oldest is used again,
    /// and nothing is put into words before somebody looks.
    pub fn push(&self, record: &Record<'_>, upstream: Option<&str>, now: SystemTime) -> Arc<Kept> {
        let mut entries = self.entries();
        let mut entry = if entries.len() < KEPT {
            None
        } else {
            entries.pop_back()
        };
        // Under the lock, so that numbers have no gaps and no order but that of the entries.
        let number = self.0.number.load(Ordering::Relaxed) + 1;
        match entry.as_mut().and_then(Arc::get_mut) {
            Some(room) => room.become_of((number, now), record, upstream),
            // There is none, or somebody is reading it.
            None => entry = None,
        }
        let new = || Arc::new(Kept::new((number, now), record, upstream));
        let entry = entry.unwrap_or_else(new);
        entries.push_front(Arc::clone(&entry));
        self.0.number.store(number, Ordering::Release);
        entry
    }

    /// The number of the last record; 0 before the first.
    pub(super) fn number(&self) -> u64 {
        self.0.number.load(Ordering::Acquire)
    }

    /// The records that came after the one with this number, as far as they are kept, newest first and `most` of them.
    pub(super) fn after(&self, number: u64, most: usize) -> Vec<Arc<Kept>> {
        // Only pointed at here: requests wait for this lock.
        let entries = self.entries();
        let is_after = |entry: &&Arc<Kept>| entry.facts().number > number;
        let after = entries.iter().take(most).take_while(is_after);
        after.map(Arc::clone).collect()
    }

    /// The records as a JSON array, newest first.
    pub fn to_json(&self) -> String {
        let entries = self.after(0, KEPT);
        let shown: Vec<_> = entries.iter().map(|entry| Shown::of(entry)).collect();
        // There is nothing in it that has no words in JSON.
        serde_json::to_string(&shown).unwrap_or_default()
    }

    fn entries(&self) -> MutexGuard<'_, VecDeque<Arc<Kept>>> {
        self.0
            .entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
