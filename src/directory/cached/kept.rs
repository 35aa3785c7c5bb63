use std::sync::Arc;

use super::shared::Bond;
use crate::directory::{Reading, Snapshot};
use crate::layer::record::Origin;

/// A snapshot, and what it is good for.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) bond: Bond,
    /// Whether its tick is that of its GET. What another replica has read is older than it seems here.
    pub(super) first_hand: bool,
}

impl Kept {
    pub(super) fn reading(&self, origin: Origin) -> Reading {
        Reading {
            snapshot: Arc::clone(&self.snapshot),
            origin,
        }
    }
}
