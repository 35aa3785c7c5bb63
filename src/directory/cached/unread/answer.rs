use std::sync::Arc;

use tokio::time::Instant;

use super::super::shared::Bond;
use super::super::{Kept, Key};
use crate::directory::{Passing, Snapshot, Tick};
use crate::repair::coding::Codings;
use crate::rule::Source;
use crate::snapshot::Conversation;

/// An answer.
#[derive(Clone)]
pub(in super::super) struct Answer {
    pub(super) key: Key,
    pub(in super::super) tick: Tick,
    pub(in super::super) read_at: Instant,
    body: Arc<Vec<u8>>,
    codings: Codings,
    limit: usize,
}

impl Answer {
    /// Copies what passes, in the memory of another where that will do.
    pub(super) fn new(
        key: Key,
        passing: Passing<'_>,
        tick: Tick,
        read_at: Instant,
        before: Option<Self>,
    ) -> Self {
        Self {
            key,
            tick,
            read_at,
            body: copy(passing.body, before.map(|before| before.body)),
            codings: passing.codings,
            limit: passing.limit,
        }
    }

    pub(super) fn weight(&self) -> usize {
        let body = 2 * size_of::<usize>() + size_of::<Vec<u8>>() + self.body.capacity();
        size_of::<Self>() + body
    }

    /// What it says, if it can be read.
    pub(in super::super) fn extract(&self, source: &Source) -> Option<Conversation> {
        let passing = Passing {
            body: &self.body,
            codings: self.codings,
            limit: self.limit,
        };
        passing.extract(source)
    }

    /// A snapshot of what it said.
    pub(in super::super) fn kept(&self, conversation: Conversation) -> Kept {
        let snapshot = Snapshot {
            conversation,
            tick: self.tick,
            read_at: self.read_at,
        };
        Kept::new(snapshot, Bond::default(), true)
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // It is somebody's conversation.
        f.debug_struct("Answer")
            .field("tick", &self.tick)
            .finish_non_exhaustive()
    }
}

/// A copy without a byte to spare, or in the memory of the one before, where that is about as large and nobody
/// reads it: what is asked for again and again is about as large each time.
fn copy(bytes: &[u8], before: Option<Arc<Vec<u8>>>) -> Arc<Vec<u8>> {
    let fits = bytes.len()..=bytes.len() + bytes.len() / 8;
    if let Some(mut before) = before.filter(|before| fits.contains(&before.capacity()))
        && let Some(memory) = Arc::get_mut(&mut before)
    {
        memory.clear();
        memory.extend_from_slice(bytes);
        return before;
    }
    Arc::new(bytes.to_vec())
}
