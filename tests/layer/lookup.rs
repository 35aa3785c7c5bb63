//! Where the current state comes from, and what happens when it doesn't.

use std::time::Duration;

use http::Method;
use patchwright::layer::options::{LookupFailure, Options};
use patchwright::rule::Rules;

use crate::fake::{C, Fake, P, Proxy, WEB, patch, request};

#[tokio::test]
async fn a_burst_of_attributes_costs_one_lookup() {
    let fake = Fake::new("connected");
    let proxy = Proxy::new(&fake);
    for n in 0..100 {
        let answer = proxy
            .patch(P, &format!(r#"{{"attributes":{{"n":"{n}"}}}}"#))
            .await;
        assert!(
            answer.says(if n == 0 {
                "snapshot=miss"
            } else {
                "snapshot=hit"
            }),
            "{}",
            answer.report
        );
    }
    assert_eq!((fake.lookups(), fake.writes().len()), (1, 100));
}

#[tokio::test]
async fn the_lookup_carries_the_credential_and_nothing_else_of_the_request() {
    let fake = Fake::new("connected");
    let mut request = patch(P, "{}");
    for (name, value) in [
        ("cookie", "a=b"),
        ("if-none-match", "\"1\""),
        ("range", "bytes=0-1"),
        ("accept-encoding", "gzip"),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let seen = Fake::new("connected");
    Proxy::new(&seen).send(request).await;
    let lookup = seen.all().remove(0);
    assert_eq!(
        (lookup.method, lookup.path.as_str(), lookup.body.as_str()),
        (Method::GET, C, "")
    );
    let mut names: Vec<_> = lookup
        .headers
        .keys()
        .map(http::HeaderName::as_str)
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "accept-encoding", "authorization"]);
    assert_eq!(lookup.headers["accept-encoding"], "identity");
    assert_eq!(lookup.headers["authorization"], "Bearer a");
    drop(fake);
}

#[tokio::test]
async fn credentials_do_not_share() {
    let fake = Fake::new("connected");
    let proxy = Proxy::new(&fake);
    proxy.patch(P, "{}").await;
    let mut other = patch(P, "{}");
    other
        .headers_mut()
        .insert("authorization", "Bearer b".parse().unwrap());
    assert!(proxy.send(other).await.says("snapshot=miss"));
    assert_eq!(fake.lookups(), 2);
}

#[tokio::test]
async fn without_exactly_one_credential_nothing_is_looked_up() {
    for credentials in [&[][..], &["Bearer a", "Bearer b"], &[""]] {
        let fake = Fake::new("connected");
        let mut request = patch(P, "{}");
        request.headers_mut().remove("authorization");
        for credential in credentials {
            request
                .headers_mut()
                .append("authorization", credential.parse().unwrap());
        }
        let answer = Proxy::new(&fake).send(request).await;
        assert_eq!((fake.bodies(), fake.lookups()), (vec!["{}".to_owned()], 0));
        assert!(
            answer.says("outcome=forwarded") && answer.says("reason=no_credential"),
            "{}",
            answer.report
        );
    }
}

#[tokio::test]
async fn sources_are_tried_while_the_answer_is_404() {
    let fake = Fake::new("connected");
    fake.only_at(C);
    let answer = Proxy::new(&fake).patch(WEB, "{}").await;
    assert!(answer.says("outcome=repaired"));
    assert_eq!(
        (fake.lookups(), fake.bodies()),
        (2, vec![r#"{"state":"connected"}"#.to_owned()])
    );
}

#[tokio::test]
async fn a_refused_lookup_is_no_outage() {
    for (status, reason) in [
        (401, "lookup_denied"),
        (403, "lookup_denied"),
        (404, "participant_unknown"),
    ] {
        let fake = Fake::default();
        fake.lookups_answer(status, None);
        fake.answers(400, "the upstream speaks for itself");
        let answer = Proxy::new(&fake).patch(P, r#"{"a":1}"#).await;
        assert_eq!(
            (answer.status, &*answer.body),
            (400, &b"the upstream speaks for itself"[..])
        );
        assert_eq!(fake.bodies(), [r#"{"a":1}"#]);
        assert!(
            answer.says("outcome=forwarded") && answer.says(&format!("reason={reason}")),
            "{}",
            answer.report
        );
    }
}

#[tokio::test]
async fn a_passing_failure_is_answered_so_that_it_is_retried() {
    for (status, wait, expected) in [
        (
            500,
            None,
            (503, "patchwright.lookup.unavailable", "1", "lookup_failed"),
        ),
        (
            503,
            Some("30"),
            (503, "patchwright.lookup.unavailable", "30", "lookup_failed"),
        ),
        (
            302,
            None,
            (503, "patchwright.lookup.unavailable", "1", "lookup_failed"),
        ),
        (
            200,
            None,
            (503, "patchwright.lookup.unavailable", "1", "lookup_failed"),
        ),
        (
            429,
            Some("59"),
            (
                429,
                "patchwright.lookup.throttled",
                "59",
                "lookup_throttled",
            ),
        ),
        (
            429,
            None,
            (429, "patchwright.lookup.throttled", "1", "lookup_throttled"),
        ),
    ] {
        let fake = Fake::default();
        fake.lookups_answer(status, wait);
        let answer = Proxy::new(&fake).patch(P, "{}").await;
        let (status, code, retry_after, reason) = expected;
        assert_eq!((answer.status, answer.code().as_str()), (status, code));
        assert_eq!(answer.headers["retry-after"], retry_after);
        assert!(
            answer.says("outcome=rejected") && answer.says(&format!("reason={reason}")),
            "{}",
            answer.report
        );
        assert!(fake.writes().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_lookup_that_hangs_ends_in_504() {
    let fake = Fake::new("connected");
    fake.lookups_hang();
    let answer = Proxy::new(&fake).patch(P, "{}").await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (504, "patchwright.lookup.timeout")
    );
    assert!(answer.says("reason=lookup_timeout"));
    assert!(fake.writes().is_empty());
}

#[tokio::test]
async fn a_failure_may_be_told_to_forward() {
    for (status, reason) in [(500, "lookup_failed"), (429, "lookup_throttled")] {
        let fake = Fake::default();
        fake.lookups_answer(status, None);
        let options = Options {
            on_lookup_failure: LookupFailure::Forward,
            ..Options::default()
        };
        let answer = Proxy::with(&fake, Rules::strict(), options)
            .patch(P, r#"{"a":1}"#)
            .await;
        assert_eq!(
            (answer.status, fake.bodies()),
            (202, vec![r#"{"a":1}"#.to_owned()])
        );
        assert!(
            answer.says("outcome=forwarded") && answer.says(&format!("reason={reason}")),
            "{}",
            answer.report
        );
    }
}

#[tokio::test]
async fn a_participant_that_joined_since_is_found_by_one_fresh_lookup() {
    let fake = Fake::default();
    fake.conversation(r#"{"participants":[{"id":"p0","calls":[{"state":"connected"}]}]}"#);
    let proxy = Proxy::new(&fake);
    let unknown = proxy.patch(P, "{}").await;
    assert!(unknown.says("outcome=forwarded") && unknown.says("reason=participant_unknown"));
    assert_eq!(
        fake.lookups(),
        1,
        "a conversation read just now need not be read again"
    );
    proxy.patch(P, "{}").await;
    assert_eq!(fake.lookups(), 2, "once it is remembered, it is read again");
    fake.state("alerting");
    let joined = proxy.patch(P, "{}").await;
    assert!(
        joined.says("outcome=repaired") && joined.says("snapshot=miss"),
        "{}",
        joined.report
    );
    assert_eq!(fake.lookups(), 3);
}

#[tokio::test]
async fn a_participant_without_values_is_left_alone() {
    let fake = Fake::default();
    fake.conversation(r#"{"participants":[{"id":"p1","purpose":"external"}]}"#);
    let mut request = patch(P, "{}");
    request
        .headers_mut()
        .insert("content-type", "text/plain".parse().unwrap());
    let answer = Proxy::new(&fake).send(request).await;
    assert!(
        answer.says("reason=participant_unknown"),
        "{}",
        answer.report
    );
    assert_eq!(fake.writes()[0].headers["content-type"], "text/plain");
    assert_eq!(fake.bodies(), ["{}"]);
}

#[tokio::test]
async fn no_cache_asks_anew() {
    let fake = Fake::new("alerting");
    let proxy = Proxy::new(&fake);
    proxy.patch(WEB, "{}").await;
    fake.state("connected");
    let mut fresh = patch(WEB, "{}");
    fresh
        .headers_mut()
        .insert("cache-control", "max-age=0, No-Cache".parse().unwrap());
    assert!(proxy.send(fresh).await.says("snapshot=miss"));
    assert_eq!(
        fake.bodies(),
        [r#"{"state":"alerting"}"#, r#"{"state":"connected"}"#]
    );
}

#[tokio::test]
async fn a_passing_get_saves_the_lookup() {
    let fake = Fake::new("connected");
    let proxy = Proxy::new(&fake);
    let read = proxy.send(request(Method::GET, C, "")).await;
    assert_eq!(read.report, "", "a GET is nobody's repair");
    assert!(proxy.patch(P, "{}").await.says("snapshot=hit"));
    assert_eq!(fake.lookups(), 1, "the caller's own");
}

#[tokio::test]
async fn only_a_plain_get_of_the_source_itself_teaches() {
    for (method, path, header) in [
        (Method::GET, "/api/v2/conversations/c1?expand=x", None),
        (Method::HEAD, C, None),
        (Method::GET, C, Some(("authorization", "Bearer b"))),
    ] {
        let fake = Fake::new("connected");
        let proxy = Proxy::new(&fake);
        let mut get = request(method, path, "");
        if let Some((name, value)) = header {
            get.headers_mut().insert(name, value.parse().unwrap());
        }
        proxy.send(get).await;
        assert!(proxy.patch(P, "{}").await.says("snapshot=miss"), "{path}");
    }
}

#[tokio::test]
async fn only_a_whole_answer_that_can_be_read_teaches() {
    for (status, coding, snapshot) in [
        (200, Some("identity"), "snapshot=hit"),
        (200, Some("br"), "snapshot=miss"),
        (203, None, "snapshot=miss"),
        (206, None, "snapshot=miss"),
        (404, None, "snapshot=miss"),
    ] {
        let fake = Fake::new("connected");
        let proxy = Proxy::new(&fake);
        fake.reads_are(status, coding);
        assert_eq!(proxy.send(request(Method::GET, C, "")).await.status, status);
        fake.reads_are(200, None);
        let answer = proxy.patch(P, "{}").await;
        assert!(
            answer.says(snapshot),
            "{status} {coding:?}: {}",
            answer.report
        );
    }
}

#[tokio::test(start_paused = true)]
async fn after_too_many_failures_the_answer_comes_at_once_and_says_how_long() {
    let fake = Fake::default();
    fake.lookups_answer(503, Some("30"));
    let proxy = Proxy::new(&fake);
    for _ in 0..10 {
        assert_eq!(proxy.patch(P, "{}").await.headers["retry-after"], "30");
    }
    assert_eq!(fake.lookups(), 10);
    for _ in 0..100 {
        let answer = proxy.patch(P, "{}").await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (503, "patchwright.lookup.unavailable")
        );
        // What is left of the second for which lookups are suspended.
        assert_eq!(answer.headers["retry-after"], "1");
        assert!(
            answer.says("outcome=rejected") && answer.says("reason=lookup_failed"),
            "{}",
            answer.report
        );
    }
    assert_eq!(fake.lookups(), 10);
    assert!(fake.writes().is_empty());

    // Each look that fails makes it longer, and the callers are told so.
    for _ in 0..4 {
        tokio::time::advance(Duration::from_secs(16)).await;
        proxy.patch(P, "{}").await;
    }
    assert_eq!(fake.lookups(), 14);
    let wait = proxy.patch(P, "{}").await.headers["retry-after"].clone();
    let wait: u64 = wait.to_str().unwrap().parse().unwrap();
    assert!((11..=15).contains(&wait), "{wait}");

    tokio::time::advance(Duration::from_secs(15)).await;
    fake.recovers("connected");
    assert!(proxy.patch(P, "{}").await.says("outcome=repaired"));
    assert!(proxy.patch(P, "{}").await.says("snapshot=hit"));
}
