//! What the strict upstream demands of a body: (participant as it is, request) → change or refusal.

use http::{HeaderMap, header};
use serde_json::Value;

use super::error::ApiError;
use super::json::{self, Members};
use super::transition;

/// What the endpoint has a field for. Others are named in the refusal of an incomplete body; a complete
/// one may carry them, as a participant that was fetched, changed and sent back does.
const FIELDS: [&str; 11] = [
    "attributes",
    "confined",
    "held",
    "muted",
    "recording",
    "resumeTime",
    "routing",
    "state",
    "wrapup",
    "wrapupCode",
    "wrapupSkipped",
];

/// The participant as it is, through the path that the request took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Situation<'a> {
    /// The state that counts.
    pub(super) state: &'a str,
    /// The queue it is in.
    pub(super) queue: Option<&'a str>,
    /// Whether the body must name that queue.
    pub(super) queue_demanded: bool,
}

/// What an accepted body does.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Change {
    /// The next state, if it is another.
    pub(super) state: Option<String>,
    /// Attributes as written, in their order.
    pub(super) attributes: Vec<(String, Value)>,
    pub(super) held: Option<bool>,
    pub(super) muted: Option<bool>,
    pub(super) recording: Option<bool>,
}

/// Judges `PATCH …/participants/{participantId}`.
pub(super) fn participant(
    now: &Situation<'_>,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Change, ApiError> {
    let members = read(headers, body)?;
    let mut attributes = attributes(&members, "attributes")?;
    attributes.extend(self::attributes(&members, "customAttributes")?);
    let state = match json::member(&members, "state") {
        None => None,
        Some(text) => {
            let wrong = || ApiError::invalid_member("state", "a string");
            Some(json::string(text).ok_or_else(wrong)?)
        }
    };
    let queue = queue(&members)?;
    let (Some(state), true) = (state, queue.is_ok() || !now.queue_demanded) else {
        return Err(incomplete(now, &members, queue.err()));
    };
    if state != now.state && !transition::is_legal(now.state, &state) {
        return Err(ApiError::conflict("state"));
    }
    if queue.is_ok_and(|queue| Some(queue.as_str()) != now.queue) {
        return Err(ApiError::conflict("routing.queue.id"));
    }
    let flag = |name| json::member(&members, name).and_then(|text| text.parse().ok());
    Ok(Change {
        state: (state != now.state).then_some(state),
        attributes,
        held: flag("held"),
        muted: flag("muted"),
        recording: flag("recording"),
    })
}

/// Judges `PATCH …/participants/{participantId}/attributes`: a flat map of strings.
pub(super) fn attributes_only(headers: &HeaderMap, body: &[u8]) -> Result<Change, ApiError> {
    let members = read(headers, body)?;
    if json::member(&members, "attributes").is_none() {
        let message = "Cannot update participant attribute map to a null value.";
        let mut refusal = ApiError::bad_request(message).detail("missing", "attributes");
        refusal.code = "conversation.error.participant.attribute.null";
        return Err(refusal);
    }
    let attributes = attributes(&members, "attributes")?;
    if attributes.iter().all(|(_, value)| value.is_string()) {
        let state = None;
        return Ok(Change {
            state,
            attributes,
            ..Change::default()
        });
    }
    // The API names no field here.
    Err(ApiError::malformed())
}

/// The body's members, if the API would read it at all.
fn read<'a>(headers: &HeaderMap, body: &'a [u8]) -> Result<Members<'a>, ApiError> {
    if !is_json(headers) {
        let message = "Invalid Content-Type. Expected 'application/json'.";
        return Err(ApiError::bad_request(message).detail("invalid", "Content-Type"));
    }
    let text = std::str::from_utf8(body).map_err(|_| ApiError::malformed())?;
    json::members(text).ok_or_else(ApiError::malformed)
}

/// Whether the body is said to be JSON, once and not coded.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(only), None) = (types.next(), types.next()) else {
        return false;
    };
    let essence = only.to_str().ok().and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
        // A coded body is no JSON text; the API does not decode requests.
        && headers.get(header::CONTENT_ENCODING).is_none_or(|coding| coding == "identity")
}

fn attributes(members: &Members<'_>, name: &str) -> Result<Vec<(String, Value)>, ApiError> {
    let Some(text) = json::member(members, name) else {
        return Ok(Vec::new());
    };
    let wrong = || ApiError::invalid_member(name, "an object");
    let attributes = json::members(text).ok_or_else(wrong)?;
    let decoded = attributes.into_iter();
    Ok(decoded
        .map(|(name, text)| (name, json::value(text)))
        .collect())
}

/// `routing.queue.id`, or which part of it is missing first.
fn queue(members: &Members<'_>) -> Result<Result<String, &'static str>, ApiError> {
    let Some(routing) = json::member(members, "routing") else {
        return Ok(Err("routing"));
    };
    let wrong = || ApiError::invalid_member("routing", "an object");
    let routing = json::members(routing).ok_or_else(wrong)?;
    let Some(queue) = json::member(&routing, "queue") else {
        return Ok(Err("routing.queue"));
    };
    let wrong = || ApiError::invalid_member("routing.queue", "an object");
    let queue = json::members(queue).ok_or_else(wrong)?;
    let Some(id) = json::member(&queue, "id") else {
        return Ok(Err("routing.queue.id"));
    };
    let wrong = || ApiError::invalid_member("routing.queue.id", "a string");
    Ok(Ok(json::string(id).ok_or_else(wrong)?))
}

fn incomplete(
    now: &Situation<'_>,
    members: &Members<'_>,
    queue_gap: Option<&'static str>,
) -> ApiError {
    let state_gap = json::member(members, "state").is_none().then_some("state");
    let queue_gap = queue_gap.filter(|_| now.queue_demanded);
    let gaps: Vec<_> = state_gap.into_iter().chain(queue_gap).collect();
    let is_unknown = |name: &str| !FIELDS.contains(&name) && json::member(members, name).is_some();
    let unknown = members.iter().find(|(name, _)| is_unknown(name));
    let refusal = match (unknown, gaps.first()) {
        (Some((name, _)), _) => {
            let message = format!("{name} is not a valid field for this endpoint");
            ApiError::bad_request(message).detail("invalid", name)
        }
        (None, first) => {
            let first = first.copied().unwrap_or("state");
            let message = format!("Invalid request body. Missing required property: '{first}'.");
            ApiError::bad_request(message)
        }
    };
    let named = |refusal: ApiError, gap| refusal.detail("missing", gap);
    gaps.into_iter().fold(refusal, named)
}

#[cfg(test)]
mod tests;
