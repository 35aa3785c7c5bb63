use std::time::Duration;

use http::StatusCode;

use super::*;
use crate::answer::RequestId;
use crate::layer::record::{Origin, Outcome, Repair};

fn record<'a>() -> Record<'a> {
    Record {
        rule: "participant",
        method: &http::Method::PATCH,
        template: "/a/{b}",
        outcome: Outcome::Repaired,
        reason: None,
        repairs: &[Repair::Fill, Repair::ContentType],
        verdict: None,
        spans: &[],
        filled: &["/state"],
        dropped: &[],
        parts: &[],
        hint: None,
        snapshot: Some(Origin::Hit),
        age: Some(Duration::from_millis(120)),
        status: Some(StatusCode::OK),
        client: None,
        user_agent: Some("curl"),
        id: RequestId::next(),
        trace: None,
    }
}

#[test]
fn a_record_is_counted_under_its_words() {
    let metrics = Metrics::new().unwrap();
    metrics.observe(&record());
    metrics.observe(&Record {
        outcome: Outcome::Forwarded,
        reason: Some(Reason::NotJson),
        repairs: &[],
        snapshot: None,
        age: None,
        status: None,
        ..record()
    });
    let text = metrics.render();
    for line in [
        r#"patchwright_requests_total{rule="participant",outcome="repaired",reason="",status="200"} 1"#,
        r#"patchwright_requests_total{rule="participant",outcome="forwarded",reason="not_json",status="none"} 1"#,
        r#"patchwright_repairs_total{rule="participant",repair="content-type"} 1"#,
        r#"patchwright_lookups_total{origin="hit"} 1"#,
        r#"patchwright_snapshot_age_seconds_bucket{le="0.25"} 1"#,
        r#"patchwright_build_info{version=""#,
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("curl"), "callers are no label");
}

#[test]
fn two_proxies_in_one_process_count_apart() {
    let (one, two) = (Metrics::new().unwrap(), Metrics::new().unwrap());
    one.upstream("api").count(StatusCode::OK, Duration::ZERO);
    assert!(one.render().contains("patchwright_upstream_answers_total{"));
    assert!(!two.render().contains("patchwright_upstream_answers_total{"));
}

#[test]
fn what_is_in_flight_is_so_until_it_is_dropped() {
    let metrics = Metrics::new().unwrap();
    let request = metrics.in_flight();
    assert!(metrics.render().contains("patchwright_in_flight 1"));
    drop(request);
    assert!(metrics.render().contains("patchwright_in_flight 0"));
}

#[test]
fn an_upstream_cannot_invent_labels() {
    let all = (100..1000).map(|code| status(StatusCode::from_u16(code).ok()));
    let all: std::collections::HashSet<_> = all.collect();
    assert!(all.len() < 30, "{all:?}");
}
