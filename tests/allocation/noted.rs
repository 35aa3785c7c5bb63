//! What is noted for the report costs a request nothing once its kind is known.

use std::time::{Duration, SystemTime};

use http::StatusCode;
use patchwright::layer::record::{Outcome, Record, Repair, Verdict};
use patchwright::ledger::Ledger;

use super::*;

#[test]
fn to_note_a_kind_of_call_that_is_known_allocates_nothing() {
    let ledger = Ledger::new(SystemTime::UNIX_EPOCH);
    let agent = "x".repeat(500);
    let record = |outcome| Record {
        repairs: &[Repair::Fill, Repair::ContentType],
        verdict: Some(Verdict::WouldHaveHelped),
        filled: &["/state", "/routing/queue/id"],
        status: Some(StatusCode::BAD_REQUEST),
        user_agent: Some(&agent),
        ..Record::new("participant", &Method::PATCH, "/a/{b}", outcome)
    };
    for round in 0..20 {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(round);
        for outcome in [Outcome::Complete, Outcome::Observed, Outcome::Repaired] {
            let record = record(outcome);
            let cost = measure(|| ledger.note(&record, now));
            // The first of each is remembered.
            assert!(
                round == 0 || cost.count_total == 0,
                "{round} {outcome}: {cost:?}"
            );
        }
    }
}
