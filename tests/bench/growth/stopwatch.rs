//! How long something takes.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// So long is measured at least.
const LONG_ENOUGH: Duration = Duration::from_millis(4);
/// The least of so many counts: whatever else the machine does can only add to it.
const TRIES: usize = 25;

/// What is timed.
pub(crate) type Work<'a> = Box<dyn FnMut() + 'a>;

/// Work that yields something which nobody needs.
pub(crate) fn work<'a, T>(mut work: impl FnMut() -> T + 'a) -> Work<'a> {
    Box::new(move || {
        black_box(work());
    })
}

/// Nanoseconds of each. They take turns, so that none of them alone has the machine's bad time.
pub(crate) fn nanoseconds(mut all: Vec<Work<'_>>) -> Vec<f64> {
    let times: Vec<u32> = all.iter_mut().map(often_enough).collect();
    let mut least = vec![Duration::MAX; all.len()];
    for _ in 0..TRIES {
        for ((work, &times), least) in all.iter_mut().zip(&times).zip(&mut least) {
            *least = measure(times, work).min(*least);
        }
    }
    let each = least.iter().zip(&times);
    each.map(|(least, &times)| least.as_secs_f64() * 1e9 / f64::from(times))
        .collect()
}

fn often_enough(work: &mut Work<'_>) -> u32 {
    let mut times = 1_u32;
    while measure(times, work) < LONG_ENOUGH && times < 1 << 24 {
        times *= 2;
    }
    times
}

fn measure(times: u32, work: &mut Work<'_>) -> Duration {
    let start = Instant::now();
    for _ in 0..times {
        work();
    }
    start.elapsed()
}
