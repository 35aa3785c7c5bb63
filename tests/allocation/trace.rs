//! What every request pays for the trace that it belongs to: the new value of one header field.

use allocation_counter::measure;
use http::{HeaderMap, HeaderValue};
use patchwright::trace::{Context, Share, TRACEPARENT, enter, ids};

const CAME: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[test]
fn a_trace_costs_one_small_allocation_whether_it_goes_on_or_begins() {
    // A thread's first draw asks the system.
    ids::draw();
    for came in [CAME, "nonsense"] {
        let mut headers = HeaderMap::with_capacity(16);
        headers.insert(TRACEPARENT, HeaderValue::from_static(came));
        let spent = measure(|| {
            enter(&mut headers, Share::NONE, ids::draw);
        });
        assert!(
            spent.count_total <= 1 && spent.bytes_total <= 64,
            "{came}: {spent:?}"
        );
    }
}

#[test]
fn to_read_one_costs_nothing() {
    let mut headers = HeaderMap::new();
    headers.insert(TRACEPARENT, HeaderValue::from_static(CAME));
    let spent = measure(|| {
        assert!(Context::of(&headers).is_some());
    });
    assert_eq!(spent.count_total, 0, "{spent:?}");
}
