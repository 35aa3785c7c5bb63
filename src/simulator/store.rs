//! The conversations, who sees them, and what was done to them.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use serde_json::Value;

use super::effect::Effect;
use super::error::ApiError;
use super::model::{Conversation, Participant, Queue, View};
use super::strict::{Change, Situation};

/// Effects that are kept; older ones are only counted.
const EFFECTS_KEPT: usize = 10_000;

/// A participant no communication of which is seen has this state.
const NO_STATE: &str = "none";

/// What a write is aimed at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'a> {
    pub(super) view: View,
    pub(super) template: &'a str,
    pub(super) conversation: &'a str,
    pub(super) participant: &'a str,
    /// The request's number.
    pub(super) request: u64,
}

#[derive(Debug, Default)]
pub(super) struct Store {
    conversations: HashMap<String, Arc<Conversation>>,
    effects: VecDeque<Effect>,
    effects_total: u64,
}

impl Store {
    pub(super) fn insert(&mut self, conversation: Conversation) {
        let id = conversation.id.clone();
        self.conversations.insert(id, Arc::new(conversation));
    }

    pub(super) fn conversations(&self) -> impl Iterator<Item = &Conversation> {
        self.conversations.values().map(AsRef::as_ref)
    }

    pub(super) fn has(&self, conversation: &str, participant: &str) -> bool {
        let found = self.conversations.get(conversation);
        found.is_some_and(|found| found.participant(View::General, participant).is_some())
    }

    pub(super) fn effects(&self) -> (u64, impl Iterator<Item = &Effect>) {
        (self.effects_total, self.effects.iter())
    }

    /// The kept effects that came after the one with this number, without a look at the others: who
    /// follows a long run asks often.
    pub(super) fn effects_after(&self, seq: u64) -> impl Iterator<Item = &Effect> {
        let first = self.effects.partition_point(|effect| effect.seq <= seq);
        self.effects.range(first..)
    }

    pub(super) fn forget_effects(&mut self) {
        self.effects.clear();
        self.effects_total = 0;
    }

    /// The conversation, if it is there in this view for this token. One that is invisible to the token
    /// does not exist (404); one that it is denied is known to exist (403).
    pub(super) fn find(
        &self,
        id: &str,
        view: View,
        token: &str,
    ) -> Result<Arc<Conversation>, ApiError> {
        let found = self.conversations.get(id).ok_or_else(ApiError::not_found)?;
        if found.denied.iter().any(|denied| denied == token) {
            return Err(ApiError::forbidden(id));
        }
        let visible = found
            .tokens
            .as_ref()
            .is_none_or(|tokens| tokens.iter().any(|t| t == token));
        if !visible || !found.is_in(view) {
            return Err(ApiError::not_found());
        }
        Ok(Arc::clone(found))
    }

    /// Judges and applies a write in one step: nothing comes between the state that was judged and the
    /// state that is changed.
    pub(super) fn write(
        &mut self,
        target: Target<'_>,
        token: &str,
        judge: impl FnOnce(&Situation<'_>) -> Result<Change, ApiError>,
    ) -> Result<(), ApiError> {
        let found = self.find(target.conversation, target.view, token)?;
        let participant = found.participant(target.view, target.participant);
        let change = judge(&situation(
            participant.ok_or_else(ApiError::not_found)?,
            target.view,
        ))?;
        drop(found);
        let stored = self.participant_mut(target.conversation, target.participant);
        let stored = stored.ok_or_else(ApiError::not_found)?;
        let effect = apply(stored, target, change);
        self.record(effect);
        Ok(())
    }

    /// Records what a write did that was carried out elsewhere: who holds the store from finding a
    /// conversation until it is replaced has nothing come between either.
    pub(super) fn note(&mut self, effects: impl IntoIterator<Item = Effect>) {
        for effect in effects {
            self.record(effect);
        }
    }

    /// Changes a participant from outside; the communication that counts in the general view gets the
    /// state. False when there is no such participant, or none of its communications to change.
    pub(super) fn set(&mut self, change: &super::StateChange) -> bool {
        let Some(stored) = self.participant_mut(&change.conversation, &change.participant) else {
            return false;
        };
        if let Some(state) = &change.state {
            let Some(current) = stored.current_mut(View::General) else {
                return false;
            };
            current.state.clone_from(state);
        }
        if let Some(id) = &change.queue {
            let id = id.clone();
            stored.queue = Some(Queue { id, name: None });
        }
        true
    }

    fn participant_mut(&mut self, conversation: &str, id: &str) -> Option<&mut Participant> {
        let conversation = self.conversations.get_mut(conversation)?;
        Arc::make_mut(conversation).participant_mut(id)
    }

    fn record(&mut self, mut effect: Effect) {
        self.effects_total += 1;
        effect.seq = self.effects_total;
        if self.effects.len() == EFFECTS_KEPT {
            self.effects.pop_front();
        }
        self.effects.push_back(effect);
    }
}

fn situation(participant: &Participant, view: View) -> Situation<'_> {
    let current = participant.current(view);
    let queue = participant.queue.as_ref().map(|queue| queue.id.as_str());
    let is_live = current.is_some_and(|c| !c.is_ended());
    Situation {
        state: current.map_or(NO_STATE, |c| c.state.as_str()),
        queue,
        queue_demanded: queue.is_some() && is_live && view != View::Web,
    }
}

fn apply(participant: &mut Participant, target: Target<'_>, change: Change) -> Effect {
    let mut state = None;
    if let Some(current) = participant.current_mut(target.view) {
        current.held = change.held.unwrap_or(current.held);
        current.muted = change.muted.unwrap_or(current.muted);
        current.recording = change.recording.unwrap_or(current.recording);
        if let Some(to) = change.state {
            let from = std::mem::replace(&mut current.state, to.clone());
            state = Some((from, to));
        }
    }
    for (name, value) in &change.attributes {
        // The map holds strings: `null` takes an attribute away, other values are kept as spelled.
        match value {
            Value::Null => participant.attributes.remove(name),
            Value::String(text) => participant.attributes.insert(name.clone(), text.clone()),
            other => participant
                .attributes
                .insert(name.clone(), other.to_string()),
        };
    }
    Effect {
        seq: 0,
        request: target.request,
        method: "PATCH".to_owned(),
        template: target.template.to_owned(),
        conversation: target.conversation.to_owned(),
        participant: target.participant.to_owned(),
        state,
        attributes: change.attributes.into_iter().collect(),
        set: BTreeMap::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::seed::{self, CALL};
    use super::*;

    #[test]
    fn old_effects_make_room_but_stay_counted() {
        let mut store = Store::default();
        for conversation in seed::conversations() {
            store.insert(conversation);
        }
        let agent = seed::participant(CALL, 3);
        let target = Target {
            view: View::General,
            template: "t",
            conversation: CALL,
            participant: &agent,
            request: 1,
        };
        for _ in 0..=EFFECTS_KEPT {
            store.write(target, "x", |_| Ok(Change::default())).unwrap();
        }
        let (total, mut kept) = store.effects();
        assert_eq!(total, 10_001);
        assert_eq!(kept.next().unwrap().seq, 2);
        drop(kept);
        let later = |after| {
            store
                .effects_after(after)
                .map(|effect| effect.seq)
                .collect::<Vec<_>>()
        };
        assert_eq!(later(9_999), [10_000, 10_001]);
        assert_eq!(later(10_001), [0; 0]);
        assert_eq!(later(0).len(), EFFECTS_KEPT);
    }

    #[test]
    fn attributes_are_kept_as_strings_and_taken_away_by_null() {
        let mut store = Store::default();
        for conversation in seed::conversations() {
            store.insert(conversation);
        }
        let customer = seed::participant(CALL, 1);
        let target = Target {
            view: View::General,
            template: "t",
            conversation: CALL,
            participant: &customer,
            request: 1,
        };
        let written = [
            ("language", Value::Null),
            ("n", 5.into()),
            ("s", "5".into()),
        ];
        let attributes = written.map(|(name, value)| (name.to_owned(), value)).into();
        let change = Change {
            attributes,
            ..Change::default()
        };
        store.write(target, "x", |_| Ok(change)).unwrap();
        let found = store.find(CALL, View::General, "x").unwrap();
        let kept = &found.participants[0].attributes;
        let expected =
            [("n", "5"), ("s", "5")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(*kept, BTreeMap::from(expected));
    }
}
