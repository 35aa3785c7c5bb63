//! What people watch costs a request no allocation: neither figures, metrics, the table of recent repairs and the
//! ledger, nor its line in the log.

use std::io;
use std::time::Duration;

use http::StatusCode;
use patchwright::admin::Recent;
use patchwright::layer::record::{Observer as _, Origin, Outcome, Reason, Record, Repair, Span};
use patchwright::metrics::Metrics;
use patchwright::observers::Observers;
use patchwright::telemetry::{Format, log_to};
use patchwright::trace::Context as Trace;

use super::*;

#[test]
fn a_record_is_told_to_everyone_without_an_allocation_once_there_is_room() {
    let dropped = ["/name".to_owned(), "If-Match".to_owned()];
    let parts = [("attributes".to_owned(), None)];
    let repaired = Record {
        reason: Some(Reason::UpstreamFailed),
        repairs: &[Repair::Fill, Repair::ContentType],
        spans: &[Span {
            at: 1..1,
            inserted: 42,
        }],
        filled: &["/state", "/routing/queue/id"],
        dropped: &dropped,
        parts: &parts,
        hint: Some("a hint"),
        snapshot: Some(Origin::Hit),
        age: Some(Duration::from_millis(120)),
        status: Some(StatusCode::ACCEPTED),
        client: Some("billing"),
        user_agent: Some("legacy-ivr/2.4"),
        trace: Trace::parse(b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ..Record::new("participant", &Method::PATCH, "/a/{b}", Outcome::Repaired)
    };
    let passed = Record {
        status: Some(StatusCode::OK),
        ..Record::new("participant", &Method::PATCH, "/a/{b}", Outcome::Complete)
    };
    let forwarded = Record {
        reason: Some(Reason::NotJson),
        filled: &["/state"],
        ..Record::new("other", &Method::PUT, "/a", Outcome::Forwarded)
    };
    let all = [&repaired, &passed, &forwarded];
    for format in [Format::Text, Format::Json] {
        let recent = Recent::default();
        let observers = Observers::new(Metrics::new(), recent).at("cloud");
        let upstream = observers.metrics().upstream("cloud");
        // Of three kinds each finds the room of every other, as the number that are kept is none of theirs; the first of
        // each stays with the ledger, and has another in its place.
        let tell = |record: &Record<'_>| {
            measure(|| {
                observers.observe(record);
                upstream.count(StatusCode::ACCEPTED, Duration::from_millis(3));
                observers
                    .metrics()
                    .tally()
                    .looked_up(Duration::from_millis(3));
            })
        };
        let (log, _) = log_to(io::sink(), format, "info").unwrap();
        tracing::dispatcher::with_default(&log, || {
            for number in 0..600 {
                let cost = all.map(|record| tell(record).count_total);
                assert!(number < 300 || cost == [0, 0, 0], "{number}: {cost:?}");
            }
        });
    }
}
