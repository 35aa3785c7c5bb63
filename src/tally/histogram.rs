//! Times, counted in classes that are narrow where times are short.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Classes of each power of two: the middle of one is at most a sixteenth away from any time in it.
const STEPS: usize = 8;
/// Exponent of [`STEPS`].
const STEP_BITS: u32 = 3;
/// Times are counted in microseconds, and longer ones than this many bits hold (two minutes) as that long:
/// nothing that is measured here lasts longer without being given up.
const BITS: u32 = 27;
const CLASSES: usize = (BITS - STEP_BITS + 1) as usize * STEPS;

/// How often there were times of each class. Counting is one addition.
#[derive(Debug)]
pub(super) struct Histogram([AtomicU64; CLASSES]);

impl Default for Histogram {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; CLASSES])
    }
}

impl Histogram {
    pub(super) fn record(&self, time: Duration) {
        if let Some(class) = self.0.get(class(time)) {
            class.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn counts(&self) -> Counts {
        let counts = self.0.iter().map(|count| count.load(Ordering::Relaxed));
        Counts(counts.collect())
    }
}

/// The class of a time. Up to [`STEPS`] µs each has one of its own; from there on the highest bit and the
/// three behind it tell.
fn class(time: Duration) -> usize {
    let most = (1 << BITS) - 1;
    let micros = u64::try_from(time.as_micros()).unwrap_or(most).min(most);
    let shift = (u64::BITS - micros.leading_zeros()).saturating_sub(STEP_BITS + 1);
    let class = u64::from(shift) * STEPS as u64 + (micros >> shift);
    usize::try_from(class).unwrap_or(usize::MAX)
}

/// The middle of a class, in milliseconds.
fn middle(class: usize) -> f64 {
    let class = u32::try_from(class).unwrap_or(u32::MAX);
    let steps = 1 << STEP_BITS;
    let shift = (class / steps).saturating_sub(1);
    let lower = f64::from(class - shift * steps) * f64::from(1_u32 << shift.min(31));
    let width = f64::from((1_u32 << shift.min(31)) - 1);
    (lower + width / 2.0) / 1000.0
}

/// What a histogram had counted at some moment, or between two.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts(Vec<u64>);

/// What times there were.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spread {
    /// How many.
    pub count: u64,
    /// Half of them were not longer, in milliseconds; within 6 %. None where there was none.
    pub p50: Option<f64>,
    /// 99 of a hundred were not longer.
    pub p99: Option<f64>,
}

impl Counts {
    /// How many times were counted.
    pub fn count(&self) -> u64 {
        self.0.iter().sum()
    }

    /// What was counted since `before`.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let before = before.0.iter().copied().chain(std::iter::repeat(0));
        let counts = self.0.iter().zip(before);
        Self(counts.map(|(now, then)| now.saturating_sub(then)).collect())
    }

    /// In a few figures.
    pub fn spread(&self) -> Spread {
        let count = self.count();
        Spread {
            count,
            // Ranks begin at 1, and are rounded up.
            p50: self.at_rank(count.div_ceil(2)),
            p99: self.at_rank(count - count / 100),
        }
    }

    fn at_rank(&self, rank: u64) -> Option<f64> {
        let mut passed = 0;
        let class = self.0.iter().position(|count| {
            passed += count;
            *count > 0 && passed >= rank
        });
        class.map(middle)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_time_is_not_far_from_the_middle_of_its_class(micros in 0_u32..1 << BITS) {
            let told = middle(class(Duration::from_micros(micros.into()))) * 1000.0;
            let off = (told - f64::from(micros)).abs();
            prop_assert!(off <= f64::from(micros) / 16.0, "{micros} is told as {told}");
        }

        #[test]
        fn longer_times_have_no_lower_class(a in any::<u64>(), b in any::<u64>()) {
            let (shorter, longer) = (Duration::from_micros(a.min(b)), Duration::from_micros(a.max(b)));
            prop_assert!(class(shorter) <= class(longer));
            prop_assert!(class(longer) < CLASSES);
        }
    }

    #[test]
    fn quantiles_are_of_what_was_counted_between_two_readings() {
        let histogram = Histogram::default();
        histogram.record(Duration::from_secs(60));
        let before = histogram.counts();
        assert_eq!(before.since(&before).spread(), Spread::default());
        for _ in 0..98 {
            histogram.record(Duration::from_micros(7));
        }
        histogram.record(Duration::from_micros(5));
        let spread = histogram.counts().since(&before).spread();
        assert_eq!(
            spread,
            Spread {
                count: 99,
                p50: Some(0.007),
                p99: Some(0.007)
            }
        );
        histogram.record(Duration::MAX);
        histogram.record(Duration::MAX);
        let spread = histogram.counts().since(&before).spread();
        assert_eq!((spread.count, spread.p50), (101, Some(0.007)));
        assert!(spread.p99.unwrap() > 120_000.0);
    }
}
