use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use http::{Method, StatusCode};
use tracing::Level;

use super::*;
use crate::admin::Recent;
use crate::layer::record::{Origin, Reason, Record, Repair, Verdict};
use crate::telemetry::{Format, log_to};
use crate::trace::Context;

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is logged of a record, from behind the time and with `ID` for its id.
fn logged(format: Format, level: &str, record: &Record<'_>) -> String {
    let written = Written::default();
    let (log, _) = log_to(written.clone(), format, level).unwrap();
    tracing::dispatcher::with_default(&log, || {
        super::log(&Recent::default().push(record, Some("cloud"), SystemTime::now()));
        // What waits for nothing takes along what is in front of it.
        tracing::event!(parent: None, Level::ERROR, "end");
    });
    let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let [line @ .., _] = lines.as_slice() else {
        panic!("{text}");
    };
    let line = line.concat();
    let behind = line.split_once('Z').map(|(_, line)| line.trim_start());
    behind
        .unwrap_or_default()
        .replace(&record.id.to_string(), "ID")
}

fn record<'a>(outcome: Outcome) -> Record<'a> {
    Record::new("participant", &Method::PATCH, "/a/{b}", outcome)
}

fn full<'a>(
    outcome: Outcome,
    dropped: &'a [String],
    parts: &'a [(String, Option<StatusCode>)],
) -> Record<'a> {
    Record {
        repairs: &[Repair::Fill, Repair::ContentType],
        filled: &["/state", "/routing/queue/id"],
        dropped,
        parts,
        snapshot: Some(Origin::Hit),
        age: Some(Duration::from_micros(120_999)),
        status: Some(StatusCode::ACCEPTED),
        client: Some("billing \"x\""),
        user_agent: Some("never"),
        trace: Context::parse(b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ..record(outcome)
    }
}

#[test]
fn a_repaired_request_has_this_line() {
    let dropped = ["/name".to_owned(), "+2".to_owned()];
    let parts = [
        ("attributes".to_owned(), Some(StatusCode::ACCEPTED)),
        ("rest".to_owned(), None),
    ];
    let record = full(Outcome::Repaired, &dropped, &parts);
    assert_eq!(
        logged(Format::Text, "info", &record),
        "INFO request repaired id=ID trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7 \
         client=\"billing \\\"x\\\"\" upstream=\"cloud\" rule=\"participant\" outcome=\"repaired\" snapshot=\"hit\" \
         age_ms=120 status=202 repairs=\"fill content-type\" filled=\"/state /routing/queue/id\" \
         dropped=\"/name +2\" parts=\"attributes=202 rest=0\""
    );
    assert_eq!(
        logged(Format::Json, "info", &record),
        concat!(
            r#"","level":"INFO","message":"request repaired","id":"ID","#,
            r#""trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7","#,
            r#""client":"billing \"x\"","upstream":"cloud","rule":"participant","outcome":"repaired","#,
            r#""snapshot":"hit","age_ms":120,"status":202,"repairs":"fill content-type","#,
            r#""filled":"/state /routing/queue/id","dropped":"/name +2","parts":"attributes=202 rest=0","#,
            r#""target":"patchwright::observers"}"#
        )
    );
}

#[test]
fn what_there_is_not_has_no_field_but_repairs_that_were_none() {
    let bare = Record {
        reason: Some(Reason::LookupTimeout),
        ..record(Outcome::Rejected)
    };
    assert_eq!(
        logged(Format::Text, "info", &bare),
        "INFO request rejected id=ID upstream=\"cloud\" rule=\"participant\" outcome=\"rejected\" \
         reason=\"lookup_timeout\" repairs=\"\" filled=\"\""
    );
}

#[test]
fn a_flaw_is_told_alone() {
    let record = Record {
        reason: Some(Reason::UnknownMember),
        hint: Some("/stat is no member"),
        verdict: Some(Verdict::Unclear),
        ..full(Outcome::Observed, &[], &[])
    };
    assert_eq!(
        logged(Format::Text, "info", &record),
        "INFO request observed id=ID trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7 \
         client=\"billing \\\"x\\\"\" upstream=\"cloud\" rule=\"participant\" outcome=\"observed\" \
         reason=\"unknown_member\" hint=\"/stat is no member\" status=202 verdict=\"unclear\""
    );
}

#[test]
fn what_passed_as_it_came_is_for_who_looks_closer() {
    for outcome in [Outcome::Complete, Outcome::Forwarded, Outcome::Observed] {
        assert_eq!(logged(Format::Text, "info", &record(outcome)), "");
        // A filter may let through the one part of the program and not the other.
        let other = "info,patchwright::proxy=debug";
        assert_eq!(logged(Format::Text, other, &record(outcome)), "");
        let line = logged(Format::Text, "debug", &record(outcome));
        let expected = format!(
            "DEBUG request {outcome} id=ID upstream=\"cloud\" rule=\"participant\" outcome=\"{outcome}\" \
             repairs=\"\" filled=\"\""
        );
        assert_eq!(line, expected);
    }
    let rejected = record(Outcome::Rejected);
    assert_eq!(logged(Format::Text, "warn", &rejected), "");
}

#[test]
fn every_outcome_has_its_sentence() {
    for outcome in Outcome::ALL {
        assert_eq!(sentence(*outcome), format!("request {outcome}"));
    }
}
