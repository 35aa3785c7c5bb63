//! The bound on what all requests together hold in memory.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that may be held at once. Clones share them: layers and directories that are given clones of one
/// budget stay within it together.
///
/// Nothing waits for it: what does not fit is refused at once, and the caller can come back. What is
/// charged is what has arrived, never what was announced, so that whoever announces much and sends
/// nothing holds nothing.
#[derive(Clone)]
pub struct Budget {
    bytes: usize,
    held: Arc<AtomicUsize>,
}

impl Budget {
    /// 64 MiB: sixty bodies of the largest size that are under way at once, or tens of thousands as they
    /// usually are.
    pub const DEFAULT: usize = 64 << 20;

    /// A budget of `bytes`.
    pub fn new(bytes: usize) -> Self {
        Self {
            bytes,
            held: Arc::default(),
        }
    }

    /// The same with another size: what is held of either counts for both.
    #[must_use]
    pub fn sized(&self, bytes: usize) -> Self {
        Self {
            bytes,
            held: Arc::clone(&self.held),
        }
    }

    /// Its size.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// What is held now.
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// A share of it, empty yet.
    pub(crate) fn share(&self) -> Arc<Share> {
        self.up_to(self.bytes)
    }

    /// As [`share`](Self::share), for what can be done without: it takes nothing while half of the budget
    /// is held, so that the other half is left to what can't.
    pub(crate) fn spare_share(&self) -> Arc<Share> {
        self.up_to(self.bytes / 2)
    }

    /// Whether so many bytes more would leave half of it to what can't be done without.
    pub(crate) fn can_spare(&self, bytes: usize) -> bool {
        self.held()
            .checked_add(bytes)
            .is_some_and(|sum| sum <= self.bytes / 2)
    }

    fn up_to(&self, most: usize) -> Arc<Share> {
        Arc::new(Share {
            pool: Arc::clone(&self.held),
            most,
            held: AtomicUsize::new(0),
        })
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(Self::DEFAULT)
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget")
            .field("bytes", &self.bytes)
            .field("held", &self.held())
            .finish()
    }
}

/// What one request, answer or lookup holds of a [`Budget`]. It is given back on drop.
pub(crate) struct Share {
    /// What all shares hold.
    pool: Arc<AtomicUsize>,
    /// How full the budget may become by this share.
    most: usize,
    held: AtomicUsize,
}

impl Share {
    /// Takes so many bytes more, if they are free.
    #[must_use]
    pub(crate) fn take(&self, bytes: usize) -> bool {
        let fits = |held: usize| held.checked_add(bytes).filter(|&sum| sum <= self.most);
        let taken = self
            .pool
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits);
        if taken.is_ok() {
            self.held.fetch_add(bytes, Ordering::Relaxed);
        }
        taken.is_ok()
    }

    /// Gives so many bytes back.
    pub(crate) fn give_back(&self, bytes: usize) {
        let less = |held: usize| Some(held.saturating_sub(bytes));
        let before = self
            .held
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        let given = before.unwrap_or(0).min(bytes);
        self.pool.fetch_sub(given, Ordering::Relaxed);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.give_back(usize::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_held_until_it_is_given_back_or_dropped() {
        let budget = Budget::new(100);
        let (a, b) = (budget.share(), budget.clone().share());
        assert!(a.take(60) && !b.take(41) && b.take(40));
        assert_eq!((budget.held(), a.take(1)), (100, false));
        a.give_back(20);
        assert_eq!(budget.held(), 80);
        assert!(b.take(20));
        drop(a);
        assert_eq!(budget.held(), 60);
        b.give_back(1000);
        assert_eq!(budget.held(), 0);
        assert!(!b.take(usize::MAX));
    }

    #[test]
    fn a_budget_of_another_size_counts_what_is_held_already() {
        let old = Budget::new(100);
        let before = old.share();
        assert!(before.take(60));
        let new = old.sized(80);
        let after = new.share();
        assert!(!after.take(21) && after.take(20));
        assert_eq!((old.held(), new.held()), (80, 80));
        drop(before);
        assert_eq!((old.held(), new.held()), (20, 20));
    }

    #[test]
    fn a_spare_share_leaves_half_to_others() {
        let budget = Budget::new(100);
        let (spare, other) = (budget.spare_share(), budget.share());
        assert!(other.take(30) && spare.take(20) && !spare.take(1));
        assert!(other.take(50));
    }
}
