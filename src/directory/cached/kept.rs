use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::time::Instant;

use super::shared::Bond;
use crate::directory::{Reading, Snapshot, Tick};
use crate::layer::record::Origin;
use crate::snapshot::Conversation;

/// A snapshot, and what it is good for. There are many, each beside what moka needs for it: no byte more than
/// that takes.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) conversation: Conversation,
    pub(super) tick: Tick,
    read_at: Moment,
    /// Where nothing is shared there is nothing to say of it.
    shared: Option<Arc<Shared>>,
}

#[derive(Debug)]
struct Shared {
    bond: Bond,
    first_hand: bool,
}

/// What is read where nothing is shared.
static ALONE: Bond = Bond::Alone(0);

impl Kept {
    /// `first_hand`: its tick is that of its GET. What another replica has read is older than it seems here.
    pub(super) fn new(snapshot: Snapshot, bond: Bond, first_hand: bool) -> Self {
        let shared = (bond != ALONE || !first_hand).then(|| Arc::new(Shared { bond, first_hand }));
        Self {
            conversation: snapshot.conversation,
            tick: snapshot.tick,
            read_at: Moment::of(snapshot.read_at),
            shared,
        }
    }

    pub(super) fn bond(&self) -> &Bond {
        self.shared.as_ref().map_or(&ALONE, |shared| &shared.bond)
    }

    pub(super) fn first_hand(&self) -> bool {
        self.shared.as_ref().is_none_or(|shared| shared.first_hand)
    }

    pub(super) fn read_at(&self) -> Instant {
        self.read_at.instant()
    }

    /// Bytes of memory beside its place in the cache.
    pub(super) fn weight(&self) -> usize {
        let shared = self.shared.as_ref().map_or(0, |shared| {
            2 * size_of::<usize>() + size_of::<Shared>() + shared.bond.weight()
        });
        self.conversation.weight() + shared
    }

    pub(super) fn reading(self, origin: Origin) -> Reading {
        let snapshot = Snapshot {
            tick: self.tick,
            read_at: self.read_at(),
            conversation: self.conversation,
        };
        Reading { snapshot, origin }
    }
}

/// An instant in half the bytes: nanoseconds since the first one, or before it where a clock was stopped.
#[derive(Clone, Copy, Debug)]
struct Moment(i64);

impl Moment {
    fn of(instant: Instant) -> Self {
        let first = first();
        let nanos = |span: Duration| i64::try_from(span.as_nanos()).unwrap_or(i64::MAX);
        Self(match instant.checked_duration_since(first) {
            Some(later) => nanos(later),
            None => -nanos(first - instant),
        })
    }

    fn instant(self) -> Instant {
        let (first, span) = (first(), Duration::from_nanos(self.0.unsigned_abs()));
        let instant = if self.0 < 0 {
            first.checked_sub(span)
        } else {
            first.checked_add(span)
        };
        // It was made of one.
        instant.unwrap_or(first)
    }
}

fn first() -> Instant {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    *FIRST.get_or_init(Instant::now)
}
