//! Randomness that a seed repeats: the same draws for the same task, whatever the others do.

/// `SplitMix64`: a generator of five lines is better than a dependency for drawing lots.
#[derive(Clone, Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    /// The stream of one task.
    pub(crate) fn new(seed: u64, task: &str, number: usize) -> Self {
        let mut rng = Self(seed ^ (number as u64).rotate_left(32));
        for byte in task.bytes() {
            rng.0 = rng.draw() ^ u64::from(byte);
        }
        rng
    }

    pub(crate) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 to below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.draw() % end.max(1) as u64).unwrap()
    }

    /// From `low` to `high`, both included.
    pub(crate) fn within(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// One of the values, as often as its weight says.
    pub(crate) fn weighted<T: Copy>(&mut self, from: &[(usize, T)]) -> T {
        let mut lot = self.below(from.iter().map(|(weight, _)| weight).sum());
        for (weight, value) in from {
            if lot < *weight {
                return *value;
            }
            lot -= weight;
        }
        from[0].1
    }
}

/// `size` bytes that follow from `n`, so that who receives them knows what they should have been.
pub(crate) fn content(n: u64, size: usize) -> Vec<u8> {
    let mut rng = Rng(n);
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        bytes.extend_from_slice(&rng.draw().to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}

/// FNV-1a by words: a wrong, missing or moved byte changes it.
pub(crate) fn digest(bytes: &[u8]) -> u64 {
    let mut hash = 0xCBF2_9CE4_8422_2325 ^ bytes.len() as u64;
    for word in bytes.chunks(8) {
        let mut eight = [0; 8];
        eight[..word.len()].copy_from_slice(word);
        hash = (hash ^ u64::from_le_bytes(eight))
            .wrapping_mul(0x0100_0000_01B3)
            .rotate_left(23);
    }
    hash
}
