//! What happens now, in numbers for people.
//!
//! The request path only adds to counters. What they come to is computed when somebody looks: a
//! [`Series`] of differences between readings a few seconds apart.

mod histogram;
mod series;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use self::histogram::Histogram;
pub use self::histogram::{Counts, Spread};
pub use self::series::{KEPT, Point, STEP, Series};
use crate::layer::record::{Origin, Outcome, Record};

/// Counts. Clones count into the same place.
#[derive(Clone, Debug, Default)]
pub struct Tally(Arc<Shared>);

/// Every one is counted for itself and nothing is read along with another, so that relaxed order is enough.
#[derive(Debug, Default)]
struct Shared {
    outcomes: [AtomicU64; Outcome::ALL.len()],
    snapshots: [AtomicU64; Origin::ALL.len()],
    age: Histogram,
    upstream: Histogram,
    lookup: Histogram,
    in_flight: AtomicU64,
}

impl Tally {
    /// A request that a rule matched.
    pub fn observe(&self, record: &Record<'_>) {
        add(&self.0.outcomes, record.outcome as usize);
        if let Some(origin) = record.snapshot {
            add(&self.0.snapshots, origin as usize);
        }
        if let Some(age) = record.age {
            self.0.age.record(age);
        }
    }

    /// An upstream's answer took so long, from the request's head to its own.
    pub fn answered(&self, took: Duration) {
        self.0.upstream.record(took);
    }

    /// A lookup took so long, from its request to the end of the answer.
    pub fn looked_up(&self, took: Duration) {
        self.0.lookup.record(took);
    }

    /// A request has come.
    pub fn entered(&self) {
        self.0.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    /// The answer to one that had [`entered`](Self::entered) is over.
    pub fn left(&self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    /// Everything that was counted so far.
    pub fn totals(&self) -> Totals {
        Totals {
            outcomes: read(&self.0.outcomes),
            snapshots: read(&self.0.snapshots),
            age: self.0.age.counts(),
            upstream: self.0.upstream.counts(),
            lookup: self.0.lookup.counts(),
            in_flight: self.0.in_flight.load(Ordering::Relaxed),
        }
    }
}

fn add(counters: &[AtomicU64], place: usize) {
    if let Some(counter) = counters.get(place) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

fn read<const N: usize>(counters: &[AtomicU64; N]) -> [u64; N] {
    counters.each_ref().map(|one| one.load(Ordering::Relaxed))
}

/// What was counted up to some moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Requests that a rule matched, in the order of [`Outcome::ALL`].
    pub outcomes: [u64; Outcome::ALL.len()],
    /// Snapshots that were asked for, in the order of [`Origin::ALL`].
    pub snapshots: [u64; Origin::ALL.len()],
    /// Ages of snapshots when they were used.
    pub age: Counts,
    /// How long upstreams took to answer.
    pub upstream: Counts,
    /// How long lookups took.
    pub lookup: Counts,
    /// Requests that are being answered: no sum, but what is so at the moment.
    pub in_flight: u64,
}

impl Totals {
    /// What was counted since `before`.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        Self {
            outcomes: differences(&self.outcomes, &before.outcomes),
            snapshots: differences(&self.snapshots, &before.snapshots),
            age: self.age.since(&before.age),
            upstream: self.upstream.since(&before.upstream),
            lookup: self.lookup.since(&before.lookup),
            in_flight: self.in_flight,
        }
    }
}

fn differences<const N: usize>(now: &[u64; N], before: &[u64; N]) -> [u64; N] {
    let mut differences = *now;
    for (difference, before) in differences.iter_mut().zip(before) {
        *difference = difference.saturating_sub(*before);
    }
    differences
}

#[cfg(test)]
mod tests;
