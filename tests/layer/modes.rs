//! Modes off and observe, and timing on-reject.

use patchwright::layer::options::{LookupFailure, Mode, Options};
use patchwright::rule::Rules;
use patchwright::rule::pack::{Pack, Specs};
use patchwright::rule::spec::Timing;

use crate::fake::{Fake, P, Proxy, WEB, patch};

fn mode(fake: &Fake, mode: Mode) -> Proxy {
    Proxy::with(
        fake,
        Rules::strict(),
        Options {
            mode,
            ..Options::default()
        },
    )
}

fn on_reject_rules() -> Rules {
    let specs = Specs::built_in(Pack::Strict).unwrap();
    let mut rules = specs.rules().to_vec();
    for rule in &mut rules {
        rule.timing = Timing::OnReject;
    }
    Rules::compile(specs.sources(), &rules, &[]).unwrap()
}

fn on_reject(fake: &Fake, mode: Mode) -> Proxy {
    Proxy::with(
        fake,
        on_reject_rules(),
        Options {
            mode,
            ..Options::default()
        },
    )
}

const MISSING_STATE: &str =
    r#"{"message":"Invalid request body. Missing required property: 'state'.","status":400}"#;
const MISSING_ROUTING: &str =
    r#"{"message":"no","details":[{"errorCode":"missing","fieldName":"routing.queue.id"}]}"#;

#[tokio::test]
async fn off_touches_nothing() {
    let fake = Fake::new("connected");
    let mut request = patch(P, "\u{feff}{}");
    request.headers_mut().remove("content-type");
    let answer = mode(&fake, Mode::Off).send(request).await;
    assert_eq!(
        (fake.bodies(), fake.lookups()),
        (vec!["\u{feff}{}".to_owned()], 0)
    );
    assert!(!fake.writes()[0].headers.contains_key("content-type"));
    assert_eq!(
        answer.report,
        "rule=\"participant\", outcome=forwarded, reason=mode_off"
    );
}

#[tokio::test]
async fn observe_sends_the_original_and_says_what_it_would_have_done() {
    let fake = Fake::new("connected");
    fake.answers(400, MISSING_STATE);
    let mut request = patch(P, "\u{feff}{}");
    request.headers_mut().remove("content-type");
    let answer = mode(&fake, Mode::Observe).send(request).await;
    assert_eq!(
        (answer.status, fake.bodies()),
        (400, vec!["\u{feff}{}".to_owned()])
    );
    assert!(!fake.writes()[0].headers.contains_key("content-type"));
    assert!(answer.says("outcome=observed"), "{}", answer.report);
    assert!(
        answer.says("repairs=(fill content-type bom)"),
        "{}",
        answer.report
    );
    assert!(
        answer.says(r#"filled=("/state" "/routing/queue/id")"#),
        "{}",
        answer.report
    );
}

#[tokio::test]
async fn observe_goes_by_what_was_known_before_the_request() {
    let fake = Fake::new("connected");
    let proxy = mode(&fake, Mode::Observe);
    proxy.patch(P, "{}").await;
    // It changes what is known, and that is asked for nevertheless.
    let answer = proxy.patch(P, r#"{"state":"connected"}"#).await;
    assert!(answer.says("snapshot=hit"), "{}", answer.report);
    assert_eq!(fake.lookups(), 1);
}

#[tokio::test]
async fn observe_never_rejects() {
    for (status, reason) in [
        (500, "lookup_failed"),
        (429, "lookup_throttled"),
        (404, "participant_unknown"),
    ] {
        let fake = Fake::default();
        fake.lookups_answer(status, None);
        let options = Options {
            mode: Mode::Observe,
            on_lookup_failure: LookupFailure::Reject,
            ..Options::default()
        };
        let answer = Proxy::with(&fake, Rules::strict(), options)
            .patch(P, "{}")
            .await;
        assert_eq!((answer.status, fake.bodies()), (202, vec!["{}".to_owned()]));
        assert!(
            answer.says("outcome=observed") && answer.says(&format!("reason={reason}")),
            "{}",
            answer.report
        );
    }
    let fake = Fake::new("connected");
    assert!(
        mode(&fake, Mode::Observe)
            .patch(WEB, r#"{"state":"x"}"#)
            .await
            .says("outcome=complete")
    );
}

#[tokio::test]
async fn on_reject_sends_the_original_first() {
    let fake = Fake::new("connected");
    let answer = on_reject(&fake, Mode::Enforce)
        .patch(P, r#"{"attributes":{}}"#)
        .await;
    assert_eq!(
        (answer.status, fake.bodies(), fake.lookups()),
        (202, vec![r#"{"attributes":{}}"#.to_owned()], 0)
    );
    assert!(answer.says("outcome=complete"));
}

#[tokio::test]
async fn on_reject_does_not_remember_what_did_not_help() {
    let fake = Fake::new("connected");
    let proxy = on_reject(&fake, Mode::Enforce);
    fake.answers(400, MISSING_STATE);
    fake.answers(400, MISSING_STATE);
    assert_eq!(proxy.patch(P, r#"{"a":1}"#).await.status, 400);
    proxy.patch(P, r#"{"a":2}"#).await;
    assert_eq!(
        fake.bodies()[1..],
        [r#"{"state":"connected","a":1}"#, r#"{"a":2}"#]
    );
}

#[tokio::test]
async fn on_reject_fills_what_the_rejection_names_and_remembers_it() {
    let fake = Fake::new("connected");
    let proxy = on_reject(&fake, Mode::Enforce);
    fake.answers(400, MISSING_STATE);
    let answer = proxy.patch(P, r#"{"a":1}"#).await;
    assert_eq!(answer.status, 202);
    assert!(answer.says(r#"filled=("/state")"#), "{}", answer.report);
    assert_eq!(
        fake.bodies(),
        [r#"{"a":1}"#, r#"{"state":"connected","a":1}"#]
    );
    proxy.patch(P, r#"{"a":2}"#).await;
    assert_eq!(fake.bodies()[2..], [r#"{"state":"connected","a":2}"#]);
    fake.answers(400, MISSING_ROUTING);
    let answer = proxy.patch(P, r#"{"a":3}"#).await;
    assert!(
        answer.says(r#"filled=("/state" "/routing/queue/id")"#),
        "{}",
        answer.report
    );
    assert_eq!(
        fake.bodies()[4..],
        [r#"{"state":"connected","routing":{"queue":{"id":"q1"}},"a":3}"#]
    );
}

#[tokio::test(start_paused = true)]
async fn a_demand_is_forgotten_after_an_hour() {
    let fake = Fake::new("connected");
    let proxy = on_reject(&fake, Mode::Enforce);
    fake.answers(400, MISSING_STATE);
    proxy.patch(WEB, "{}").await;
    tokio::time::advance(std::time::Duration::from_secs(3599)).await;
    proxy.patch(WEB, "{}").await;
    tokio::time::advance(std::time::Duration::from_secs(2)).await;
    proxy.patch(WEB, "{}").await;
    let state = r#"{"state":"connected"}"#;
    assert_eq!(fake.bodies(), ["{}", state, state, "{}"]);
}

#[tokio::test]
async fn on_reject_leaves_a_rejection_that_names_nothing_it_can_fill() {
    for rejection in [
        r#"{"message":"'muted' is not a valid field"}"#,
        r#"{"message":"The request conflicts with the current state of the target resource."}"#,
        "state",
        "",
        r#"{"details":[{"fieldName":"wrapup"}]}"#,
    ] {
        let fake = Fake::new("connected");
        fake.answers(400, rejection);
        let answer = on_reject(&fake, Mode::Enforce).patch(P, "{}").await;
        assert_eq!(
            (answer.status, fake.writes().len(), fake.lookups()),
            (400, 1, 0),
            "{rejection}"
        );
        assert_eq!(answer.body, rejection.as_bytes());
        assert!(answer.says("outcome=complete"), "{}", answer.report);
    }
}

#[tokio::test]
async fn what_no_upstream_can_want_is_mended_before_any_rejection() {
    for rules in [Rules::official(), on_reject_rules()] {
        let fake = Fake::new("connected");
        let mut request = patch(P, "\u{feff}{\"a\":1}");
        request
            .headers_mut()
            .insert("content-type", "text/plain".parse().unwrap());
        let answer = Proxy::with(&fake, rules, Options::default())
            .send(request)
            .await;
        assert!(
            answer.says("repairs=(content-type bom)"),
            "{}",
            answer.report
        );
        let seen = fake.writes().remove(0);
        assert_eq!(
            (
                seen.body.as_str(),
                seen.headers["content-type"].to_str().unwrap()
            ),
            ("{\"a\":1}", "application/json")
        );
        assert_eq!(fake.lookups(), 0);
    }
}

#[tokio::test]
async fn the_official_pack_fills_nothing() {
    let fake = Fake::new("connected");
    fake.answers(400, MISSING_STATE);
    let answer = Proxy::with(&fake, Rules::official(), Options::default())
        .patch(P, "{}")
        .await;
    assert_eq!(
        (answer.status, fake.writes().len(), fake.lookups()),
        (400, 1, 0)
    );
}

#[tokio::test]
async fn on_reject_passes_the_rejection_when_the_lookup_fails() {
    let fake = Fake::default();
    fake.lookups_answer(500, None);
    fake.answers(400, MISSING_STATE);
    let answer = on_reject(&fake, Mode::Enforce).patch(P, "{}").await;
    assert_eq!(
        (answer.status, &*answer.body),
        (400, MISSING_STATE.as_bytes())
    );
    assert!(
        answer.says("outcome=forwarded") && answer.says("reason=lookup_failed"),
        "{}",
        answer.report
    );
}

#[tokio::test]
async fn on_reject_can_be_observed() {
    let fake = Fake::new("connected");
    fake.answers(400, MISSING_STATE);
    let answer = on_reject(&fake, Mode::Observe).patch(P, "{}").await;
    assert_eq!((answer.status, fake.bodies()), (400, vec!["{}".to_owned()]));
    assert!(
        answer.says("outcome=observed") && answer.says(r#"filled=("/state")"#),
        "{}",
        answer.report
    );
}
