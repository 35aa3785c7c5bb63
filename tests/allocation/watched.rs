//! What people watch costs a request no allocation: neither the figures nor the table of recent repairs.

use std::time::Duration;

use patchwright::admin::Recent;
use patchwright::answer::RequestId;
use patchwright::layer::record::{Origin, Outcome, Reason, Record, Repair, Span};
use patchwright::tally::Tally;

use super::*;

#[test]
fn a_record_is_counted_and_kept_without_an_allocation_once_there_is_room() {
    let (tally, recent) = (Tally::default(), Recent::default());
    let dropped = ["/name".to_owned(), "If-Match".to_owned()];
    let parts = [("attributes".to_owned(), None)];
    let record = Record {
        rule: "participant",
        method: &Method::PATCH,
        template: "/api/v2/conversations/{conversationId}/participants/{participantId}",
        outcome: Outcome::Repaired,
        reason: Some(Reason::UpstreamFailed),
        repairs: &[Repair::Fill, Repair::ContentType],
        verdict: None,
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
        status: None,
        client: Some("billing"),
        user_agent: Some("legacy-ivr/2.4"),
        id: RequestId::next(),
        trace: None,
    };
    for number in 0..300 {
        let cost = measure(|| {
            tally.observe(&record);
            tally.answered(Duration::from_millis(3));
            tally.looked_up(Duration::from_millis(3));
            recent.push(&record);
        });
        let free = cost.count_total == 0;
        assert_eq!(free, number >= 200, "{number}: {cost:?}");
    }
}
