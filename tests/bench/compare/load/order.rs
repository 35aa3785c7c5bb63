//! Which conversation is next. The same arguments give the same order.

/// So many are drawn before they come again.
const DRAWN: usize = 1 << 16;

#[derive(Debug)]
pub(crate) struct Order {
    numbers: Vec<u64>,
}

impl Order {
    pub(crate) fn new(conversations: u64, first: u64, skew: f64) -> Self {
        let numbers = if skew > 0.0 {
            draw(conversations, skew).map(|rank| first + rank).collect()
        } else {
            (first..first + conversations).collect()
        };
        Self { numbers }
    }

    /// The conversation of a request, by how many came before it.
    pub(crate) fn at(&self, request: u64) -> u64 {
        let place = request % self.numbers.len().max(1) as u64;
        let place = usize::try_from(place).unwrap_or_default();
        self.numbers.get(place).copied().unwrap_or_default()
    }
}

/// Ranks whose chances fall with their power.
#[expect(
    clippy::cast_precision_loss,
    reason = "ranks are far below what a float counts exactly"
)]
fn draw(ranks: u64, skew: f64) -> impl Iterator<Item = u64> {
    let weights = (1..=ranks).map(|rank| (rank as f64).powf(-skew));
    let sums: Vec<f64> = weights
        .scan(0.0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        })
        .collect();
    let total = sums.last().copied().unwrap_or_default();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    (0..DRAWN).map(move |_| {
        // Marsaglia's xorshift64, of which the upper 53 bits make a float.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let chance = (state >> 11) as f64 / (1_u64 << 53) as f64 * total;
        sums.partition_point(|&sum| sum <= chance) as u64
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_skew_each_has_its_turn() {
        let order = Order::new(3, 10, 0.0);
        let taken: Vec<u64> = (0..7).map(|request| order.at(request)).collect();
        assert_eq!(taken, [10, 11, 12, 10, 11, 12, 10]);
    }

    #[test]
    fn with_skew_the_first_come_most_often_and_always_the_same() {
        let (one, other) = (Order::new(1000, 5, 1.0), Order::new(1000, 5, 1.0));
        let mut counts = vec![0; 1000];
        for request in 0..50_000 {
            assert_eq!(one.at(request), other.at(request));
            counts[usize::try_from(one.at(request) - 5).unwrap()] += 1;
        }
        // Zipf's law for a thousand: the first has 1 in 7.49, the tenth a tenth of that.
        assert!((6000..7400).contains(&counts[0]), "{}", counts[0]);
        assert!((500..850).contains(&counts[9]), "{}", counts[9]);
    }
}
