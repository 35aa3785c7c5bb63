//! A simulator of the published API.

use http::Method;
use patchwright::rule::pack::Pack;
use patchwright::simulator::seed;
use patchwright::simulator::{Communication, Conversation, Media, Options, Participant};

use crate::support::{Answer, Api, BEARER};

pub(crate) const MALFORMED: &str =
    "The request could not be understood by the server due to malformed syntax.";

pub(crate) const JSON: (&str, &str) = ("content-type", "application/json");

/// Two participants, `p1` and `p2`, each with a live call, message and email, and a call that ended.
pub(crate) const MIXED: &str = "mixed";

pub(crate) async fn official() -> Api {
    Api::with(Options {
        rules: Pack::Official,
        ..Options::default()
    })
    .await
}

pub(crate) fn mixed() -> Conversation {
    let participant = |id: &str| Participant {
        id: id.to_owned(),
        purpose: "agent".to_owned(),
        name: None,
        user_id: None,
        queue: None,
        attributes: std::collections::BTreeMap::new(),
        communications: [
            ("call", Media::Call, "connected"),
            ("ended", Media::Call, "disconnected"),
            ("message", Media::Message, "connected"),
            ("email", Media::Email, "alerting"),
        ]
        .map(|(name, media, state)| Communication {
            id: format!("{id}-{name}"),
            media,
            state: state.to_owned(),
            held: false,
            muted: false,
            recording: false,
        })
        .into(),
    };
    Conversation {
        id: MIXED.to_owned(),
        participants: vec![participant("p1"), participant("p2")],
        tokens: None,
        denied: Vec::new(),
    }
}

/// Sends JSON as a user.
pub(crate) async fn send(api: &Api, method: Method, path: &str, body: &str) -> Answer {
    send_as(api, BEARER, method, path, body).await
}

pub(crate) async fn send_as(
    api: &Api,
    bearer: &str,
    method: Method,
    path: &str,
    body: &str,
) -> Answer {
    let headers = [("authorization", bearer), JSON];
    let sent = api.send(method, path, &headers, body.to_owned()).await;
    sent.unwrap()
}

/// The path of the n-th participant's communication in a seed conversation.
pub(crate) fn communication(family: &str, conversation: &str, n: u32) -> String {
    let participant = crate::support::participant(family, conversation, n);
    let id = seed::participant(conversation, 100 + n);
    format!("{participant}/communications/{id}")
}

/// Status, code and the fields that are named.
pub(crate) fn refused(answer: &Answer) -> (u16, String, Vec<String>) {
    let (status, _) = answer.error();
    let body = answer.json();
    let details = body["details"].as_array().unwrap().iter();
    let fields = details.map(|detail| detail["fieldName"].as_str().unwrap().to_owned());
    (
        status,
        body["code"].as_str().unwrap().to_owned(),
        fields.collect(),
    )
}

/// The state of each communication of a participant, by its id.
pub(crate) async fn state(api: &Api, conversation: &str, communication: &str) -> String {
    let shown = api
        .get(&format!("/api/v2/conversations/{conversation}"))
        .await
        .json();
    let participants = shown["participants"].as_array().unwrap().iter();
    let mut members = participants.flat_map(|one| one.as_object().unwrap().values());
    let found = members.find_map(|member| {
        let all = member.as_array()?;
        all.iter().find(|one| one["id"] == communication).cloned()
    });
    found.unwrap()["state"].as_str().unwrap().to_owned()
}
