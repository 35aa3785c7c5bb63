//! The last repairs, for people who want to see what happens.

mod entry;
mod texts;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use serde_json::Value;

pub(super) use self::entry::Entry;
use crate::layer::record::Record;

/// Records kept: enough to find a request that was just made, small enough to read.
pub(super) const KEPT: usize = 200;

/// The last records, newest first. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Recent(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    entries: Mutex<VecDeque<Arc<Entry>>>,
    /// The number of the last one: they count from 1.
    number: AtomicU64,
}

impl Recent {
    /// Keeps what a record says that was made at `now`; it holds names and ages and none of the values.
    ///
    /// This is on the request path: once as many as are kept are there, the room of the oldest is used again,
    /// and nothing is put into words before somebody looks.
    pub fn push(&self, record: &Record<'_>, now: SystemTime) {
        let mut entries = self.entries();
        let mut entry = if entries.len() < KEPT {
            Arc::default()
        } else {
            entries.pop_back().unwrap_or_default()
        };
        // Under the lock, so that numbers have no gaps and no order but that of the entries.
        let number = self.0.number.load(Ordering::Relaxed) + 1;
        if let Some(entry) = Arc::get_mut(&mut entry) {
            entry.become_of(number, now, record);
        } else {
            // Somebody is reading it.
            let mut fresh = Entry::default();
            fresh.become_of(number, now, record);
            entry = Arc::new(fresh);
        }
        entries.push_front(entry);
        self.0.number.store(number, Ordering::Release);
    }

    /// The number of the last record; 0 before the first.
    pub(super) fn number(&self) -> u64 {
        self.0.number.load(Ordering::Acquire)
    }

    /// The records that came after the one with this number, as far as they are kept, newest first.
    pub(super) fn after(&self, number: u64) -> Vec<Arc<Entry>> {
        // Only pointed at here: requests wait for this lock.
        let entries = self.entries();
        let after = entries.iter().take_while(|entry| entry.number() > number);
        after.map(Arc::clone).collect()
    }

    /// The records as a JSON array, newest first.
    pub fn to_json(&self) -> String {
        let entries = self.after(0);
        Value::Array(entries.iter().map(|entry| entry.to_json()).collect()).to_string()
    }

    fn entries(&self) -> MutexGuard<'_, VecDeque<Arc<Entry>>> {
        self.0
            .entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
