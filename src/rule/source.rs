//! Sources: where the current state is read, and how it is taken from the answer.

use serde_json::Value;
use serde_json_path::JsonPath;
use thiserror::Error;

use super::spec::SourceSpec;
use super::template::Template;
use crate::snapshot::{Conversation, MAX_VALUE};

mod route;
mod surrogate;
mod walk;

use walk::Walk;

/// States in which a communication is over: they say least about what the participant does now.
/// Source: the state enumerations of the published API; `isEndedState` of Genesys' WebRTC SDK.
const ENDED: [&str; 2] = ["disconnected", "terminated"];

/// Why an answer of 200 is no conversation.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExtractError {
    /// Not JSON.
    #[error("the answer is not JSON")]
    NotJson,
    /// No participants where the source says they are.
    #[error("the answer names no participants")]
    NoParticipants,
}

/// A compiled [`SourceSpec`].
#[derive(Clone, Debug)]
pub struct Source {
    name: String,
    #[cfg(feature = "cache")]
    meaning: String,
    /// Stands for the meaning within a process.
    #[cfg(feature = "cache")]
    number: u64,
    pub(crate) get: Template,
    /// The short way to what the queries below ask for.
    walk: Option<Walk>,
    participants: JsonPath,
    id: JsonPath,
    fields: Vec<Field>,
    /// Whether passing answers are remembered.
    pub(crate) learn: bool,
}

#[derive(Clone, Debug)]
struct Field {
    name: String,
    paths: Vec<JsonPath>,
}

impl Source {
    /// Compiles a source; `fault` is told the key and problem of everything that is wrong with it.
    pub(crate) fn compile(spec: &SourceSpec, mut fault: impl FnMut(&str, String)) -> Option<Self> {
        let get = match Template::parse(&spec.get) {
            Ok(get) if get.params().next().is_some() => Some(get),
            Ok(_) => {
                fault(
                    "get",
                    "names no parameter: it would read the same for every conversation".into(),
                );
                None
            }
            Err(error) => {
                fault("get", error.to_string());
                None
            }
        };
        let mut query = |key: &str, path: &str| {
            JsonPath::parse(path)
                .inspect_err(|error| {
                    fault(key, format!("{path:?} is no JSONPath (RFC 9535): {error}"));
                })
                .ok()
        };
        let participants = query("participants", &spec.participants);
        let id = query("id", &spec.id);
        let mut fields = Vec::with_capacity(spec.fields.len());
        for (name, paths) in &spec.fields {
            let key = format!("fields.{name}");
            let paths = paths.iter().filter_map(|path| query(&key, path)).collect();
            fields.push(Field {
                name: name.clone(),
                paths,
            });
        }
        #[cfg(feature = "cache")]
        let meaning = format!("{spec:?}");
        Some(Self {
            name: spec.name.clone(),
            #[cfg(feature = "cache")]
            number: super::fnv1a(meaning.bytes()),
            #[cfg(feature = "cache")]
            meaning,
            walk: Walk::compile(spec),
            get: get?,
            participants: participants?,
            id: id?,
            fields,
            learn: spec.learn,
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// All that decides how it reads an answer, as a text. Two that differ may read differently.
    #[cfg(feature = "cache")]
    pub(crate) fn meaning(&self) -> &str {
        &self.meaning
    }

    /// The same as a number, for keys that are made with each request.
    #[cfg(feature = "cache")]
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// How many fields it reads of a participant.
    #[cfg(feature = "cache")]
    pub(crate) fn fields(&self) -> usize {
        self.fields.len()
    }

    /// The index of a field, as [`Participant::value`](crate::snapshot::Participant::value) takes it.
    pub fn field(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }

    /// The name of the field at an index.
    pub(crate) fn field_name(&self, index: usize) -> Option<&str> {
        self.fields.get(index).map(|field| field.name.as_str())
    }

    /// Takes the participants and their fields from an answer's body.
    pub fn extract(&self, answer: &[u8]) -> Result<Conversation, ExtractError> {
        let walked = self.walk.as_ref().and_then(|walk| walk.extract(answer));
        let conversation = match walked {
            Some(conversation) => conversation,
            None => self.query(answer)?,
        };
        if conversation.is_empty() {
            Err(ExtractError::NoParticipants)
        } else {
            Ok(conversation)
        }
    }

    /// The same by the paths as they are written, of a tree of the whole answer.
    fn query(&self, answer: &[u8]) -> Result<Conversation, ExtractError> {
        let answer: Value = parse(answer).ok_or(ExtractError::NotJson)?;
        let mut conversation = Conversation::builder(self.fields.len());
        for participant in self.participants.query(&answer).all() {
            let Some(id) = self.id.query(participant).first().and_then(usable) else {
                continue;
            };
            conversation.participant(id, self.fields.iter().map(|field| field.read(participant)));
        }
        Ok(conversation.build())
    }
}

impl Field {
    /// The first path that yields a value counts.
    fn read<'v>(&self, participant: &'v Value) -> Option<&'v str> {
        self.paths.iter().find_map(|path| {
            let nodes = path.query(participant).all();
            let values: Vec<&str> = nodes.into_iter().filter_map(usable).collect();
            current(&values)
        })
    }
}

fn parse(answer: &[u8]) -> Option<Value> {
    let parsed = serde_json::from_slice(answer).ok();
    parsed.or_else(|| serde_json::from_slice(&surrogate::mend(answer)?).ok())
}

/// Of several communications the only one counts, else the one that has not ended, else the last.
/// Where several have not ended, the last of those: an ended one would hang up a live participant.
fn current<'v>(values: &[&'v str]) -> Option<&'v str> {
    let live = values.iter().rev().find(|value| !ENDED.contains(value));
    live.or(values.last()).copied()
}

/// Only short strings fill: what else stands in the place of a state or an id counts as not found.
fn usable(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| is_usable(text))
}

fn is_usable(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_VALUE
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use std::borrow::Cow;

    use super::*;

    fn source() -> Source {
        let spec = SourceSpec {
            learn: true,
            name: "conversation".into(),
            get: "/api/v2/conversations/{conversationId}".into(),
            participants: "$.participants[*]".into(),
            id: "$.id".into(),
            fields: vec![
                (
                    "state".into(),
                    vec!["$.state".into(), "$['calls','messages'][*].state".into()],
                ),
                (
                    "queue".into(),
                    vec!["$.queue.id".into(), "$.queueId".into()],
                ),
            ],
        };
        Source::compile(&spec, |key, problem| panic!("{key}: {problem}")).unwrap()
    }

    fn read(participant: Value) -> (Option<String>, Option<String>) {
        let mut participant = participant;
        participant["id"] = "p".into();
        let answer =
            json!({ "participants": [{ "id": "other", "state": "dialing" }, participant] });
        let conversation = source().extract(answer.to_string().as_bytes()).unwrap();
        let participant = conversation.participant("p").unwrap();
        (
            participant.value(0).map(Cow::into_owned),
            participant.value(1).map(Cow::into_owned),
        )
    }

    fn state(participant: Value) -> Option<String> {
        read(participant).0
    }

    #[test]
    fn the_first_path_that_yields_a_value_counts() {
        let media = json!({ "state": "connected", "queue": { "id": "q1" }, "queueId": "q2" });
        assert_eq!(read(media), (Some("connected".into()), Some("q1".into())));
        let general = json!({ "calls": [{ "state": "alerting" }], "queueId": "q2" });
        assert_eq!(read(general), (Some("alerting".into()), Some("q2".into())));
        assert_eq!(read(json!({})), (None, None));
    }

    #[test]
    fn the_communication_that_goes_on_counts() {
        let calls = |states: &[&str]| json!({ "calls": states.iter().map(|state| json!({ "state": state })).collect::<Vec<_>>() });
        for (states, counts) in [
            (&["connected"][..], "connected"),
            (&["disconnected"], "disconnected"),
            (&["disconnected", "connected"], "connected"),
            (&["connected", "terminated"], "connected"),
            (&["terminated", "disconnected"], "disconnected"),
            (&["connected", "alerting", "disconnected"], "alerting"),
        ] {
            assert_eq!(state(calls(states)).unwrap(), counts, "{states:?}");
        }
        let both = json!({ "calls": [{ "state": "connected" }], "messages": [{ "state": "disconnected" }] });
        assert_eq!(state(both).unwrap(), "connected");
    }

    #[test]
    fn what_is_no_short_string_counts_as_not_found() {
        for odd in [
            json!(null),
            json!(5),
            json!({ "a": 1 }),
            json!(["connected"]),
            json!(""),
            json!("x".repeat(257)),
        ] {
            assert_eq!(state(json!({ "state": odd })), None, "{odd}");
        }
        assert_eq!(
            state(json!({ "state": "x".repeat(256) })).unwrap().len(),
            256
        );
        assert_eq!(
            state(json!({ "state": 5, "calls": [{ "state": "connected" }] })).unwrap(),
            "connected"
        );
    }

    #[test]
    fn half_an_emoji_in_an_attribute_is_no_obstacle() {
        let answer =
            br#"{"participants":[{"id":"p","state":"connected","attributes":{"note":"\ud83d"}}]}"#;
        let conversation = source().extract(answer).unwrap();
        assert_eq!(
            conversation.participant("p").unwrap().value(0),
            Some("connected".into())
        );
    }

    #[test]
    fn only_a_conversation_counts() {
        for (answer, error) in [
            ("<html>", ExtractError::NotJson),
            ("", ExtractError::NotJson),
            ("{}", ExtractError::NoParticipants),
            ("[]", ExtractError::NoParticipants),
            (
                r#"{"participants":[{"id":5}]}"#,
                ExtractError::NoParticipants,
            ),
        ] {
            assert_eq!(
                source().extract(answer.as_bytes()).unwrap_err(),
                error,
                "{answer}"
            );
        }
    }
}
