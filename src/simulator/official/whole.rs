//! Writes to a whole conversation. They look harmless in a path and are not: most end it.

use serde_json::Value;

use super::super::effect::Effect;
use super::super::error::ApiError;
use super::super::model::Conversation;
use super::Call;
use super::deed::Deed;
use super::models;
use super::scope::Scope;

/// `PATCH …/{media}/{conversationId}`: the one thing it can do is hang up on everybody.
pub(super) fn patch(
    call: &Call<'_>,
    conversation: &mut Conversation,
) -> Result<Vec<Effect>, ApiError> {
    let body = call.read_required(models::CONVERSATION)?;
    call.check_user()?;
    let only = (body.len(), body.get("state").and_then(Value::as_str));
    if only != (1, Some("disconnected")) {
        let message = "Can only update a conversation's state to disconnected.";
        return Err(ApiError::bad_request(message));
    }
    Ok(disconnect(call, conversation))
}

/// Ends every live communication of every participant, of whatever media; one effect for each whose
/// communication it was.
pub(super) fn disconnect(call: &Call<'_>, conversation: &mut Conversation) -> Vec<Effect> {
    let participants = conversation.participants.iter_mut();
    let ended = participants.filter_map(|participant| {
        let state = Scope::ALL.end(participant);
        let deed = Deed {
            state,
            ..Deed::default()
        };
        deed.on(call, &participant.id)
    });
    ended.collect()
}

/// `PUT …/{conversationId}/tags`
pub(super) fn tags(call: &Call<'_>) -> Result<Vec<Effect>, ApiError> {
    let body = call.read_required(models::TAGS)?;
    let mut deed = Deed::default();
    if !body.is_empty() {
        deed.set("tags", body);
    }
    Ok(deed.on(call, "").into_iter().collect())
}
