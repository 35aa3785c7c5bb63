//! `PATCH …/participants/{participantId}`: every member is a command.

use serde_json::Value;

use super::super::error::ApiError;
use super::super::model::Participant;
use super::super::seed::WRAPUP_CODES;
use super::Call;
use super::body::Object;
use super::deed::Deed;
use super::models;
use super::scope::{Scope, refusal};

/// The commands that need somebody who is still there. `wrapup` does not: it comes after the call.
const OF_THE_LIVE: [&str; 4] = ["state", "muted", "held", "recording"];

/// Carries out the commands of a `MediaParticipantRequest`, all or none: who gets a refusal throws the
/// participant away.
pub(super) fn patch(call: &Call<'_>, participant: &mut Participant) -> Result<Deed, ApiError> {
    let Some(commands) = call.read(models::PARTICIPANT)? else {
        return Ok(Deed::default());
    };
    let scope = call.scope();
    if !commands.is_empty() {
        call.check_user()?;
    }
    check(&commands, scope, participant)?;
    let mut deed = Deed::default();
    for (name, value) in &commands {
        if let Some(on) = value.as_bool() {
            switch(name, on, scope, participant);
        }
        if name != "state" {
            deed.set(name, value.clone());
        }
    }
    deed.state = match commands.get("state").and_then(Value::as_str) {
        Some("connected") => scope.answer(participant)?,
        Some(_) => scope.end(participant),
        None => None,
    };
    Ok(deed)
}

/// `PATCH …/communications/{communicationId}`: the same model, of which it takes one word.
pub(super) fn patch_communication(
    call: &Call<'_>,
    participant: &mut Participant,
) -> Result<Deed, ApiError> {
    let commands = call.read_required(models::PARTICIPANT)?;
    call.check_user()?;
    let only = (
        commands.len(),
        commands.get("state").and_then(Value::as_str),
    );
    if only != (1, Some("disconnected")) {
        let message = "Can only update a communication's state to disconnected.";
        return Err(refusal("communication.state.required", message));
    }
    let scope = call.scope();
    scope.check_live(participant)?;
    let state = scope.end(participant);
    Ok(Deed {
        state,
        ..Deed::default()
    })
}

fn check(commands: &Object, scope: Scope<'_>, participant: &Participant) -> Result<(), ApiError> {
    if commands.contains_key("confined") {
        let code = "conversation.error.cannot.confine.party";
        let message = "Only a party of an ad hoc conference can be confined.";
        return Err(refusal(code, message).detail("invalid", "confined"));
    }
    if let Some(wrapup) = commands.get("wrapup") {
        check_wrapup(wrapup)?;
    }
    match commands.get("state").and_then(Value::as_str) {
        None | Some("connected" | "disconnected") => {}
        Some(other) => {
            let message =
                format!("The state can be set to connected or disconnected, not to {other}.");
            return Err(ApiError::bad_request(message));
        }
    }
    if OF_THE_LIVE.iter().any(|name| commands.contains_key(*name)) {
        scope.check_live(participant)?;
    }
    let is_alerting = || scope.live(participant).any(|c| c.state == "alerting");
    if commands.contains_key("held") && is_alerting() {
        let message = "An alerting communication cannot be held.";
        return Err(refusal("conversation.error.hold.alerting", message));
    }
    Ok(())
}

fn check_wrapup(wrapup: &Value) -> Result<(), ApiError> {
    let is_provisional = wrapup.get("provisional").and_then(Value::as_bool) == Some(true);
    match wrapup.get("code").and_then(Value::as_str) {
        Some(code) if WRAPUP_CODES.contains(&code) => Ok(()),
        Some(_) => Err(ApiError::bad_request("Invalid wrap-up code id.")),
        None if is_provisional => Ok(()),
        None => {
            let message = "A wrap-up code is required unless the wrap-up is provisional.";
            Err(refusal("conversation.error.wrapup.code.required", message))
        }
    }
}

fn switch(name: &str, on: bool, scope: Scope<'_>, participant: &mut Participant) {
    for communication in scope.live_mut(participant) {
        match name {
            "muted" => communication.muted = on,
            "held" => communication.held = on,
            "recording" => communication.recording = on,
            // No state of a communication: `wrapupSkipped`.
            _ => {}
        }
    }
}
