//! What is measured within one thread.

use std::hint::black_box;

use http::Method;
use patchwright::directory::Ask;
use patchwright::repair::plan::Plan;
use patchwright::rule::Rules;

use crate::series::{Series, Shape};
use crate::stopwatch::{nanoseconds, work};
use crate::subjects::bodies::{VALUES, conversation, targets, with_gaps};
use crate::subjects::directories::{Directory, SMALLEST, asks, hit, knowing};
use crate::subjects::rules::{last_path, many, source};

const NANOSECONDS: &str = "ns";

fn series(title: &'static str, what: &'static str, shape: Shape) -> Series {
    Series {
        title,
        what,
        unit: NANOSECONDS,
        shape,
        points: Vec::new(),
        baseline: Vec::new(),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "sizes are far below what a float counts exactly"
)]
fn float(size: usize) -> f64 {
    size as f64
}

/// Scan and splice, next to validating and copying as many bytes: what any repair does at least.
pub(crate) fn bodies() -> Series {
    let shape = Shape::Linear {
        from: 65536.0,
        // 1 GB/s, where the baseline has 10 GB/s.
        most: 10.0,
    };
    let mut series = series("scan and splice", "bytes of body", shape);
    let targets = targets();
    let bodies: Vec<Vec<u8>> = (6..=20).map(|power| with_gaps(1 << power)).collect();
    let repair = |body: &Vec<u8>| {
        let plan = Plan::new(black_box(body), &targets);
        plan.map(|plan| plan.splice(|target| VALUES.get(target).copied()))
    };
    let least = |body: &Vec<u8>| std::str::from_utf8(black_box(body)).map(str::to_owned);
    let repairs = bodies.iter().map(|body| work(move || repair(body)));
    let baseline = bodies.iter().map(|body| work(move || least(body)));
    let mut costs = nanoseconds(repairs.chain(baseline).collect());
    let baseline = costs.split_off(bodies.len());
    let sizes = || bodies.iter().map(|body| float(body.len()));
    series.points = sizes().zip(costs).collect();
    series.baseline = sizes().zip(baseline).collect();
    series
}

/// The costs of work of each size.
fn points<T>(sizes: &[usize], make: impl Fn(usize) -> T, run: impl Fn(&mut T)) -> Vec<(f64, f64)> {
    let mut subjects: Vec<T> = sizes.iter().copied().map(make).collect();
    let run = &run;
    let all = subjects
        .iter_mut()
        .map(|subject| work(move || run(subject)));
    let costs = nanoseconds(all.collect());
    sizes.iter().copied().map(float).zip(costs).collect()
}

/// A hit among so many. What does not fit into the processor's caches takes longer to reach, once.
pub(crate) fn conversations() -> Series {
    let mut series = series("directory hit", "conversations known", Shape::Flat(5.0));
    let sizes = [1000, 10_000, 100_000, 1_000_000];
    series.points = points(&sizes, |count| Known::new(count, 1), Known::hit);
    series
}

/// A hit where the conversations belong to so many credentials.
pub(crate) fn partitions() -> Series {
    let mut series = series("directory hit", "credentials", Shape::Flat(2.0));
    let sizes = [1, 10, 100, 1000, 10_000];
    series.points = points(&sizes, |count| Known::new(10_000, count), Known::hit);
    series
}

/// A directory, and what it is asked in an order that no cache foresees.
struct Known {
    directory: Directory,
    asks: Vec<Ask>,
    next: usize,
}

impl Known {
    fn new(conversations: usize, credentials: usize) -> Self {
        let all = asks(&Rules::strict(), conversations, credentials);
        let directory = knowing(&all, SMALLEST);
        let order = (0..conversations.min(20_000)).map(|number| number * 7919 % conversations);
        Self {
            directory,
            asks: order
                .filter_map(|number| all.get(number).cloned())
                .collect(),
            next: 0,
        }
    }

    fn hit(&mut self) {
        self.next = (self.next + 1) % self.asks.len();
        if let Some(ask) = self.asks.get(self.next) {
            black_box(hit(&self.directory, ask));
        }
    }
}

pub(crate) fn rules() -> Series {
    let mut series = series("match", "rules", Shape::Flat(2.0));
    series.points = points(
        &[1, 10, 100, 1000],
        |count| (many(count), last_path(count)),
        |(rules, path)| {
            black_box(rules.find(&Method::PATCH, black_box(path)).is_some());
        },
    );
    series
}

pub(crate) fn participants() -> Series {
    let mut series = series(
        "reading an answer",
        "participants",
        Shape::AtMostLinear(2.0),
    );
    let (source, _) = source(&Rules::strict(), 1);
    series.points = points(&[1, 3, 10, 30, 100, 500], conversation, |answer| {
        let _ = black_box(source.extract(black_box(answer)));
    });
    series
}
