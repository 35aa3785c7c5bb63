//! What is read in a coding: answers to lookups, passing answers and rejections.

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use patchwright::directory::fetch::FetchLimits;
use patchwright::layer::options::{Mode, Options};
use patchwright::rule::Rules;
use patchwright::rule::pack::{Pack, Specs};
use patchwright::rule::spec::Timing;

use crate::coder::{CODERS, gzip};
use crate::coding::coded;
use crate::fake::{C, Fake, P, Proxy, WEB, request};

const CONVERSATION: &[u8] = br#"{"participants":[{"id":"p1","state":"alerting","queueId":"q1"}]}"#;

fn get() -> Request<Full<Bytes>> {
    let mut get = request(Method::GET, C, "");
    get.headers_mut()
        .insert("accept-encoding", "gzip, br".parse().unwrap());
    get
}

#[tokio::test]
async fn a_passing_answer_teaches_in_any_coding() {
    for (name, encode) in CODERS {
        let fake = Fake::default();
        let body = encode(CONVERSATION);
        fake.reads_are_coded(name, body.clone());
        let proxy = Proxy::new(&fake);
        let passed = proxy.send(get()).await;
        assert_eq!(passed.body, body, "the caller's bytes are untouched");
        assert_eq!(passed.headers["content-encoding"], name);
        let answer = proxy.patch(P, "{}").await;
        assert!(answer.says("snapshot=hit"), "{name} {}", answer.report);
        assert_eq!(fake.lookups(), 1, "the caller's own");
        assert!(fake.bodies()[0].contains("alerting"));
    }
}

#[tokio::test]
async fn a_passing_answer_that_can_not_be_read_teaches_nothing() {
    let long = [CONVERSATION, &b" ".repeat(200)].concat();
    for (name, body, learn_limit) in [
        ("gzip", CONVERSATION.to_vec(), 1000),
        ("made-up", CONVERSATION.to_vec(), 1000),
        ("gzip", gzip(CONVERSATION)[..40].to_vec(), 1000),
        ("gzip, gzip, gzip", gzip(&gzip(&gzip(CONVERSATION))), 1000),
        ("gzip", gzip(&long), long.len() - 1),
    ] {
        let fake = Fake::default();
        fake.reads_are_coded(name, body.clone());
        let options = Options {
            learn_limit,
            ..Options::default()
        };
        let budget = options.buffered.clone();
        let proxy = Proxy::with(&fake, Rules::strict(), options);
        assert_eq!(proxy.send(get()).await.body, body);
        assert_eq!(budget.held(), 0);
        fake.reads_are_coded("identity", CONVERSATION);
        let answer = proxy.patch(P, "{}").await;
        assert!(answer.says("snapshot=miss"), "{name} {}", answer.report);
    }
}

#[tokio::test]
async fn a_large_passing_answer_is_learned_some_time_later() {
    let fake = Fake::default();
    let long = [CONVERSATION, &b" ".repeat(2 << 20)].concat();
    fake.reads_are_coded("gzip", gzip(&long));
    let options = Options {
        learn_limit: 4 << 20,
        ..Options::default()
    };
    let proxy = Proxy::with(&fake, Rules::strict(), options);
    let mut first = proxy.send(get()).await;
    for _ in 0..10_000 {
        tokio::task::yield_now().await;
        // A read that can't be answered: what is known by now is all there is.
        fake.reads_are(500, None);
        first = proxy.patch(P, "{}").await;
        if first.status == 202 {
            break;
        }
        std::thread::yield_now();
    }
    assert!(first.says("snapshot=hit"), "{}", first.report);
}

#[tokio::test]
async fn a_lookup_that_is_answered_in_a_coding_is_read() {
    for (name, encode) in CODERS {
        let fake = Fake::default();
        fake.reads_are_coded(name, encode(CONVERSATION));
        let answer = Proxy::new(&fake).patch(P, "{}").await;
        assert!(answer.says("snapshot=miss"), "{name} {}", answer.report);
        assert_eq!(fake.all()[0].headers["accept-encoding"], "identity");
    }
}

#[tokio::test]
async fn a_lookup_in_a_coding_has_its_bound_and_its_faults() {
    let long = [CONVERSATION, &b" ".repeat(200)].concat();
    for (name, body, bytes) in [
        ("gzip", gzip(&long), long.len() - 1),
        ("gzip", gzip(&long), 20),
        ("made-up", long.clone(), 1000),
        ("gzip", long.clone(), 1000),
    ] {
        let fake = Fake::default();
        fake.reads_are_coded(name, body);
        let limits = FetchLimits {
            bytes,
            ..FetchLimits::default()
        };
        let proxy = Proxy::within(&fake, Rules::strict(), Options::default(), limits);
        let answer = proxy.patch(P, "{}").await;
        assert_eq!(answer.status, 503);
        assert!(
            answer.says("reason=lookup_failed"),
            "{name} {}",
            answer.report
        );
    }
}

fn on_reject(fake: &Fake, mode: Mode) -> Proxy {
    let specs = Specs::built_in(Pack::Strict).unwrap();
    let mut rules = specs.rules().to_vec();
    for rule in &mut rules {
        rule.timing = Timing::OnReject;
    }
    let rules = Rules::compile(specs.sources(), &rules, &[]).unwrap();
    Proxy::with(
        fake,
        rules,
        Options {
            mode,
            ..Options::default()
        },
    )
}

const REJECTION: &[u8] = br#"{"message":"Missing required property: 'state'."}"#;

#[tokio::test]
async fn on_reject_sends_the_coded_original_first_and_then_its_text_repaired() {
    for (name, encode) in CODERS {
        let fake = Fake::new("connected");
        fake.answers_coded(400, Some(name), encode(REJECTION));
        let body = encode(br#"{"a":1}"#);
        let answer = on_reject(&fake, Mode::Enforce)
            .send(coded(WEB, &[name], body.clone()))
            .await;
        assert!(
            answer.says("repairs=(fill coding)"),
            "{name} {}",
            answer.report
        );
        let writes = fake.writes();
        assert_eq!(writes[0].bytes, body);
        assert_eq!(writes[0].headers["content-encoding"], name);
        assert_eq!(writes[1].body, r#"{"state":"connected","a":1}"#);
        assert!(!writes[1].headers.contains_key("content-encoding"));
    }
}

#[tokio::test]
async fn a_rejection_that_helps_nobody_is_passed_on_as_it_was_coded() {
    let fake = Fake::new("connected");
    let rejection = gzip(br#"{"message":"no"}"#);
    fake.answers_coded(400, Some("gzip"), rejection.clone());
    let body = gzip(b"{}");
    let answer = on_reject(&fake, Mode::Enforce)
        .send(coded(WEB, &["gzip"], body))
        .await;
    assert_eq!((answer.status, &answer.body[..]), (400, &rejection[..]));
    assert_eq!(answer.headers["content-encoding"], "gzip");
    assert_eq!(fake.writes().len(), 1);
}

#[tokio::test]
async fn a_stale_fill_of_a_coded_body_is_rebuilt_from_its_text() {
    let fake = Fake::new("alerting");
    let proxy = Proxy::new(&fake);
    proxy.patch(WEB, "{}").await;
    fake.state("connected");
    fake.answers(409, "stale");
    let answer = proxy.send(coded(WEB, &["gzip"], gzip(br#"{"a":1}"#))).await;
    assert!(answer.says("snapshot=refetched"), "{}", answer.report);
    let sent = [
        r#"{"state":"alerting","a":1}"#,
        r#"{"state":"connected","a":1}"#,
    ];
    assert_eq!(fake.bodies()[1..], sent);
}

#[tokio::test]
async fn observed_bodies_stay_coded() {
    let fake = Fake::new("connected");
    let options = Options {
        mode: Mode::Observe,
        ..Options::default()
    };
    let body = gzip(b"{}");
    let proxy = Proxy::with(&fake, Rules::strict(), options);
    let answer = proxy.send(coded(WEB, &["gzip"], body.clone())).await;
    assert!(
        answer.says("outcome=observed") && answer.says("repairs=(fill coding)"),
        "{}",
        answer.report
    );
    assert_eq!(fake.writes()[0].bytes, body);
    assert_eq!(fake.writes()[0].headers["content-encoding"], "gzip");
}
