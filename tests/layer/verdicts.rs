//! Mode observe: what the upstream said to the original, held against what would have been sent.

use http::Method;
use patchwright::layer::options::{EnforceShare, LookupFailure, Mode, Options, TooLarge};
use patchwright::rule::Rules;
use patchwright::rule::pack::{Pack, Specs};
use patchwright::rule::spec::Timing;

use crate::fake::{Answer, Fake, P, Proxy, patch};

const STATE: &str = r#"{"message":"Missing required property: 'state'."}"#;
const MALFORMED: &str =
    r#"{"message":"The request could not be understood by the server due to malformed syntax."}"#;

fn observing(fake: &Fake, rules: Rules) -> Proxy {
    let options = Options {
        mode: Mode::Observe,
        ..Options::default()
    };
    Proxy::with(fake, rules, options)
}

/// The verdict in the header, empty where there is none.
fn verdict(answer: &Answer) -> &str {
    let parts = answer.report.split(", ");
    let mut verdicts = parts.filter_map(|part| part.strip_prefix("verdict="));
    verdicts.next().unwrap_or_default()
}

fn naming(field: &str) -> String {
    format!(r#"{{"message":"no","details":[{{"fieldName":"{field}"}}]}}"#)
}

#[tokio::test]
async fn a_fill_is_judged_by_what_the_upstream_says_of_the_original() {
    let own = naming("muted");
    let routing = naming("routing.queue.id");
    let parent = naming("routing");
    for (status, says, expected) in [
        (202, "", "not_needed"),
        (200, STATE, "not_needed"),
        (400, STATE, "would_have_helped"),
        (409, STATE, "would_have_helped"),
        (400, routing.as_str(), "would_have_helped"),
        (400, parent.as_str(), "would_have_helped"),
        (400, own.as_str(), "unclear"),
        (400, MALFORMED, "unclear"),
        (400, "state", "unclear"),
        (400, "", "unclear"),
        (
            400,
            r#"{"message":"conflicts with the current state"}"#,
            "unclear",
        ),
        // Not among `resend_on`.
        (422, STATE, "unclear"),
        (403, STATE, "unclear"),
        (404, STATE, "unclear"),
        (415, STATE, "unclear"),
        (429, STATE, "unclear"),
        (500, STATE, "unclear"),
        (302, "", "unclear"),
    ] {
        let fake = Fake::new("connected");
        fake.answers(status, says);
        let answer = observing(&fake, Rules::strict()).patch(P, "{}").await;
        assert_eq!((answer.status, &*answer.body), (status, says.as_bytes()));
        assert_eq!(fake.bodies(), ["{}"]);
        assert_eq!(fake.lookups(), 1);
        assert_eq!(verdict(&answer), expected, "{status} {says}");
        assert!(answer.says("outcome=observed"), "{}", answer.report);
    }
    let fake = Fake::new("connected");
    fake.gives_no_answer();
    let answer = observing(&fake, Rules::strict()).patch(P, "{}").await;
    assert_eq!((answer.status, verdict(&answer)), (502, "unclear"));
}

#[tokio::test]
async fn what_would_not_have_been_touched_has_no_verdict() {
    let complete = r#"{"state":"connected","routing":{"queue":{"id":"q1"}}}"#;
    for (body, status) in [
        (complete, 202),
        (complete, 400),
        ("[]", 400),
        ("{\"state\":1,\"state\":2}", 202),
    ] {
        let fake = Fake::new("connected");
        fake.answers(status, STATE);
        let answer = observing(&fake, Rules::strict()).patch(P, body).await;
        assert_eq!(
            (answer.status, verdict(&answer)),
            (status, ""),
            "{}",
            answer.report
        );
    }
    // Enforced, it would have been forwarded as it came.
    for status in [401, 403, 404] {
        let fake = Fake::default();
        fake.lookups_answer(status, None);
        fake.answers(400, STATE);
        let answer = observing(&fake, Rules::strict()).patch(P, "{}").await;
        assert_eq!(verdict(&answer), "", "{}", answer.report);
    }
    let fake = Fake::new("connected");
    let mut request = patch(P, "{}");
    request.headers_mut().remove("authorization");
    let answer = observing(&fake, Rules::strict()).send(request).await;
    assert!(answer.says("reason=no_credential") && verdict(&answer).is_empty());
}

#[tokio::test]
async fn a_lookup_that_failed_leaves_it_unclear() {
    for (lookup, status) in [(500, 400), (503, 202), (429, 202)] {
        let fake = Fake::default();
        fake.lookups_answer(lookup, None);
        fake.answers(status, STATE);
        let answer = observing(&fake, Rules::strict()).patch(P, "{}").await;
        assert_eq!(
            (answer.status, verdict(&answer)),
            (status, "unclear"),
            "{}",
            answer.report
        );
    }
}

#[tokio::test]
async fn a_rejection_that_is_too_long_to_be_read_passes_and_is_unclear() {
    let fake = Fake::new("connected");
    let long = format!("{STATE}{}", " ".repeat(100 << 10));
    fake.answers(400, &long);
    let answer = observing(&fake, Rules::strict()).patch(P, "{}").await;
    assert_eq!((answer.status, answer.body.len()), (400, long.len()));
    assert!(
        answer.says("outcome=observed") && answer.says("verdict=unclear"),
        "{}",
        answer.report
    );
}

#[tokio::test]
async fn of_rules_that_wait_only_what_a_rejection_asked_for_is_judged() {
    let specs = Specs::built_in(Pack::Strict).unwrap();
    let mut rules = specs.rules().to_vec();
    for rule in &mut rules {
        rule.timing = Timing::OnReject;
    }
    let rules = || Rules::compile(specs.sources(), &rules, &[]).unwrap();
    for (status, says, filled, expected) in [
        (400, STATE, r#"filled=("/state")"#, "would_have_helped"),
        (400, MALFORMED, "outcome=complete", ""),
        (202, "", "outcome=complete", ""),
    ] {
        let fake = Fake::new("connected");
        fake.answers(status, says);
        let answer = observing(&fake, rules()).patch(P, "{}").await;
        assert_eq!(verdict(&answer), expected, "{}", answer.report);
        assert!(answer.says(filled), "{}", answer.report);
    }
    let fake = Fake::default();
    fake.lookups_answer(500, None);
    fake.answers(400, STATE);
    let answer = observing(&fake, rules()).patch(P, "{}").await;
    assert!(
        answer.says("reason=lookup_failed") && answer.says("verdict=unclear"),
        "{}",
        answer.report
    );
}

#[tokio::test]
async fn heads_are_judged_by_what_speaks_of_them() {
    const COMPLETE: &str = r#"{"state":"connected","routing":{"queue":{"id":"q1"}}}"#;
    let field = naming("Content-Type");
    for (status, says, expected) in [
        (415, "", "would_have_helped"),
        (
            400,
            r#"{"message":"Invalid Content-Type."}"#,
            "would_have_helped",
        ),
        (400, field.as_str(), "would_have_helped"),
        (400, STATE, "unclear"),
        (404, "", "unclear"),
        (202, "", "not_needed"),
    ] {
        let fake = Fake::new("connected");
        fake.answers(status, says);
        let mut request = patch(P, COMPLETE);
        request.headers_mut().remove("content-type");
        let answer = observing(&fake, Rules::strict()).send(request).await;
        assert!(answer.says("repairs=(content-type)"), "{}", answer.report);
        assert_eq!(verdict(&answer), expected, "{status} {says}");
    }
    let fake = Fake::new("connected");
    fake.answers(
        400,
        r#"{"message":"Unexpected character ('\ufeff') at 1:1"}"#,
    );
    let answer = observing(&fake, Rules::strict())
        .patch(P, &format!("\u{feff}{COMPLETE}"))
        .await;
    assert_eq!(verdict(&answer), "would_have_helped", "{}", answer.report);
}

const A: &str = "/api/v2/conversations/c1/participants/p1/attributes";
const VOICE: &str = "/api/v2/conversations/voice/c1/participants/p1";
const CALLS: &str = "/api/v2/conversations/calls/c1/participants/p1/attributes";

/// A request, the status and the message (or the field) of its rejection, and the verdict.
type Row = (
    Method,
    &'static str,
    &'static str,
    u16,
    &'static str,
    &'static str,
);

#[rustfmt::skip] // A table: one line each.
const OFFICIAL: [Row; 25] = [
    (Method::PATCH, P, r#"{"attributes":{"a":"1"}}"#, 400, "malformed syntax", "unclear"),
    (Method::PATCH, P, r#"{"attributes":{"a":"1"}}"#, 202, "", "unclear"),
    (Method::PATCH, P, r#"{"attributes":{"a":"1"}}"#, 400, "'attributes' is no field", "would_have_helped"),
    (Method::PATCH, P, r#"{"customAttributes":{"a":"1"}}"#, 400, "'customAttributes' is no field", "would_have_helped"),
    (Method::PATCH, P, r#"{"wrapUpCode":"w"}"#, 400, "'wrapUpCode' is no field", "would_have_helped"),
    (Method::PATCH, P, r#"{"wrapUpCode":"w"}"#, 400, "'state' is wrong", "unclear"),
    (Method::PATCH, P, r#"{"body":{"muted":true}}"#, 400, "'body' is no field", "would_have_helped"),
    (Method::PATCH, P, r#"{"attributes":{"a":"1"},"state":"connected"}"#, 400, "'attributes'?", "would_have_helped"),
    (Method::PATCH, A, r#"{"a":"1"}"#, 400, "'attributes' is missing", "would_have_helped"),
    (Method::PATCH, A, r#"{"a":"1"}"#, 202, "", "unclear"),
    (Method::PATCH, A, r#"{"attributes":{"a":1}}"#, 202, "", "not_needed"),
    (Method::PATCH, A, r#"{"attributes":{"a":1}}"#, 400, "field attributes.a", "would_have_helped"),
    (Method::PATCH, A, r#"{"attributes":{"a":1}}"#, 400, "field attribute", "unclear"),
    (Method::PATCH, A, r#"{"attributes":{"a":"1","b":null}}"#, 400, "field attributes.b", "would_have_helped"),
    (Method::PATCH, A, r#"{"id":"p1","attributes":{"a":"1"}}"#, 400, "'id' is no field", "would_have_helped"),
    (Method::PATCH, P, r#"{"state":"CONNECTED"}"#, 400, "Value [CONNECTED] is not valid", "would_have_helped"),
    (Method::PUT, P, r#"{"muted":true}"#, 405, "", "would_have_helped"),
    (Method::PUT, P, r#"{"muted":true}"#, 404, "", "would_have_helped"),
    (Method::PUT, P, r#"{"muted":true}"#, 202, "", "not_needed"),
    (Method::PATCH, VOICE, r#"{"muted":true}"#, 404, "", "would_have_helped"),
    (Method::PATCH, VOICE, r#"{"muted":true}"#, 202, "", "not_needed"),
    (Method::PATCH, VOICE, r#"{"muted":true}"#, 400, "malformed syntax", "unclear"),
    // The path is one that the API has: the conversation may be nowhere.
    (Method::PATCH, CALLS, r#"{"attributes":{"a":"1"}}"#, 404, "", "unclear"),
    (Method::PATCH, P, r#"{"muted":true}"#, 400, "malformed syntax", ""),
    (Method::PATCH, P, r#"{"state":"CONNECTED"}"#, 202, "", ""),
];

#[tokio::test]
async fn each_repair_of_the_official_pack_is_judged_by_what_can_be_tied_to_it() {
    for (method, path, body, status, says, expected) in OFFICIAL {
        let fake = Fake::new("connected");
        let says = match says.strip_prefix("field ") {
            Some(field) => naming(field),
            None => format!(r#"{{"message":"{says}"}}"#),
        };
        fake.answers(status, &says);
        let request = crate::fake::request(method.clone(), path, body);
        let answer = observing(&fake, Rules::official()).send(request).await;
        assert_eq!(fake.bodies(), [body]);
        assert_eq!(
            verdict(&answer),
            expected,
            "{method} {path} {body} {status} {says}: {}",
            answer.report
        );
    }
}

#[tokio::test]
async fn a_precondition_that_failed_would_have_gone() {
    let fake = Fake::new("connected");
    fake.answers(412, "");
    let mut request = patch(P, r#"{"muted":true}"#);
    let headers = request.headers_mut();
    headers.insert("if-match", "\"1\"".parse().unwrap());
    let answer = observing(&fake, Rules::official()).send(request).await;
    assert_eq!(verdict(&answer), "would_have_helped", "{}", answer.report);
}

/// Conversations whose ids are counted up, and whether `share` of them enforces theirs.
fn sides(share: f64) -> impl Iterator<Item = (String, bool)> {
    let share = EnforceShare::new(share).unwrap();
    (0..40).map(move |number| (format!("c{number}"), share.has(&format!("c{number}"))))
}

#[tokio::test]
async fn a_share_of_the_conversations_is_enforced_and_the_rest_observed() {
    let fake = Fake::new("connected");
    let options = Options {
        enforce_share: EnforceShare::new(0.5).unwrap(),
        ..Options::default()
    };
    let proxy = Proxy::with(&fake, Rules::strict(), options);
    let (mut enforced, mut observed) = (0, 0);
    for (conversation, is_enforced) in sides(0.5) {
        for medium in ["", "/calls", "/emails"] {
            let path = format!("/api/v2/conversations{medium}/{conversation}/participants/p1");
            let answer = proxy.patch(&path, "{}").await;
            let as_it_came = fake.bodies().pop().unwrap() == "{}";
            assert_eq!(as_it_came, !is_enforced, "{conversation}");
            let says = if is_enforced {
                "outcome=repaired"
            } else {
                "outcome=observed"
            };
            assert!(answer.says(says), "{}", answer.report);
        }
        *if is_enforced {
            &mut enforced
        } else {
            &mut observed
        } += 1;
    }
    assert!(enforced > 5 && observed > 5, "{enforced} {observed}");
}

#[tokio::test]
async fn a_rule_may_have_a_share_of_its_own_and_off_stays_off() {
    let specs = Specs::built_in(Pack::Strict).unwrap();
    for (mode, all, own, outcome) in [
        (Mode::Enforce, 0.0, Some(1.0), "outcome=repaired"),
        (Mode::Enforce, 1.0, Some(0.0), "outcome=observed"),
        (Mode::Enforce, 0.0, None, "outcome=observed"),
        (Mode::Observe, 1.0, Some(1.0), "outcome=observed"),
        (Mode::Off, 0.0, Some(0.0), "reason=mode_off"),
    ] {
        let mut rules = specs.rules().to_vec();
        for rule in &mut rules {
            rule.enforce_share = own.map(|own| EnforceShare::new(own).unwrap());
        }
        let rules = Rules::compile(specs.sources(), &rules, &[]).unwrap();
        let options = Options {
            mode,
            enforce_share: EnforceShare::new(all).unwrap(),
            ..Options::default()
        };
        let fake = Fake::new("connected");
        let answer = Proxy::with(&fake, rules, options).patch(P, "{}").await;
        assert!(
            answer.says(outcome),
            "{mode:?} {all} {own:?}: {}",
            answer.report
        );
    }
}

/// As for mode observe itself: whatever happens, the original bytes go.
#[tokio::test]
async fn the_observed_share_is_never_rejected() {
    let bom = "\u{feff}{}";
    let large = format!("{{\"attributes\":{{\"a\":\"{}\"}}}}", "x".repeat(100));
    for body in ["{}", bom, "[", &large] {
        for lookup in [200, 404, 429, 500] {
            let fake = Fake::new("connected");
            if lookup != 200 {
                fake.lookups_answer(lookup, None);
            }
            let options = Options {
                enforce_share: EnforceShare::new(0.0).unwrap(),
                on_lookup_failure: LookupFailure::Reject,
                on_too_large: TooLarge::Reject,
                body_limit: 64,
                ..Options::default()
            };
            let answer = Proxy::with(&fake, Rules::strict(), options)
                .patch(P, body)
                .await;
            assert_eq!(
                (answer.status, fake.bodies()),
                (202, vec![body.to_owned()]),
                "{}",
                answer.report
            );
        }
    }
}
