//! The bound on requests in flight.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Places for so many requests. Nothing waits for one: whoever gets none is told.
#[derive(Debug)]
pub(super) struct Places {
    most: usize,
    taken: Arc<AtomicUsize>,
}

/// A place that is taken until it is dropped.
#[derive(Debug)]
pub(super) struct Place(Arc<AtomicUsize>);

impl Places {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            taken: Arc::default(),
        }
    }

    /// So many in the place of these. What is taken of either counts for both: a bound that is lowered
    /// holds for those who come after that.
    pub(super) fn sized(&self, most: usize) -> Self {
        Self {
            most,
            taken: Arc::clone(&self.taken),
        }
    }

    /// A place, if there is one.
    pub(super) fn take(&self) -> Option<Place> {
        let one_more = |taken: usize| (taken < self.most).then_some(taken + 1);
        let taken = self
            .taken
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        taken.is_ok().then(|| Place(Arc::clone(&self.taken)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_taken_until_it_is_dropped() {
        let places = Places::new(2);
        let (first, _second) = (places.take().unwrap(), places.take().unwrap());
        assert!(places.take().is_none());
        drop(first);
        let _third = places.take().unwrap();
        assert!(places.take().is_none());
    }

    #[test]
    fn another_bound_counts_those_who_are_there_already() {
        let old = Places::new(3);
        let mut there: Vec<_> = (0..3).map(|_| old.take().unwrap()).collect();
        let new = old.sized(2);
        there.pop();
        assert!(new.take().is_none(), "two are there");
        there.pop();
        there.push(new.take().unwrap());
        assert!(new.take().is_none());
        assert!(old.sized(3).take().is_some());
    }
}
