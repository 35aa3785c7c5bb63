//! What the report says of traffic that is observed, and how it leads to a rollout.

use std::collections::HashMap;

use http::Method;
use patchwright::layer::options::EnforceShare;
use patchwright::rule::pack::Pack;
use patchwright::simulator::seed::{self, CALL, MESSAGE};
use patchwright::simulator::{Fault, FaultKind, Options};
use serde_json::Value;

use crate::reload::Reloading;
use crate::support::{Answer, World, agent, patchwright};

mod instead;

const OBSERVE: &str = "[repair]\nmode = \"observe\"";
const GAP: &str = r#"{"attributes":{"note":"secret-value-7a1c"}}"#;
const COMPLETE: &str =
    r#"{"state":"connected","routing":{"queue":{"id":"9e0e0000-0000-4000-8000-000000000001"}}}"#;
const TOKEN: &str = "secret-token-19bd";

/// Sends a PATCH as an application that calls itself `agent`.
async fn send(world: &World, agent: &str, path: &str, body: &str) -> Answer {
    let sending = world.proxied.patch(path, TOKEN, body.to_owned());
    sending.header("user-agent", agent).send().await
}

async fn report(world: &World) -> Value {
    world
        .operator
        .request(Method::GET, "/report")
        .send()
        .await
        .json()
}

fn rule<'r>(report: &'r Value, name: &str) -> &'r Value {
    let mut rules = report["rules"].as_array().unwrap().iter();
    rules.find(|rule| rule["rule"] == name).unwrap()
}

/// Would have helped, not needed, unclear; complete, observed.
fn counts(rule: &Value) -> [u64; 5] {
    [
        "would_have_helped",
        "not_needed",
        "unclear",
        "complete",
        "observed",
    ]
    .map(|key| rule[key].as_u64().unwrap())
}

/// What `patchwright report` prints.
async fn printed(world: &World, format: &str) -> String {
    let admin = format!("http://{}", world.proxy.admin);
    let output = patchwright(&["report", "--admin", &admin, "--format", format]).await;
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn in_front_of_an_upstream_that_refuses_it_is_safe_to_enforce() {
    let world = World::with(OBSERVE).await;
    let (call, web) = (agent("", CALL), agent("/web/instances", MESSAGE));
    for _ in 0..5 {
        assert_eq!(send(&world, "legacy/1", &call, GAP).await.status, 400);
    }
    for _ in 0..2 {
        assert_eq!(send(&world, "good/2", &call, COMPLETE).await.status, 202);
    }
    assert_eq!(send(&world, "legacy/1", &web, GAP).await.status, 400);
    let forget = world.operator.request(Method::DELETE, "/cache").send();
    assert_eq!(forget.await.status, 204);
    for _ in 0..3 {
        let failing = Fault::once(FaultKind::Status(503)).on(&Method::GET);
        world.simulator.fault(failing).unwrap();
        let failed = send(&world, "legacy/1", &call, GAP).await;
        assert!(
            failed.says("verdict=unclear") && failed.says("reason=lookup_failed"),
            "{}",
            failed.report()
        );
    }

    let told = report(&world).await;
    let participant = rule(&told, "participant");
    assert_eq!(participant["verdict"], "safe_to_enforce");
    assert_eq!(counts(participant), [5, 0, 3, 2, 8]);
    assert_eq!(counts(rule(&told, "web-instance")), [1, 0, 0, 0, 1]);
    assert_eq!(rule(&told, "calls-participant")["verdict"], Value::Null);
    let callers = told["callers"].as_array().unwrap();
    assert_eq!(
        callers.len(),
        1,
        "who sends complete requests owes nothing: {told}"
    );
    assert_eq!(callers[0]["caller"], "legacy/1");
    let found: Vec<_> = callers[0]["calls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| call["count"].as_u64())
        .collect();
    assert_eq!(found, [Some(5), Some(3), Some(1)]);

    let text = printed(&world, "text").await;
    let line = text
        .lines()
        .find(|line| line.contains("participant  "))
        .unwrap();
    assert!(line.ends_with("safe to enforce"), "{text}");
    assert!(
        text.contains("5 would have helped, 0 not needed, 3 unclear, 8 observed, 2 complete"),
        "{text}"
    );
    let mut printed_json: Value = serde_json::from_str(&printed(&world, "json").await).unwrap();
    printed_json["time"] = told["time"].clone();
    assert_eq!(printed_json, told);
    let markdown = printed(&world, "markdown").await;
    assert!(markdown.contains("## User-Agent `legacy/1`"), "{markdown}");
    assert!(
        markdown.contains("| `participant` | observe | safe to enforce | 5 | 0 | 3 |"),
        "{markdown}"
    );
    for shown in [told.to_string(), text, markdown] {
        for secret in [
            "secret-",
            CALL,
            MESSAGE,
            seed::SUPPORT_QUEUE,
            &seed::participant(CALL, 3),
        ] {
            assert!(!shown.contains(secret), "{secret}: {shown}");
        }
    }
}

#[tokio::test]
async fn in_front_of_the_published_api_filling_is_not_needed() {
    let options = Options {
        rules: Pack::Official,
        ..Options::default()
    };
    let world = World::of(OBSERVE, options).await;
    let call = agent("/calls", CALL);
    for muted in ["true", "false", "true", "false"] {
        let body = format!(r#"{{"muted":{muted}}}"#);
        let answer = send(&world, "app/1", &call, &body).await;
        assert_eq!(answer.status, 202);
        assert!(answer.says("verdict=not_needed"), "{}", answer.report());
    }
    // Refused there, but not for what would have been filled.
    for _ in 0..2 {
        let answer = send(&world, "app/1", &call, GAP).await;
        assert_eq!(answer.status, 400);
        assert!(answer.says("verdict=unclear"), "{}", answer.report());
    }
    let told = report(&world).await;
    let calls = rule(&told, "calls-participant");
    assert_eq!(
        (&calls["verdict"], counts(calls)),
        (&Value::from("not_needed"), [0, 4, 2, 0, 6])
    );
    let text = printed(&world, "text").await;
    let line = text
        .lines()
        .find(|line| line.contains("calls-participant"))
        .unwrap();
    assert!(line.ends_with("not needed"), "{text}");
}

#[tokio::test]
async fn clients_are_called_by_their_names_and_what_is_put_right_is_told_with_its_answers() {
    let toml = "[[client]]\nname = \"billing\"\nnetworks = [\"127.0.0.0/8\"]";
    let world = World::with(toml).await;
    for _ in 0..3 {
        assert_eq!(
            send(&world, "curl/8", &agent("", CALL), GAP).await.status,
            202
        );
    }
    let conflict = r#"{"routing":{"queue":{"id":"elsewhere"}}}"#;
    assert_eq!(
        send(&world, "curl/8", &agent("", CALL), conflict)
            .await
            .status,
        409
    );
    let told = report(&world).await;
    let caller = &told["callers"][0];
    assert_eq!(
        (&caller["caller"], &caller["named"]),
        (&Value::from("billing"), &Value::from(true))
    );
    let calls = caller["calls"].as_array().unwrap().iter();
    let answered = |call: &&Value| (call["accepted"].as_u64(), call["refused"].as_u64());
    let answered: Vec<_> = calls.map(|call| answered(&call)).collect();
    assert_eq!(answered, [(Some(3), Some(0)), (Some(0), Some(1))]);
    assert_eq!(
        rule(&told, "participant")["verdict"],
        Value::Null,
        "nothing is observed"
    );
    assert!(rule(&told, "participant")["last_needed"].is_string());
}

const PLAIN: &str = "SOCKETS\n[[upstream]]\nurl = \"http://UPSTREAM\"\n";

#[tokio::test]
async fn a_share_is_raised_under_traffic_and_only_ever_takes_conversations_in() {
    const COUNT: u32 = 24;
    let options = Options {
        generate: COUNT,
        ..Options::default()
    };
    let proxy = Reloading::of(&format!("{PLAIN}{OBSERVE}"), options).await;
    let patch = async |number: u32| {
        let (conversation, participant) = seed::generated(number);
        let path = format!("/api/v2/conversations/{conversation}/participants/{participant}");
        (
            conversation,
            proxy.caller.patch(&path, "t", GAP).send().await,
        )
    };
    let mut enforced = HashMap::<String, bool>::new();
    for share in [0.0, 0.25, 0.5, 1.0] {
        let text = format!("{PLAIN}[repair]\nenforce_share = {share:?}\n");
        // While it changes, too, every request is answered by one of both.
        let changing = async {
            for number in 1..=COUNT {
                let (_, answer) = patch(number).await;
                assert!(matches!(answer.status, 202 | 400), "{}", answer.status);
            }
        };
        tokio::join!(proxy.reads(&text), changing);
        let decides = EnforceShare::new(share).unwrap();
        for number in 1..=COUNT {
            let (conversation, answer) = patch(number).await;
            let is_in = decides.has(&conversation);
            assert_eq!(
                answer.status,
                if is_in { 202 } else { 400 },
                "{share} {}",
                answer.report()
            );
            assert!(answer.says(if is_in {
                "outcome=repaired"
            } else {
                "outcome=observed"
            }));
            let was_in = enforced.insert(conversation, is_in).unwrap_or_default();
            assert!(is_in || !was_in, "{share}");
        }
        let told: Value = serde_json::from_str(&proxy.page("/report").await).unwrap();
        let participant = rule(&told, "participant");
        let verdict = if share < 1.0 {
            Value::from("safe_to_enforce")
        } else {
            Value::Null
        };
        assert_eq!(participant["verdict"], verdict, "{share}: {participant}");
        assert_eq!(participant["enforce_share"], share);
    }
    assert!(enforced.values().all(|is_in| *is_in));
    // Nothing was lost on the way: every request of every round was counted once.
    let told: Value = serde_json::from_str(&proxy.page("/report").await).unwrap();
    let participant = rule(&told, "participant");
    let total =
        participant["observed"].as_u64().unwrap() + participant["repaired"].as_u64().unwrap();
    assert_eq!(total, u64::from(COUNT) * 8);
    assert_eq!(participant["not_needed"], 0);
}
