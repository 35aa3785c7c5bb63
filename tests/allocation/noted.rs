//! What is noted for the report costs a request nothing once its kind is known.

use std::time::SystemTime;

use http::StatusCode;
use patchwright::admin::Recent;
use patchwright::layer::options::Options;
use patchwright::layer::record::{Outcome, Record, Repair, Verdict};
use patchwright::ledger::Ledger;
use patchwright::rule::Rules;

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
    let recent = Recent::default();
    let mut note = |outcome| {
        let kept = recent.push(&record(outcome), None, SystemTime::UNIX_EPOCH);
        measure(|| ledger.note(&kept)).count_total
    };
    let kinds = [Outcome::Complete, Outcome::Observed, Outcome::Repaired];
    // The first of each is remembered.
    let _ = kinds.map(&mut note);
    ledger.report(
        &Rules::default(),
        &Options::default(),
        SystemTime::UNIX_EPOCH,
    );
    for round in 0..20 {
        assert_eq!(kinds.map(&mut note), [0, 0, 0], "{round}");
    }
}
