//! What is known, among a thousand to a million, and the participant in it.

use std::cell::Cell;

use bytes::Bytes;
use divan::{Bencher, black_box};
use patchwright::rule::Rules;

use crate::subjects::bodies::{conversation, participant_id, with_gaps};
use crate::subjects::directories::{SMALLEST, asks, hit, knowing};
use crate::subjects::rules::source;
use crate::subjects::services::{Caller, patch};

/// Fewer than the conversations, which are asked for in an order that no cache foresees.
const ASKED: usize = 1000;

#[divan::bench(args = [1_000, 10_000, 100_000, 1_000_000], sample_count = 20)]
fn directory_hit(bencher: Bencher<'_, '_>, conversations: usize) {
    let asks = asks(&Rules::strict(), conversations, 1);
    let directory = knowing(&asks, SMALLEST);
    let asked: Vec<_> = (0..ASKED)
        .filter_map(|n| asks.get(n * 7919 % conversations))
        .collect();
    let next = Cell::new(0);
    bencher.bench_local(|| {
        let number = next.replace(next.get() + 1) % ASKED;
        asked.get(number).map(|ask| hit(&directory, black_box(ask)))
    });
}

#[divan::bench(args = [1, 3, 10, 100, 500])]
fn participant(bencher: Bencher<'_, '_>, participants: usize) {
    let (source, _) = source(&Rules::strict(), 1);
    let Ok(conversation) = source.extract(&conversation(participants)) else {
        return;
    };
    let last = participant_id(participants);
    bencher.bench(|| {
        conversation
            .participant(black_box(&last))
            .and_then(|found| found.value(0))
    });
}

/// The whole layer: a PATCH of 1 KiB whose participant is known.
#[divan::bench]
fn repair(bencher: Bencher<'_, '_>) {
    let body = Bytes::from(with_gaps(1 << 10));
    let mut caller = Caller::that_knows(&body);
    bencher
        .with_inputs(|| patch(body.clone()))
        .bench_local_values(|request| caller.call(request));
}
