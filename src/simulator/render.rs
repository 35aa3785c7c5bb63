//! Conversations as the API shows them: the general shape, and that of the media paths.

use serde_json::{Map, Value, json};

use super::model::{Communication, Conversation, Media, Participant, Queue, View};

/// All seeds began then: answers must not depend on when the simulator was started.
const STARTED: &str = "2026-01-05T09:00:00.000Z";

/// The body of `GET …/{conversationId}`.
pub(super) fn conversation(conversation: &Conversation, view: View, uri: &str) -> Value {
    let shown = conversation.participants.iter().filter(|p| p.is_in(view));
    let participants: Vec<_> = match view {
        View::General => shown.map(general).collect(),
        View::Media(_) | View::Web => shown.map(|p| of_media(p, view)).collect(),
    };
    let mut body = json!({
        "id": conversation.id,
        "participants": participants,
        "selfUri": uri,
    });
    if let (View::General, Some(body)) = (view, body.as_object_mut()) {
        body.insert("startTime".to_owned(), STARTED.into());
        body.insert("conversationStartTime".to_owned(), STARTED.into());
        body.insert("recordingState".to_owned(), "none".into());
    } else if let Some(body) = body.as_object_mut() {
        body.insert("otherMediaUris".to_owned(), json!([]));
    }
    body
}

fn common(participant: &Participant) -> Map<String, Value> {
    let mut shape = Map::new();
    let mut put = |name: &str, value: Value| shape.insert(name.to_owned(), value);
    put("id", participant.id.as_str().into());
    put("purpose", participant.purpose.as_str().into());
    put("startTime", STARTED.into());
    put("connectedTime", STARTED.into());
    put("wrapupRequired", false.into());
    put("attributes", json!(participant.attributes));
    if let Some(name) = &participant.name {
        put("name", name.as_str().into());
    }
    if let Some(queue) = &participant.queue {
        let routing =
            json!({ "queue": reference("routing/queues", &queue.id), "priority": 0, "skills": [] });
        put("conversationRoutingData", routing);
    }
    shape
}

/// State is not on the participant here but on its communications.
fn general(participant: &Participant) -> Value {
    let mut shape = common(participant);
    let mut put = |name: &str, value: Value| shape.insert(name.to_owned(), value);
    if let Some(Queue { id, name }) = &participant.queue {
        put("queueId", id.as_str().into());
        put("queueName", name.as_ref().unwrap_or(id).as_str().into());
    }
    if let Some(user) = &participant.user_id {
        put("userId", user.as_str().into());
    }
    for media in Media::ALL {
        let of_media = participant
            .communications
            .iter()
            .filter(|c| c.media == media);
        put(media.plural(), of_media.map(communication).collect());
    }
    shape.into()
}

fn communication(communication: &Communication) -> Value {
    let mut shape = flags(communication);
    shape.insert("id".to_owned(), communication.id.as_str().into());
    shape.insert("segments".to_owned(), json!([]));
    shape.into()
}

/// One state, that of the communication that counts.
fn of_media(participant: &Participant, view: View) -> Value {
    let mut shape = common(participant);
    if let Some(current) = participant.current(view) {
        shape.extend(flags(current));
    }
    if let Some(queue) = &participant.queue {
        shape.insert("queue".to_owned(), reference("routing/queues", &queue.id));
    }
    if let Some(user) = &participant.user_id {
        shape.insert("user".to_owned(), reference("users", user));
    }
    shape.into()
}

fn flags(communication: &Communication) -> Map<String, Value> {
    let mut shape = Map::new();
    let mut put = |name: &str, value: Value| shape.insert(name.to_owned(), value);
    put("state", communication.state.as_str().into());
    put("held", communication.held.into());
    put("direction", "inbound".into());
    if communication.media == Media::Call {
        put("provider", "Edge".into());
        put("muted", communication.muted.into());
        put("confined", false.into());
        put("recording", communication.recording.into());
    }
    shape
}

fn reference(kind: &str, id: &str) -> Value {
    json!({ "id": id, "selfUri": format!("/api/v2/{kind}/{id}") })
}
