//! What is measured within one thread.

use std::hint::black_box;

use http::Method;
use patchwright::repair::plan::Plan;
use patchwright::rule::Rules;

use crate::series::{Series, Shape};
use crate::stopwatch::nanoseconds;
use crate::subjects::bodies::{VALUES, conversation, targets, with_gaps};
use crate::subjects::directories::{SMALLEST, asks, hit, knowing};
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
        // 1 GB/s on a core for itself, where the baseline has 8 GB/s.
        most: 8.0,
    };
    let mut series = series("scan and splice", "bytes of body", shape);
    let targets = targets();
    for power in 6..=20 {
        let body = with_gaps(1 << power);
        let cost = nanoseconds(|| {
            let plan = Plan::new(black_box(&body), &targets);
            plan.map(|plan| plan.splice(|target| VALUES.get(target).copied()))
        });
        let least = nanoseconds(|| std::str::from_utf8(black_box(&body)).map(str::to_owned));
        series.points.push((float(body.len()), cost));
        series.baseline.push((float(body.len()), least));
    }
    series
}

/// A hit among so many. What does not fit into the processor's caches takes longer to reach, once.
pub(crate) fn conversations() -> Series {
    let shape = Shape::Flat(4.0);
    let mut series = series("directory hit", "conversations known", shape);
    for count in [1000, 10_000, 100_000, 1_000_000] {
        series.points.push((float(count), hits(count, 1)));
    }
    series
}

/// A hit where the conversations belong to so many credentials.
pub(crate) fn partitions() -> Series {
    let shape = Shape::Flat(2.0);
    let mut series = series("directory hit", "credentials", shape);
    for credentials in [1, 10, 100, 1000, 10_000] {
        series
            .points
            .push((float(credentials), hits(10_000, credentials)));
    }
    series
}

fn hits(conversations: usize, credentials: usize) -> f64 {
    let asks = asks(&Rules::strict(), conversations, credentials);
    let directory = knowing(&asks, SMALLEST);
    // An order that no cache foresees.
    let asked: Vec<_> = (0..conversations.min(20_000))
        .filter_map(|number| asks.get(number * 7919 % conversations))
        .collect();
    let mut next = asked.iter().cycle();
    nanoseconds(|| next.next().map(|ask| hit(&directory, ask)))
}

pub(crate) fn rules() -> Series {
    let mut series = series("match", "rules", Shape::Flat(2.0));
    for count in [1, 10, 100, 1000] {
        let (rules, path) = (many(count), last_path(count));
        let cost = nanoseconds(|| rules.find(&Method::PATCH, black_box(&path)).is_some());
        series.points.push((float(count), cost));
    }
    series
}

pub(crate) fn participants() -> Series {
    let mut series = series(
        "reading an answer",
        "participants",
        Shape::AtMostLinear(1.5),
    );
    let (source, _) = source(&Rules::strict(), 1);
    for count in [1, 3, 10, 30, 100, 500] {
        let answer = conversation(count);
        let cost = nanoseconds(|| source.extract(black_box(&answer)));
        series.points.push((float(count), cost));
    }
    series
}
