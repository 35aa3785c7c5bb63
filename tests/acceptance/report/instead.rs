//! Every right call that a report of either pack may name is one that its upstream accepts, once the placeholders
//! are filled in.

use std::collections::HashSet;

use http::Method;
use patchwright::layer::record::Repair;
use patchwright::repair::diagnosis::Flaw;
use patchwright::rule::pack::{Pack, Specs};
use patchwright::rule::spec::{RuleSpec, Timing};
use patchwright::rule::{Broken, Rules};
use patchwright::simulator::seed::{self, CALL, CALLBACK, CHAT, COBROWSE, EMAIL, MESSAGE};
use serde_json::Value;

use crate::support::World;

/// The kinds of repair that a rule may make of a call, as far as its keys say so.
fn kinds(spec: &RuleSpec) -> Vec<Vec<Repair>> {
    let reshape = &spec.reshape;
    let moved = reshape.path.is_some() || reshape.on_reject.path.is_some();
    let with_path = |mut repairs: Vec<Repair>| {
        if reshape.path.is_some() {
            repairs.push(Repair::Path);
        }
        repairs
    };
    let mut kinds = Vec::new();
    for (is_there, repair) in [
        (!spec.fill.is_empty(), Repair::Fill),
        (spec.content_type.is_some(), Repair::ContentType),
        (true, Repair::Bom),
        (true, Repair::Coding),
        (reshape.method.is_some(), Repair::Method),
        (moved, Repair::Path),
        (
            !reshape.unwrap.is_empty() || !reshape.pick.is_empty(),
            Repair::Unwrap,
        ),
        (!reshape.rename.is_empty(), Repair::Rename),
        (
            !reshape.drop.is_empty() || !reshape.drop_headers.is_empty(),
            Repair::Drop,
        ),
        (reshape.wrap.is_some(), Repair::Wrap),
        (!reshape.stringify.is_empty(), Repair::Stringify),
        (!reshape.on_reject.case.is_empty(), Repair::Case),
        (!reshape.reroute.is_empty(), Repair::Reroute),
        (!reshape.reroute.is_empty(), Repair::Split),
    ] {
        if is_there {
            kinds.push(with_path(vec![repair]));
        }
    }
    if !reshape.reroute.is_empty() {
        kinds.push(vec![
            Repair::Rename,
            Repair::Reroute,
            Repair::Stringify,
            Repair::Drop,
        ]);
    }
    if reshape.path.is_some() && reshape.body.is_none() {
        // The rule of the path that is led to moves the attributes on.
        kinds.push(vec![Repair::Path, Repair::Rename, Repair::Reroute]);
    }
    kinds
}

/// A conversation that a path of this kind leads to.
fn conversation(path: &str, pack: Pack) -> &'static str {
    let is_strict_web = pack == Pack::Strict && path.contains("/web/instances/");
    [
        ("/callbacks/", CALLBACK),
        ("/emails/", EMAIL),
        ("/messages/", MESSAGE),
        ("/cobrowsesessions/", COBROWSE),
        ("/chats/", CHAT),
    ]
    .into_iter()
    .find(|(part, _)| path.contains(part))
    .map_or(if is_strict_web { MESSAGE } else { CALL }, |(_, id)| id)
}

/// What stands for a value, filled in as the text says that it is to be done.
async fn filled_in(world: &World, text: &str, conversation: &str) -> String {
    let participant = seed::participant(conversation, 3);
    let read = world
        .straight
        .get(&format!("/api/v2/conversations/{conversation}"), "t")
        .await;
    let read: Value = serde_json::from_slice(&read.body).unwrap();
    let mut all = read["participants"].as_array().unwrap().iter();
    let now = all.find(|one| one["id"] == *participant).unwrap();
    let media = [
        "calls",
        "callbacks",
        "emails",
        "messages",
        "chats",
        "cobrowsesessions",
    ];
    let mut media = media
        .iter()
        .filter_map(|media| now[media].as_array()?.first());
    let communication = media.next().unwrap();
    text.replace("{conversationId}", conversation)
        .replace("CONVERSATION-ID", conversation)
        .replace("{participantId}", &participant)
        .replace("PARTICIPANT-ID", &participant)
        .replace("{communicationId}", communication["id"].as_str().unwrap())
        .replace("{integrationId}", "i1")
        .replace("WRAP-UP-CODE-ID", seed::WRAPUP_CODES[0])
        .replace("QUEUE-ID", seed::SUPPORT_QUEUE)
        .replace("<what is sent as /wrapUpCode today>", seed::WRAPUP_CODES[0])
        .replace(
            "<the participant's current state>",
            communication["state"].as_str().unwrap(),
        )
        .replace(
            "<the id of the participant's current queue>",
            now["queueId"].as_str().unwrap(),
        )
}

/// The calls in a text: method, path, body.
fn calls(text: &str) -> Vec<(Method, String, Option<String>)> {
    let mut calls = Vec::new();
    for line in text.lines() {
        let words: Vec<_> = line.split(' ').collect();
        match words.as_slice() {
            [method, path] if path.starts_with('/') => {
                let method = method.parse::<Method>().unwrap();
                calls.push((method, (*path).to_owned(), None));
            }
            _ if line.starts_with('{') => {
                serde_json::from_str::<Value>(line)
                    .unwrap_or_else(|error| panic!("{error}: {line}"));
                if let Some((_, _, body)) = calls.last_mut() {
                    *body = Some(line.to_owned());
                }
            }
            _ => {}
        }
    }
    calls
}

const MESSAGE_TODAY: &str = r#"{"channel":{"from":{"id":"a@example.com"}},"text":"hello"}"#;

/// A message keeps what else is sent in it today; its metadata are an object.
fn whole_message(path: &str, body: String) -> String {
    if !path.ends_with("/message") {
        return body;
    }
    let mut message: Value = serde_json::from_str(MESSAGE_TODAY).unwrap();
    let named: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        named["channel"]["metadata"],
        "<what is sent as /metadata today>"
    );
    message["channel"]["metadata"] = serde_json::json!({"customAttributes": {"rating": "5"}});
    message.to_string()
}

async fn is_accepted(world: &World, pack: Pack, text: &str, template: &str) {
    // Each is asked of an upstream that no other has changed.
    let named = calls(text);
    assert!(!named.is_empty(), "{template}: {text}");
    for (_, path, _) in &named {
        assert!(path.starts_with('/') && !path.contains("//"), "{text}");
    }
    let paths: String = named.iter().map(|(_, path, _)| path.as_str()).collect();
    let conversation = self::conversation(&paths, pack);
    let text = filled_in(world, text, conversation).await;
    for (method, path, body) in calls(&text) {
        if method == Method::GET {
            continue;
        }
        let today = || match pack {
            Pack::Strict => panic!("the strict pack fills: {text}"),
            Pack::Official if path.ends_with("/message") => MESSAGE_TODAY,
            Pack::Official if path.ends_with("/attributes") => r#"{"attributes":{"a":"1"}}"#,
            Pack::Official => r#"{"state":"disconnected"}"#,
        };
        let body = body.map(|body| whole_message(&path, body));
        let body = body.unwrap_or_else(|| today().to_owned());
        let sent = world
            .straight
            .request(method.clone(), &path)
            .bearer("token-of-a-user");
        let sent = sent
            .header("content-type", "application/json")
            .body(body.clone());
        let answer = sent.send().await;
        if pack == Pack::Official && path.contains("/chats/") {
            // Web chat is no more: nothing takes the place of such a call but leaving it out.
            assert_eq!(answer.status, 404, "{path}");
            continue;
        }
        if path.contains("/communications/") && body.contains("wrapup") {
            // Of one communication of a call only the end can be told, whatever is called how.
            assert_eq!(answer.code(), "communication.state.required", "{path}");
            continue;
        }
        assert!(
            (200..300).contains(&answer.status),
            "{method} {path} {body}: {answer:?}\n{text}"
        );
    }
}

/// With the strict pack a call that misses nothing stays as it is: what it looks like only its owner knows.
#[tokio::test]
async fn the_strict_upstream_accepts_what_the_report_names() {
    let specs = Specs::built_in(Pack::Strict).unwrap();
    let rules = Rules::strict();
    let mut seen = 0;
    for spec in specs.rules() {
        assert_eq!(spec.timing, Timing::Eager);
        let filled: Vec<&str> = spec
            .fill
            .iter()
            .map(|(pointer, _)| pointer.as_str())
            .collect();
        for template in &spec.paths {
            let broken = Broken {
                method: &Method::PATCH,
                template,
                repairs: &[Repair::Fill, Repair::ContentType],
                filled: &filled,
                reason: None,
                hint: None,
            };
            let text = rules.instead(&broken);
            assert!(
                text.contains("GET /") && text.contains("Content-Type: application/json"),
                "{text}"
            );
            let world = World::start().await;
            is_accepted(&world, Pack::Strict, &text, template).await;
            seen += 1;
        }
    }
    assert_eq!(seen, 9);
}

#[tokio::test]
async fn the_published_api_accepts_what_the_report_names() {
    let specs = Specs::built_in(Pack::Official).unwrap();
    let rules = Rules::official();
    let (mut seen, mut whole, mut told) = (0, Vec::new(), HashSet::new());
    for spec in specs.rules() {
        // These are only diagnosed: see below.
        let is_repaired = spec.reshape
            != patchwright::rule::spec::ReshapeSpec {
                diagnosis: spec.reshape.diagnosis.clone(),
                ..Default::default()
            };
        if !is_repaired {
            continue;
        }
        for (template, method) in spec.paths.iter().zip(spec.methods.iter().cycle()) {
            for repairs in kinds(spec) {
                let broken = Broken {
                    method,
                    template,
                    repairs: &repairs,
                    filled: &[],
                    reason: None,
                    hint: None,
                };
                let text = rules.instead(&broken);
                let (_, path, body) = calls(&text).remove(0);
                if !path.contains("/participants/") && body.is_none() {
                    whole.push((spec.name.clone(), repairs));
                    continue;
                }
                seen += 1;
                // Many paths lead to the same.
                if !told.insert(text.clone()) {
                    continue;
                }
                let world = World::official().await;
                is_accepted(&world, Pack::Official, &text, template).await;
            }
        }
    }
    assert!(seen > 200, "{seen}");
    // A call to a whole conversation, or of no participant, of which only the head or the spelling is put right,
    // stays where it is. All others lead to a participant.
    for (rule, repairs) in whole {
        let others = repairs.iter().filter(|repair| {
            !matches!(
                repair,
                Repair::Bom | Repair::Coding | Repair::ContentType | Repair::Method
            )
        });
        assert_eq!(others.count(), 0, "{rule} {repairs:?}");
    }
}

/// What is said of a call that can't be repaired names calls, too.
#[tokio::test]
async fn the_published_api_accepts_what_its_diagnoses_name() {
    const TEMPLATE: &str =
        "/api/v2/conversations/calls/{conversationId}/participants/{participantId}";
    let rules = Rules::official();
    let mut named = 0;
    for &flaw in Flaw::ALL {
        let broken = Broken {
            method: &Method::PATCH,
            template: TEMPLATE,
            repairs: &[],
            filled: &[],
            reason: Some(flaw.into()),
            hint: Some("x"),
        };
        let text = rules.instead(&broken);
        for (method, path, body) in calls(&text) {
            // A path that stands for what to send there, whatever it is.
            let Some(body) = body.filter(|_| method != Method::GET) else {
                continue;
            };
            // What another call has changed may be in the way of this one.
            let world = World::official().await;
            let path = filled_in(&world, &path, CALL).await;
            let body = filled_in(&world, &body, CALL).await;
            let sent = world
                .straight
                .request(method.clone(), &path)
                .bearer("token-of-a-user");
            let sent = sent
                .header("content-type", "application/json")
                .body(body.clone());
            let answer = sent.send().await;
            assert!(
                (200..300).contains(&answer.status),
                "{flaw}: {method} {path} {body}: {answer:?}"
            );
            named += 1;
        }
    }
    assert!(named > 10, "{named}");
}
