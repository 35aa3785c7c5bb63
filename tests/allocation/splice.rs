//! A repair makes what it sends, and next to nothing besides.

use std::hint::black_box;

use allocation_counter::measure;
use patchwright::repair::plan::Plan;
use patchwright::repair::target::Targets;

/// A body of about `size` bytes that lacks `state` and `routing`.
fn body(size: usize) -> Vec<u8> {
    let note = r#""said \"later\"","#.repeat(size / 17);
    format!(r#"{{"attributes":{{"notes":[{note}1]}}}}"#).into_bytes()
}

#[test]
fn scan_and_splice_allocate_twice_whatever_the_size() {
    let targets = Targets::new(["/state", "/routing/queue/id"]).unwrap();
    for size in [64, 1 << 10, 1 << 20] {
        let body = body(size);
        let mut sent = Vec::new();
        let cost = measure(|| {
            let plan = Plan::new(black_box(&body), &targets).unwrap();
            sent = plan.splice(|target| Some(["connected", "q-7"][target]));
        });
        assert!(sent.starts_with(br#"{"state":"connected","routing":{"queue":{"id":"q-7"}},"#));
        assert!(sent.len() > body.len());
        assert!(cost.count_total <= 2, "{size}: {cost:?}");
        let most = u64::try_from(body.len() + 1024).unwrap();
        assert!(cost.bytes_total <= most, "{size}: {cost:?}");
    }
}
