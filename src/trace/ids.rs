//! Ids that nobody has drawn before.

use std::cell::Cell;
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
    static DRAWING: Cell<Drawing> = Cell::new(Drawing::new());
}

fn next() -> u64 {
    DRAWING.with(|drawing| {
        let (number, next) = drawing.get().next();
        drawing.set(next);
        number
    })
}

/// `SplitMix64` (Steele, Lea and Flood, 2014): two multiplications for 64 bits. Nobody is kept out by these ids, so
/// that they may be guessed. Each thread has a step of its own: two that ever draw the same number go on differently.
#[derive(Clone, Copy, Debug)]
struct Drawing {
    state: u64,
    step: u64,
}

impl Drawing {
    /// Begins where nobody knows: with what the system drew for the keys of std's maps.
    fn new() -> Self {
        let keys = RandomState::new();
        Self {
            state: keys.hash_one(0),
            // Odd, so that all numbers come before the first one does again.
            step: keys.hash_one(1) | 1,
        }
    }

    fn next(self) -> (u64, Self) {
        let state = self.state.wrapping_add(self.step);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31), Self { state, ..self })
    }
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
