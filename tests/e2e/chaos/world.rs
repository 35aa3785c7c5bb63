//! The conversations of a run, and what is sent about them.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Map, Value, json};

use crate::rng::Rng;

/// States between which no step is legal: a fill that was read too early is always refused (409), so no
/// attributes-only request may ever change one of them.
pub(crate) const APART: [&str; 8] = [
    "alerting",
    "dialing",
    "contacting",
    "offering",
    "scheduled",
    "converting",
    "transmitting",
    "uploading",
];
pub(crate) const QUEUES: [&str; 3] = ["queue-0001", "queue-0002", "queue-0003"];
/// A bearer token that every conversation denies.
pub(crate) const DENIED: &str = "denied-token";

/// Conversations whose state changes behind the proxy's back.
const DRIFTING: usize = 160;
/// Conversations whose state only their one caller changes. Each is used until an answer is doubtful. A fast
/// machine uses up some 200 in a second.
const STAGED_PER_SECOND: usize = 500;

/// Attribute values as they are written in JSON, and what they mean.
const VALUES: [(&str, &str); 6] = [
    (r#""plain""#, "plain"),
    (r#""""#, ""),
    (r#""\u00e9\ud83d\ude00\/""#, "é😀/"),
    (r#""grüße 日本""#, "grüße 日本"),
    (
        r#""{\"state\":\"disconnected\"}""#,
        r#"{"state":"disconnected"}"#,
    ),
    (r#""\\\"\n\t""#, "\\\"\n\t"),
];

#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) conversation: String,
    pub(crate) participant: String,
    pub(crate) is_call: bool,
}

/// Where a PATCH goes: the path, and the template that the simulator calls it by.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) target: usize,
    pub(crate) family: &'static str,
    pub(crate) attributes_endpoint: bool,
}

#[derive(Debug)]
pub(crate) struct World {
    targets: Vec<Target>,
    staged: AtomicUsize,
}

impl World {
    pub(crate) fn new(seconds: u64) -> Self {
        let staged = STAGED_PER_SECOND * usize::try_from(seconds).unwrap();
        let target = |n: usize| Target {
            conversation: format!("c4a05000-0000-4000-8000-{n:012}"),
            participant: format!("c4a05000-0000-4000-9001-{n:012}"),
            is_call: n % 5 < 3,
        };
        Self {
            targets: (0..DRIFTING + staged).map(target).collect(),
            staged: AtomicUsize::new(0),
        }
    }

    pub(crate) fn target(&self, index: usize) -> &Target {
        &self.targets[index]
    }

    /// One whose state drifts.
    pub(crate) fn drifting(rng: &mut Rng) -> usize {
        rng.below(DRIFTING)
    }

    /// One that nobody else uses, `alerting` in the first queue.
    pub(crate) fn stage(&self) -> usize {
        let next = self.staged.fetch_add(1, Ordering::Relaxed);
        assert!(
            DRIFTING + next < self.targets.len(),
            "all conversations are used up: raise STAGED_PER_SECOND"
        );
        DRIFTING + next
    }

    pub(crate) fn place(&self, target: usize, rng: &mut Rng) -> Place {
        let family = if self.targets[target].is_call {
            *rng.pick(&["/api/v2/conversations", "/api/v2/conversations/calls"])
        } else {
            *rng.pick(&[
                "/api/v2/conversations",
                "/api/v2/conversations/messages",
                "/api/v2/conversations/web/instances",
                "/conversations/web/instances",
            ])
        };
        Place {
            target,
            family,
            attributes_endpoint: false,
        }
    }

    pub(crate) fn path(&self, place: &Place) -> String {
        let Target {
            conversation,
            participant,
            ..
        } = &self.targets[place.target];
        let tail = if place.attributes_endpoint {
            "/attributes"
        } else {
            ""
        };
        format!(
            "{}/{conversation}/participants/{participant}{tail}",
            place.family
        )
    }

    /// The simulator's data file.
    pub(crate) fn data(&self) -> String {
        let conversations = self.targets.iter().enumerate().map(|(n, target)| {
            let is_staged = n >= DRIFTING;
            let state = if is_staged {
                "alerting"
            } else {
                APART[n % APART.len()]
            };
            let media = if target.is_call { "call" } else { "message" };
            let communication = json!({ "id": format!("x{n}"), "media": media, "state": state });
            let mut agent = json!({
                "id": target.participant, "purpose": "agent", "communications": [communication],
            });
            // Who is in no queue needs none.
            if is_staged || n % 4 > 0 {
                agent["queue"] = json!({ "id": QUEUES[0] });
            }
            json!({ "id": target.conversation, "denied": [DENIED], "participants": [agent] })
        });
        json!({ "conversations": conversations.collect::<Vec<_>>() }).to_string()
    }
}

impl Place {
    pub(crate) fn template(&self) -> String {
        let tail = if self.attributes_endpoint {
            "/attributes"
        } else {
            ""
        };
        format!(
            "{}/{{conversationId}}/participants/{{participantId}}{tail}",
            self.family
        )
    }
}

/// The attributes of the n-th request as JSON, spelled in one of several ways.
pub(crate) fn spelled(n: u64) -> String {
    let (name, (value, _)) = extra(n);
    let marker = marker(n);
    if n.is_multiple_of(3) {
        format!("{{ \"{name}\" : {value},\r\n\t\"m\":\"{marker}\" }}")
    } else {
        format!(r#"{{"m":"{marker}","{name}":{value}}}"#)
    }
}

/// And what they mean.
pub(crate) fn meant(n: u64) -> Map<String, Value> {
    let (name, (_, value)) = extra(n);
    Map::from_iter([("m".to_owned(), marker(n).into()), (name, value.into())])
}

pub(crate) fn marker(n: u64) -> String {
    format!("chaos-{n}")
}

pub(crate) fn number(marker: &str) -> Option<u64> {
    marker.strip_prefix("chaos-")?.parse().ok()
}

// Few names, so that a participant doesn't grow.
fn extra(n: u64) -> (String, (&'static str, &'static str)) {
    let index = usize::try_from(n % VALUES.len() as u64).unwrap();
    (format!("k{}", n % 7), VALUES[index])
}
