//! `POST …/messages/{integrationId}/inbound/open/message`: a customer writes.

use serde_json::Value;

use super::super::effect::Effect;
use super::super::error::ApiError;
use super::Call;
use super::deed::Deed;
use super::models;

/// What the message carries, and the answer. Which conversation it joins is for the API to know; none
/// here is changed.
pub(super) fn receive(call: &Call<'_>) -> Result<(Option<Effect>, Value), ApiError> {
    let message = call.read_required(models::INBOUND_MESSAGE)?;
    let channel = message.get("channel").ok_or_else(ApiError::malformed)?;
    let from = channel.pointer("/from/id").and_then(Value::as_str);
    let from = from
        .filter(|id| !id.is_empty())
        .ok_or_else(ApiError::malformed)?;
    let mut deed = Deed::default();
    deed.set("integration", call.endpoint.integration);
    deed.set("from", from);
    for (name, value) in [
        ("text", message.get("text")),
        ("metadata", message.get("metadata")),
        (
            "customAttributes",
            channel.pointer("/metadata/customAttributes"),
        ),
    ] {
        if let Some(value) = value {
            deed.set(name, value.clone());
        }
    }
    Ok((deed.on(call, ""), Value::Object(message)))
}
