use std::sync::Arc;

use super::shared::Bond;
use crate::directory::{Reading, Snapshot};
use crate::layer::record::Origin;

/// A snapshot, and what it is good for.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) snapshot: Snapshot,
    /// Where nothing is shared there is nothing to say of it, and no memory is taken for that.
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
        Self { snapshot, shared }
    }

    pub(super) fn bond(&self) -> &Bond {
        self.shared.as_ref().map_or(&ALONE, |shared| &shared.bond)
    }

    pub(super) fn first_hand(&self) -> bool {
        self.shared.as_ref().is_none_or(|shared| shared.first_hand)
    }

    /// Bytes of memory beside its place in the cache.
    pub(super) fn weight(&self) -> usize {
        let shared = self.shared.as_ref().map_or(0, |shared| {
            2 * size_of::<usize>() + size_of::<Shared>() + shared.bond.weight()
        });
        self.snapshot.conversation.weight() + shared
    }

    pub(super) fn reading(self, origin: Origin) -> Reading {
        Reading {
            snapshot: self.snapshot,
            origin,
        }
    }
}
