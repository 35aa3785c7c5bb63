//! Ids that nobody has drawn before.

use std::cell::RefCell;
use std::hash::{BuildHasher as _, RandomState};
use std::num::{NonZeroU64, NonZeroU128};

/// Ids for a trace and for a span.
#[derive(Clone, Copy, Debug)]
pub struct Draw {
    /// For a trace.
    pub trace: NonZeroU128,
    /// For a span.
    pub span: NonZeroU64,
}

/// Ids for a request. What is drawn can't be told from what was drawn before, and the system is asked for
/// randomness once per thread.
pub fn draw() -> Draw {
    let (high, low) = (u128::from(next()), u128::from(next()));
    Draw {
        trace: NonZeroU128::new(high << 64 | low).unwrap_or(NonZeroU128::MIN),
        span: span(),
    }
}

/// An id for one more span.
pub fn span() -> NonZeroU64 {
    NonZeroU64::new(next()).unwrap_or(NonZeroU64::MIN)
}

thread_local! {
    /// A keyed hash of a count: std's own, whose keys the system draws.
    static DRAWN: RefCell<(RandomState, u64)> = RefCell::new((RandomState::new(), 0));
}

fn next() -> u64 {
    DRAWN.with_borrow_mut(|(key, count)| {
        *count = count.wrapping_add(1);
        key.hash_one(*count)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_drawn_once_on_whatever_thread() {
        let draws = || (0..1000).map(|_| draw()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(draws)).collect();
        let all = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap());
        let (mut traces, mut spans) = (HashSet::new(), HashSet::new());
        for drawn in all {
            assert!(traces.insert(drawn.trace) && spans.insert(drawn.span));
        }
    }

    #[test]
    fn every_bit_is_drawn() {
        let (mut ones, mut zeros) = (0_u128, 0_u128);
        for _ in 0..200 {
            let trace = draw().trace.get();
            ones |= trace;
            zeros |= !trace;
        }
        assert_eq!((ones, zeros), (u128::MAX, u128::MAX));
    }
}
