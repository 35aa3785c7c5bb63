//! `PATCH …/participants/{participantId}/attributes`: a flat map of strings, merged by name.

use http::StatusCode;
use serde_json::{Value, json};

use super::super::error::ApiError;
use super::super::model::{Participant, View};
use super::super::reply::{self, Reply};
use super::Call;
use super::deed::Deed;
use super::models;
use super::scope::refusal;

pub(super) fn patch(call: &Call<'_>, participant: &mut Participant) -> Result<Deed, ApiError> {
    let Some(body) = call.read(models::ATTRIBUTES)? else {
        return Ok(Deed::default());
    };
    let Some(Value::Object(attributes)) = body.get("attributes") else {
        return Err(null("attributes"));
    };
    let mut deed = Deed::default();
    for (name, value) in attributes {
        let text = value
            .as_str()
            .ok_or_else(|| null(&format!("attributes.{name}")))?;
        participant.attributes.insert(name.clone(), text.to_owned());
        deed.attributes.insert(name.clone(), value.clone());
    }
    Ok(deed)
}

/// Only the media paths show what is there now.
pub(super) fn reply(call: &Call<'_>, participant: &Participant) -> Reply {
    if call.endpoint.view == View::General {
        return reply::empty(StatusCode::ACCEPTED);
    }
    let now = json!({ "attributes": participant.attributes });
    reply::json(StatusCode::ACCEPTED, &now)
}

/// What removes an attribute is not published; a null does not.
fn null(field: &str) -> ApiError {
    let code = "conversation.error.participant.attribute.null";
    let message = "Cannot update participant attribute map to a null value.";
    refusal(code, message).detail("missing", field)
}
