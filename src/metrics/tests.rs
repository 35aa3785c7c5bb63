use std::time::Duration;

use http::StatusCode;

use super::*;
use crate::layer::record::{Outcome, Reason, Repair, Verdict};
use crate::metrics::answers::status;

fn record<'a>() -> Record<'a> {
    Record {
        repairs: &[Repair::Fill, Repair::ContentType],
        filled: &["/state"],
        snapshot: Some(Origin::Hit),
        age: Some(Duration::from_millis(120)),
        status: Some(StatusCode::OK),
        user_agent: Some("curl"),
        ..Record::new(
            "participant",
            &http::Method::PATCH,
            "/a/{b}",
            Outcome::Repaired,
        )
    }
}

#[test]
fn a_record_is_counted_under_its_words() {
    let metrics = Metrics::new();
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
    metrics.observe(&Record {
        outcome: Outcome::Observed,
        verdict: Some(Verdict::NotNeeded),
        snapshot: Some(Origin::Shared),
        ..record()
    });
    let text = metrics.render();
    for line in [
        r#"patchwright_requests_total{rule="participant",outcome="repaired",reason="",status="200"} 1"#,
        r#"patchwright_requests_total{rule="participant",outcome="forwarded",reason="not_json",status="none"} 1"#,
        r#"patchwright_repairs_total{rule="participant",repair="content-type"} 1"#,
        r#"patchwright_filled_members_total{rule="participant",member="/state"} 1"#,
        r#"patchwright_observed_total{rule="participant",verdict="not_needed"} 1"#,
        r#"patchwright_observed_total{rule="participant",verdict="unclear"} 0"#,
        r#"patchwright_snapshots_total{origin="hit"} 1"#,
        r#"patchwright_snapshots_total{origin="shared"} 1"#,
        r#"patchwright_snapshots_total{origin="miss"} 0"#,
        r#"patchwright_snapshot_age_seconds_bucket{le="0.1"} 0"#,
        r#"patchwright_snapshot_age_seconds_bucket{le="0.25"} 2"#,
        r#"patchwright_build_info{version=""#,
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("curl"), "callers are no label");
}

#[test]
fn what_is_off_counts_nothing() {
    let metrics = Metrics::off();
    metrics.observe(&record());
    metrics
        .upstream("api")
        .count(StatusCode::OK, Duration::ZERO);
    metrics.own_answer("patchwright.x");
    assert_eq!(metrics.render(), "");
}

#[test]
fn failures_of_an_upstream_are_counted_from_zero() {
    let metrics = Metrics::new();
    let upstream = metrics.upstream("api");
    let line = r#"patchwright_upstream_answers_total{upstream="api",status="502"}"#;
    assert!(metrics.render().contains(&format!("{line} 0\n")));
    upstream.count(StatusCode::BAD_GATEWAY, Duration::from_millis(7));
    let text = metrics.render();
    assert!(text.contains(&format!("{line} 1\n")), "{text}");
    let line = r#"patchwright_upstream_duration_seconds_bucket{upstream="api",le="0.01"} 1"#;
    assert!(text.contains(line), "{text}");
}

#[test]
fn many_rules_are_counted_apart() {
    let metrics = Metrics::new();
    let rules: Vec<_> = (0..500).map(|number| format!("rule-{number}")).collect();
    for (number, rule) in rules.iter().enumerate() {
        (0..=number % 3).for_each(|_| metrics.observe(&Record { rule, ..record() }));
    }
    let text = metrics.render();
    for (number, rule) in rules.iter().enumerate() {
        let labels = r#"outcome="repaired",reason="",status="200""#;
        let count = number % 3 + 1;
        let line = format!("patchwright_requests_total{{rule=\"{rule}\",{labels}}} {count}\n");
        assert!(text.contains(&line), "{line}");
    }
}

#[test]
fn two_proxies_in_one_process_count_apart() {
    let (one, two) = (Metrics::new(), Metrics::new());
    one.upstream("api").count(StatusCode::OK, Duration::ZERO);
    assert!(one.render().contains("patchwright_upstream_answers_total{"));
    assert!(!two.render().contains("patchwright_upstream_answers_total{"));
}

#[test]
fn what_is_in_flight_is_so_until_it_is_dropped() {
    let metrics = Metrics::new();
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

#[test]
fn the_readme_lists_the_metrics_that_there_are() {
    let names = include_str!("names.rs").lines().filter_map(|line| {
        let (_, name) = line.split_once(": &str = \"")?;
        name.strip_suffix("\";")
    });
    let mut names: Vec<_> = names.collect();
    let rows = include_str!("../../README.md").lines();
    let rows = rows.filter_map(|line| line.strip_prefix("| `"));
    let listed = rows.filter_map(|row| row.split(['`', '{']).next());
    let listed =
        listed.filter(|name| name.starts_with("patchwright_") || name.starts_with("process_"));
    let mut listed: Vec<_> = listed.collect();
    names.sort_unstable();
    listed.sort_unstable();
    assert_eq!(listed, names);
}
