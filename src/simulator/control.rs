//! `/__control/…`: look at what arrived, and make things happen. No token is needed and none is shown.

use http::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::error::ApiError;
use super::model::{Conversation, View};
use super::reply::{self, Reply};
use super::{After, Fault, Shared, StateChange, lock};

/// Conversations that are listed.
const LISTED: usize = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Situation {
    state: Option<String>,
    queue: Option<String>,
}

pub(super) fn answer(
    shared: &Shared,
    method: &Method,
    path: &str,
    query: &str,
    body: &[u8],
) -> Reply {
    let segments: Vec<_> = path.split('/').collect();
    let done = match (method.as_str(), segments.as_slice()) {
        ("GET", ["health"]) => Ok(Some(json!({ "status": "ok" }))),
        ("GET", ["requests"]) => Ok(Some(requests(shared))),
        ("DELETE", ["requests"]) => {
            shared.forget();
            Ok(None)
        }
        ("GET", ["effects"]) => effects(shared, query),
        ("DELETE", ["effects"]) => {
            lock(&shared.store).forget_effects();
            Ok(None)
        }
        ("GET", ["conversations"]) => Ok(Some(conversations(shared))),
        (
            "PUT",
            [
                "conversations",
                conversation,
                "participants",
                participant,
                "state",
            ],
        ) => read(body).and_then(|to| put_state(shared, conversation, participant, to)),
        ("POST", ["after"]) => read(body).and_then(|after| add_after(shared, after)),
        ("GET", ["faults"]) => Ok(Some(faults(shared))),
        ("POST", ["faults"]) => read(body).and_then(|fault| add_fault(shared, fault)),
        ("DELETE", ["faults"]) => {
            lock(&shared.faults).clear();
            Ok(None)
        }
        ("POST", ["release"]) => {
            shared.release();
            Ok(None)
        }
        _ => Err(ApiError::not_found()),
    };
    match done {
        Ok(Some(body)) => reply::json(StatusCode::OK, &body),
        Ok(None) => reply::empty(StatusCode::NO_CONTENT),
        Err(error) => error.into_response("control"),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| ApiError::bad_request(error.to_string()))
}

fn put_state(
    shared: &Shared,
    conversation: &str,
    participant: &str,
    Situation { state, queue }: Situation,
) -> Result<Option<Value>, ApiError> {
    let (conversation, participant) = (conversation.to_owned(), participant.to_owned());
    let change = StateChange {
        conversation,
        participant,
        state,
        queue,
    };
    if lock(&shared.store).set(&change) {
        Ok(None)
    } else {
        Err(ApiError::not_found())
    }
}

fn add_after(shared: &Shared, after: After) -> Result<Option<Value>, ApiError> {
    let StateChange {
        conversation,
        participant,
        ..
    } = &after.set;
    let known = lock(&shared.store).has(conversation, participant);
    if !known {
        // A typing error that would otherwise show as a change that never comes.
        return Err(ApiError::not_found());
    }
    lock(&shared.script).add(after);
    Ok(None)
}

fn add_fault(shared: &Shared, fault: Fault) -> Result<Option<Value>, ApiError> {
    let refused = |error: super::FaultError| ApiError::bad_request(error.to_string());
    lock(&shared.faults).add(fault).map_err(refused)?;
    Ok(None)
}

fn requests(shared: &Shared) -> Value {
    let journal = lock(&shared.journal);
    let counts = journal.counts().map(|(method, template, count)| {
        json!({ "method": method, "template": template, "count": count })
    });
    let counts: Vec<_> = counts.collect();
    let requests: Vec<_> = journal.requests().map(super::Received::to_json).collect();
    json!({ "counts": counts, "requests": requests })
}

/// All that are kept, or with `after=SEQ` the later ones.
fn effects(shared: &Shared, query: &str) -> Result<Option<Value>, ApiError> {
    let after = match query.strip_prefix("after=") {
        None if query.is_empty() => 0,
        after => after.and_then(|seq| seq.parse().ok()).ok_or_else(|| {
            ApiError::bad_request("Expected no query, or after= and the number of an effect.")
        })?,
    };
    let store = lock(&shared.store);
    let (total, _) = store.effects();
    let effects: Vec<_> = store.effects_after(after).collect();
    Ok(Some(json!({ "total": total, "effects": effects })))
}

fn faults(shared: &Shared) -> Value {
    let faults = lock(&shared.faults);
    let struck = faults
        .struck()
        .map(|(kind, count)| json!({ "kind": kind, "count": count }));
    json!({ "struck": struck.collect::<Vec<_>>() })
}

fn conversations(shared: &Shared) -> Value {
    let store = lock(&shared.store);
    store.conversations().take(LISTED).map(overview).collect()
}

fn overview(conversation: &Conversation) -> Value {
    let participants = conversation.participants.iter().map(|participant| {
        let current = participant.current(View::General);
        json!({
            "id": participant.id,
            "purpose": participant.purpose,
            "media": current.map(|current| current.media.plural()),
            "state": current.map(|current| &current.state),
            "queue": participant.queue.as_ref().map(|queue| &queue.id),
        })
    });
    json!({ "id": conversation.id, "participants": participants.collect::<Vec<_>>() })
}
