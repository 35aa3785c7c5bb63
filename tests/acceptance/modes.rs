//! How far the rules go, by configuration.

use http::Method;
use patchwright::simulator::seed::{self, CALL, CHAT, EMAIL, MESSAGE};
use patchwright::simulator::{Fault, FaultKind};

use crate::support::{World, agent};

const BODY: &str = r#"{"attributes":{"note":"test"}}"#;

#[tokio::test]
async fn off_and_observe_send_what_came_and_enforce_repairs() {
    for (mode, status, lookups, report) in [
        (
            "off",
            400,
            0,
            "rule=\"participant\", outcome=forwarded, reason=mode_off",
        ),
        (
            "observe",
            400,
            1,
            "rule=\"participant\", outcome=observed, repairs=(fill), \
             filled=(\"/state\" \"/routing/queue/id\"), snapshot=miss, age=",
        ),
        (
            "enforce",
            202,
            1,
            "rule=\"participant\", outcome=repaired, repairs=(fill), \
             filled=(\"/state\" \"/routing/queue/id\"), snapshot=miss, age=",
        ),
    ] {
        let world = World::with(&format!("[repair]\nmode = \"{mode}\"")).await;
        let answer = world
            .proxied
            .patch(&agent("", CALL), "t", BODY)
            .send()
            .await;
        assert_eq!(answer.status, status, "{mode}");
        assert!(
            answer.report().starts_with(report),
            "{mode}: {}",
            answer.report()
        );
        assert_eq!(world.saw(&Method::GET), lookups, "{mode}");
        assert_eq!(world.saw(&Method::PATCH), 1, "{mode}");
        let as_it_came = world.patches()[0].body == BODY;
        assert_eq!(as_it_came, mode != "enforce");
    }
}

#[tokio::test]
async fn observe_never_stands_in_the_way() {
    let toml = "[repair]\nmode = \"observe\"\non_too_large = \"reject\"\n[limits]\nbody = \"16B\"";
    let world = World::with(toml).await;
    let fault = Fault::once(FaultKind::Status(503)).on(&Method::GET);
    world.simulator.fault(fault).unwrap();
    let complete = r#"{"state":"connected","routing":{"queue":{"id":"9e0e0000-0000-4000-8000-000000000001"}}}"#;
    let large = world
        .proxied
        .patch(&agent("", CALL), "t", complete)
        .send()
        .await;
    assert_eq!(large.status, 202);
    assert!(large.says("reason=too_large"), "{}", large.report());
    let small = world
        .proxied
        .patch(&agent("", CALL), "t", "{}")
        .send()
        .await;
    assert_eq!(small.status, 400, "the upstream's own");
    assert!(small.says("outcome=observed") && small.says("reason=lookup_failed"));
    assert_eq!(world.patches()[1].body, "{}");
}

#[tokio::test]
async fn a_failed_lookup_is_answered_or_forwarded() {
    for (policy, fault, status, code, reason) in [
        (
            "reject",
            503,
            503,
            "patchwright.lookup.unavailable",
            "reason=lookup_failed",
        ),
        (
            "reject",
            429,
            429,
            "patchwright.lookup.throttled",
            "reason=lookup_throttled",
        ),
        ("forward", 503, 400, "bad.request", "reason=lookup_failed"),
        (
            "forward",
            429,
            400,
            "bad.request",
            "reason=lookup_throttled",
        ),
    ] {
        let toml = format!("[repair]\non_lookup_failure = \"{policy}\"");
        let world = World::with(&toml).await;
        let fault = Fault::once(FaultKind::Status(fault)).on(&Method::GET);
        world.simulator.fault(fault).unwrap();
        let answer = world
            .proxied
            .patch(&agent("", CALL), "t", BODY)
            .send()
            .await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{policy}"
        );
        assert!(answer.says(reason), "{}", answer.report());
        assert_eq!(
            answer.headers.contains_key("retry-after"),
            policy == "reject"
        );
        let forwarded: Vec<_> = world
            .patches()
            .into_iter()
            .map(|patch| patch.body)
            .collect();
        let expected: &[&str] = if policy == "reject" { &[] } else { &[BODY] };
        assert_eq!(forwarded, expected, "{policy}");
    }
}

#[tokio::test]
async fn a_lookup_that_takes_too_long_is_a_504() {
    let world = World::with("[timeouts]\nlookup = \"50ms\"").await;
    let held = Fault::once(FaultKind::Hold).on(&Method::GET);
    world.simulator.fault(held).unwrap();
    let answer = world
        .proxied
        .patch(&agent("", CALL), "t", BODY)
        .send()
        .await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (504, "patchwright.lookup.timeout")
    );
    assert!(answer.says("reason=lookup_timeout"), "{}", answer.report());
    assert_eq!(world.saw(&Method::PATCH), 0);
    world.simulator.release();
}

#[tokio::test]
async fn a_large_body_streams_through_or_is_refused() {
    let large = format!(r#"{{"attributes":{{"note":"{}"}}}}"#, "x".repeat(100_000));
    for (policy, status, outcome) in [
        ("forward", 400, "outcome=forwarded"),
        ("reject", 413, "outcome=rejected"),
    ] {
        let toml = format!("[repair]\non_too_large = \"{policy}\"\n[limits]\nbody = \"64KiB\"");
        let world = World::with(&toml).await;
        let answer = world
            .proxied
            .patch(&agent("", CALL), "t", large.clone())
            .send()
            .await;
        assert_eq!(answer.status, status, "{policy}");
        assert!(answer.says(outcome) && answer.says("reason=too_large"));
        if policy == "reject" {
            assert_eq!(answer.code(), "patchwright.body.too.large");
            assert_eq!(world.saw(&Method::PATCH), 0);
        } else {
            assert_eq!(world.patches()[0].body, large.as_bytes());
        }
        assert_eq!(world.saw(&Method::GET), 0);
    }
}

/// One rule observes, one forwards when in doubt, one waits for a rejection; the others reject.
const PER_RULE: &str = r#"
[[rule]]
name = "emails-participant"
methods = ["PATCH"]
paths = ["/api/v2/conversations/emails/{conversationId}/participants/{participantId}"]
sources = ["emails"]
fill = { "/state" = "state", "/routing/queue/id" = "queue" }
mode = "observe"
[[rule]]
name = "messages-participant"
methods = ["PATCH"]
paths = ["/api/v2/conversations/messages/{conversationId}/participants/{participantId}"]
sources = ["messages"]
fill = { "/state" = "state", "/routing/queue/id" = "queue" }
on_lookup_failure = "forward"
resend_on = [412]
[[rule]]
name = "calls-participant"
methods = ["PATCH"]
paths = ["/api/v2/conversations/calls/{conversationId}/participants/{participantId}"]
sources = ["calls"]
fill = { "/state" = "state", "/routing/queue/id" = "queue" }
timing = "on-reject"
resend_on = [400]
"#;

#[tokio::test]
async fn a_rule_may_say_otherwise() {
    let world = World::with(PER_RULE).await;
    let send = |family: &str, conversation: &str| {
        world
            .proxied
            .patch(&agent(family, conversation), "t", BODY)
            .send()
    };
    let observed = send("/emails", EMAIL).await;
    assert_eq!(observed.status, 400);
    assert!(observed.says("outcome=observed"), "{}", observed.report());

    // The original first; what the rejection names is filled, and from then on at once.
    for (patches, snapshot) in [(2, "snapshot=miss"), (1, "snapshot=hit")] {
        world.simulator.forget();
        let learned = send("/calls", CALL).await;
        assert_eq!(learned.status, 202);
        assert!(learned.says("outcome=repaired") && learned.says(snapshot));
        assert_eq!(world.saw(&Method::PATCH), patches);
        assert_eq!(world.patches()[0].body == BODY, patches == 2);
    }

    // A conflict is answered with a fresh look, but for the rule that doesn't count it as definite.
    for (family, conversation, status) in
        [("/web/instances", CHAT, 202), ("/messages", MESSAGE, 409)]
    {
        assert_eq!(send(family, conversation).await.status, 202);
        let participant = seed::participant(conversation, 3);
        let over = world
            .simulator
            .set_state(conversation, &participant, "disconnected");
        assert!(over);
        assert_eq!(send(family, conversation).await.status, status);
    }

    let forget = world.operator.request(Method::DELETE, "/cache").send();
    assert_eq!(forget.await.status, 204);
    let failing = Fault::once(FaultKind::Status(500))
        .on(&Method::GET)
        .times(None);
    world.simulator.fault(failing).unwrap();
    let forwarded = send("/messages", MESSAGE).await;
    assert_eq!(forwarded.status, 400);
    assert!(
        forwarded.says("outcome=forwarded"),
        "{}",
        forwarded.report()
    );
    let rejected = send("/web/instances", MESSAGE).await;
    assert_eq!(rejected.code(), "patchwright.lookup.unavailable");
}

#[tokio::test]
async fn the_report_can_be_switched_off() {
    let world = World::with("[repair]\nreport = false").await;
    let answer = world
        .proxied
        .patch(&agent("", CALL), "t", BODY)
        .send()
        .await;
    assert_eq!((answer.status, answer.report()), (202, ""));
}
