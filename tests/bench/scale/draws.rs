//! Randomness that is the same on every machine: whole numbers, comparisons, and of floating point only what
//! IEEE 754 rounds in one way (no logarithms or powers, which each system's library has its own of).

/// `SplitMix64`.
#[derive(Clone, Debug)]
pub(crate) struct Draws(u64);

impl Draws {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Draws of their own for each (thing, purpose): what one combination of settings draws does not move
    /// the draws of another, so that they differ by their rules alone.
    pub(crate) fn of(seed: u64, thing: usize, purpose: u64) -> Self {
        let mut draws = Self(seed ^ purpose.rotate_left(48));
        draws.0 = draws.next() ^ thing as u64;
        draws
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 to below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        // Less than `end`, so it fits.
        usize::try_from(self.next() % end.max(1) as u64).unwrap_or_default()
    }

    /// From 0 to below 1.
    fn unit(&mut self) -> f64 {
        // The upper half is as much as f64 takes without rounding.
        let high = u32::try_from(self.next() >> 32).unwrap_or_default();
        f64::from(high) / (f64::from(u32::MAX) + 1.0)
    }

    /// A time between two events of a Poisson process, in the unit of `mean`: von Neumann's way, by
    /// comparisons alone.
    pub(crate) fn exponential(&mut self, mean: u64) -> u64 {
        let mut whole = 0;
        loop {
            let first = self.unit();
            let (mut last, mut run) = (first, 1);
            loop {
                let next = self.unit();
                if next >= last {
                    break;
                }
                (last, run) = (next, run + 1);
            }
            if run % 2 == 1 {
                return mean * whole + scaled(mean, first);
            }
            whole += 1;
        }
    }
}

/// `part` (from 0 to below 1) of `whole`, in millionths.
fn scaled(whole: u64, part: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "below a million, and not negative"
    )]
    let millionths = (part * 1e6) as u64;
    whole * millionths / 1_000_000
}

/// Picks the first few often and the many rarely: the n-th as often as 1 / n to the power of half of
/// `halves` (0 picks evenly, 2 is Zipf's own law).
#[derive(Debug)]
pub(crate) struct Zipf(Vec<f64>);

impl Zipf {
    pub(crate) fn new(count: usize, halves: u32) -> Self {
        let mut sum = 0.0;
        let weights = (1..=count).map(|rank| {
            let rank = f64::from(u32::try_from(rank).unwrap_or(u32::MAX));
            sum += (0..halves).fold(1.0, |weight, _| weight / rank.sqrt());
            sum
        });
        Self(weights.collect())
    }

    pub(crate) fn pick(&self, draws: &mut Draws) -> usize {
        let lot = draws.unit() * self.0.last().copied().unwrap_or_default();
        self.0.partition_point(|sum| *sum <= lot)
    }
}
