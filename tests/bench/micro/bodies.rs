//! From 64 bytes to 1 MiB, and conversations of 1 to 500.

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use patchwright::repair::plan::Plan;
use patchwright::repair::scan::scan;
use patchwright::rule::Rules;

use crate::subjects::bodies::{VALUES, conversation, targets, with_gaps};
use crate::subjects::rules::source;

const SIZES: [usize; 6] = [64, 1 << 10, 8 << 10, 64 << 10, 256 << 10, 1 << 20];

#[divan::bench(args = SIZES, name = "scan")]
fn scans(bencher: Bencher<'_, '_>, size: usize) {
    let (targets, body) = (targets(), with_gaps(size));
    bencher
        .counter(BytesCount::of_slice(&body))
        .bench(|| scan(black_box(&body), &targets));
}

#[divan::bench(args = SIZES)]
fn plan(bencher: Bencher<'_, '_>, size: usize) {
    let (targets, body) = (targets(), with_gaps(size));
    bencher
        .counter(BytesCount::of_slice(&body))
        .bench(|| Plan::new(black_box(&body), &targets).is_ok());
}

#[divan::bench(args = SIZES)]
fn splice(bencher: Bencher<'_, '_>, size: usize) {
    let (targets, body) = (targets(), with_gaps(size));
    let Ok(plan) = Plan::new(&body, &targets) else {
        return;
    };
    bencher
        .counter(BytesCount::of_slice(&body))
        .bench(|| black_box(&plan).splice(|target| VALUES.get(target).copied()));
}

#[divan::bench(args = SIZES)]
fn scan_and_splice(bencher: Bencher<'_, '_>, size: usize) {
    let (targets, body) = (targets(), with_gaps(size));
    bencher.counter(BytesCount::of_slice(&body)).bench(|| {
        let plan = Plan::new(black_box(&body), &targets);
        plan.map(|plan| plan.splice(|target| VALUES.get(target).copied()))
    });
}

#[divan::bench(args = [1, 3, 10, 100, 500])]
fn extract(bencher: Bencher<'_, '_>, participants: usize) {
    let (source, _) = source(&Rules::strict(), 1);
    let answer = conversation(participants);
    bencher
        .counter(BytesCount::of_slice(&answer))
        .bench(|| source.extract(black_box(&answer)));
}
