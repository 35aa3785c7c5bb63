//! What happens now, in numbers for people.

use std::time::Duration;

use crate::layer::record::Record;

/// Counts. Clones count into the same place.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    _nothing_yet: (),
}

impl Tally {
    /// A request that a rule matched.
    pub fn observe(&self, _record: &Record<'_>) {}

    /// An upstream's answer took so long, from the request's head to its own.
    pub fn answered(&self, _took: Duration) {}

    /// A lookup took so long, from its request to the end of the answer.
    pub fn looked_up(&self, _took: Duration) {}
}
