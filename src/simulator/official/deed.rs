//! What a write does to a participant, on its way to becoming an effect.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::effect::Effect;
use super::Call;

/// What was done. Empty when nothing was.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Deed {
    /// The state before and after.
    pub(super) state: Option<(String, String)>,
    pub(super) attributes: BTreeMap<String, Value>,
    pub(super) set: BTreeMap<String, Value>,
}

impl Deed {
    /// Notes a command.
    pub(super) fn set(&mut self, command: &str, value: impl Into<Value>) {
        self.set.insert(command.to_owned(), value.into());
    }

    /// The effect on this participant, unless nothing was done.
    pub(super) fn on(self, call: &Call<'_>, participant: &str) -> Option<Effect> {
        if self == Self::default() {
            return None;
        }
        Some(Effect {
            seq: 0,
            request: call.request,
            method: call.method.as_str().to_owned(),
            template: call.template.to_owned(),
            conversation: call.endpoint.conversation.to_owned(),
            participant: participant.to_owned(),
            state: self.state,
            attributes: self.attributes,
            set: self.set,
        })
    }
}
