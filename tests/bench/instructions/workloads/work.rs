//! One function for each: what is needed is made first, then the work is done. What goes through the layer
//! includes the making of the request.

use std::hint::black_box;

use bytes::Bytes;
use http::{Method, StatusCode};
use patchwright::layer::record::{Origin, Outcome, Record, Repair};
use patchwright::layer::report::header;
use patchwright::repair::plan::Plan;
use patchwright::rule::Rules;

use crate::subjects::bodies::{VALUES, conversation, targets, with_gaps};
use crate::subjects::directories::{SMALLEST, asks, hit, knowing};
use crate::subjects::rules::{PATHS, source};
use crate::subjects::services::{Caller, Reader, get, patch, stranger};

type Work = fn(u32);

pub(crate) const ALL: [(&str, Work); 11] = [
    ("splice-1k", splice_1k),
    ("splice-64k", splice_64k),
    ("match", find),
    ("hit", look_up),
    ("report", report),
    ("extract", extract),
    ("layer-repaired", repaired),
    ("layer-complete", complete),
    ("layer-unmatched", unmatched),
    ("layer-passed", passed),
    ("layer-learned", learned),
];

/// Scan, plan and splice of a body of 1 KiB that lacks both targets.
fn splice_1k(times: u32) {
    splice(1 << 10, times);
}

/// The same of 64 KiB.
fn splice_64k(times: u32) {
    splice(64 << 10, times);
}

fn splice(size: usize, times: u32) {
    let (targets, body) = (targets(), with_gaps(size));
    for _ in 0..times {
        let plan = Plan::new(black_box(&body), &targets);
        black_box(plan.map(|plan| plan.splice(|target| VALUES.get(target).copied()))).ok();
    }
}

/// Six paths against both packs.
fn find(times: u32) {
    let packs = [Rules::strict(), Rules::official()];
    for _ in 0..times {
        for rules in &packs {
            for path in PATHS {
                black_box(rules.find(&Method::PATCH, black_box(path)).is_some());
            }
        }
    }
}

/// One of a thousand conversations, of ten credentials.
fn look_up(times: u32) {
    let asks = asks(&Rules::strict(), 1000, 10);
    let directory = knowing(&asks, SMALLEST);
    for ask in asks.iter().cycle().take(times as usize) {
        black_box(hit(&directory, black_box(ask)));
    }
}

/// The header of a repaired request.
fn report(times: u32) {
    let template = "/api/v2/conversations/{conversationId}/participants/{participantId}";
    let record = Record {
        repairs: &[Repair::Fill],
        filled: &["/state", "/routing/queue/id"],
        snapshot: Some(Origin::Hit),
        age: Some(std::time::Duration::from_millis(137)),
        status: Some(StatusCode::ACCEPTED),
        ..Record::new("participant", &Method::PATCH, template, Outcome::Repaired)
    };
    for _ in 0..times {
        black_box(header(black_box(&record)));
    }
}

/// Three participants of an answer of the API.
fn extract(times: u32) {
    let (source, _) = source(&Rules::strict(), 1);
    let answer = conversation(3);
    for _ in 0..times {
        black_box(source.extract(black_box(&answer))).ok();
    }
}

/// A whole PATCH through the layer, whose participant is known.
fn repaired(times: u32) {
    let body = Bytes::from(with_gaps(1 << 10));
    let mut caller = Caller::that_knows(&body);
    for _ in 0..times {
        black_box(caller.call(patch(body.clone())));
    }
}

/// One that lacks nothing.
fn complete(times: u32) {
    let body = r#"{"attributes":{"note":"call back after three"},"state":"connected","routing":{"queue":{"id":"9e0e0000-0000-4000-8000-000000000001"}}}"#;
    let mut caller = Caller::new();
    for _ in 0..times {
        let request = patch(Bytes::from_static(body.as_bytes()));
        black_box(caller.call(request));
    }
}

/// A request that no rule knows.
fn unmatched(times: u32) {
    let mut caller = Caller::new();
    for _ in 0..times {
        black_box(caller.call(stranger()));
    }
}

/// A GET whose answer teaches nothing.
fn passed(times: u32) {
    read("/participants", times);
}

/// One whose answer may be wanted, in the place of one that nobody asked for.
fn learned(times: u32) {
    read("", times);
}

fn read(below: &str, times: u32) {
    let mut reader = Reader::new();
    for number in 0..times {
        black_box(reader.read(get(number, below)));
    }
}
