//! How long something takes.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// So long is measured at least.
const LONG_ENOUGH: Duration = Duration::from_millis(4);
/// The least of so many counts: whatever else the machine does can only add to it.
const TRIES: usize = 25;

/// Nanoseconds of one.
pub(crate) fn nanoseconds<T>(mut work: impl FnMut() -> T) -> f64 {
    let mut times = 1_u32;
    while measure(times, &mut work) < LONG_ENOUGH && times < 1 << 24 {
        times *= 2;
    }
    let tries = (0..TRIES).map(|_| measure(times, &mut work));
    let least = tries.min().unwrap_or_default();
    least.as_secs_f64() * 1e9 / f64::from(times)
}

fn measure<T>(times: u32, work: &mut impl FnMut() -> T) -> Duration {
    let start = Instant::now();
    for _ in 0..times {
        black_box(work());
    }
    start.elapsed()
}
