//! Endpoints that are one command each, below a participant or one of its communications.

use serde_json::Value;

use super::super::error::ApiError;
use super::super::model::{Participant, Queue};
use super::Call;
use super::body::Model;
use super::deed::Deed;
use super::models;

/// `PATCH …/communications/{communicationId}/postflowaction`
pub(super) fn post_flow_action(call: &Call<'_>) -> Result<Deed, ApiError> {
    let mut deed = Deed::default();
    if let Some(body) = call.read(models::POST_FLOW_ACTION)? {
        call.check_user()?;
        let is_blank = |value: &Value| value.as_str().is_none_or(|text| text.trim().is_empty());
        if body.values().all(is_blank) {
            let message = "Either destination or invocationData is required.";
            return Err(ApiError::bad_request(message));
        }
        deed.set("postflowaction", body);
    }
    Ok(deed)
}

/// `PATCH …/participants/{participantId}/consult`
pub(super) fn consult(call: &Call<'_>, participant: &Participant) -> Result<Deed, ApiError> {
    let body = call.read_required(models::CONSULT)?;
    if !body.contains_key("speakTo") {
        return Err(ApiError::malformed());
    }
    call.check_user()?;
    call.scope().check_live(participant)?;
    let mut deed = Deed::default();
    deed.set("consult", body);
    Ok(deed)
}

/// `PATCH …/participants/{participantId}/parkingstate`: away from the agent's hands, and back.
pub(super) fn parking_state(
    call: &Call<'_>,
    participant: &mut Participant,
) -> Result<Deed, ApiError> {
    let body = call.read_required(models::PARKING_STATE)?;
    let to = body
        .get("state")
        .and_then(Value::as_str)
        .ok_or_else(ApiError::malformed)?;
    call.check_user()?;
    let from = match to {
        "parked" => "connected",
        "connected" => "parked",
        other => {
            let message =
                format!("The parking state can be set to parked or connected, not to {other}.");
            return Err(ApiError::bad_request(message));
        }
    };
    let scope = call.scope();
    scope.check_live(participant)?;
    let state = scope.step(participant, to, |state| state == from);
    if !scope
        .live(participant)
        .any(|communication| communication.state == to)
    {
        let message = format!("Only what is {from} can be set to {to}.");
        return Err(ApiError::bad_request(message));
    }
    let mut deed = Deed {
        state,
        ..Deed::default()
    };
    if deed.state.is_some() || body.contains_key("resumeTime") {
        deed.set("parkingstate", body);
    }
    Ok(deed)
}

/// `PATCH …/aftercallwork/…/communications/{communicationId}`
pub(super) fn after_call_work(
    call: &Call<'_>,
    participant: &Participant,
) -> Result<(Deed, Value), ApiError> {
    let body = call.read_required(models::AFTER_CALL_WORK)?;
    let name = "afterCallWorkRequired";
    let is_required = body.get(name).cloned().ok_or_else(ApiError::malformed)?;
    call.check_user()?;
    let scope = call.scope();
    scope.check_live(participant)?;
    if !scope
        .live(participant)
        .any(|communication| communication.state == "connected")
    {
        let message = "After-call work can only be updated for connected communications.";
        return Err(ApiError::bad_request(message));
    }
    let mut deed = Deed::default();
    deed.set(name, is_required);
    Ok((deed, Value::Object(body)))
}

/// `POST …/participants/{participantId}/replace`, and `…/replace/queue`: somebody else takes over.
pub(super) fn replace(
    call: &Call<'_>,
    participant: &mut Participant,
    model: Model,
    destinations: &[&str],
) -> Result<Deed, ApiError> {
    let body = call.read_required(model)?;
    if !destinations.iter().any(|name| body.contains_key(*name)) {
        return Err(ApiError::bad_request(
            "A destination for the transfer is required.",
        ));
    }
    call.scope().check_live(participant)?;
    let mut deed = Deed::default();
    if let Some(id) = body.get("queueId").and_then(Value::as_str) {
        let (id, name) = (id.to_owned(), None);
        deed.set("queue", id.clone());
        participant.queue = Some(Queue { id, name });
    }
    deed.set("replace", body);
    Ok(deed)
}
