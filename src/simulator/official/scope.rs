//! Which communications of a participant a request acts on, and the steps that they take.

use http::StatusCode;

use super::super::error::ApiError;
use super::super::model::{Communication, Media, Participant, View};

/// The states in which a communication waits to be answered.
const PENDING: [&str; 5] = ["alerting", "contacting", "dialing", "offering", "parked"];

/// The communications that a path shows: those of its media, or only the one it names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'a> {
    pub(super) view: View,
    /// Empty when the path names none.
    pub(super) communication: &'a str,
}

/// A state before and after.
type Step = Option<(String, String)>;

impl Scope<'_> {
    /// All of a participant.
    pub(super) const ALL: Self = Self {
        view: View::General,
        communication: "",
    };

    fn shows(&self, communication: &Communication) -> bool {
        let is_named = self.communication.is_empty() || communication.id == self.communication;
        self.view.shows(communication.media) && is_named
    }

    /// Whether the participant has any of them, ended or not.
    pub(super) fn is_in(&self, participant: &Participant) -> bool {
        participant.communications.iter().any(|c| self.shows(c))
    }

    /// Those that have not ended.
    pub(super) fn live<'p>(
        &self,
        participant: &'p Participant,
    ) -> impl Iterator<Item = &'p Communication> {
        let all = participant.communications.iter();
        all.filter(|c| self.shows(c) && !c.is_ended())
    }

    /// Those that have not ended, to be changed.
    pub(super) fn live_mut<'p>(
        &self,
        participant: &'p mut Participant,
    ) -> impl Iterator<Item = &'p mut Communication> {
        let all = participant.communications.iter_mut();
        all.filter(|c| self.shows(c) && !c.is_ended())
    }

    /// The refusal of commands once there is nothing left to command.
    pub(super) fn check_live(&self, participant: &Participant) -> Result<(), ApiError> {
        if self.live(participant).next().is_some() {
            return Ok(());
        }
        let (code, message) = if self.view == View::Media(Media::Call) {
            (
                "conversation.error.call.disconnected",
                "The call is disconnected.",
            )
        } else {
            let code = "conversation.error.participant.no.active.conversations";
            (code, "The participant has no active conversations.")
        };
        Err(refusal(code, message))
    }

    /// Answers what waits for it. What has been answered already stays as it is, except that an email
    /// says so.
    pub(super) fn answer(&self, participant: &mut Participant) -> Result<Step, ApiError> {
        self.check_live(participant)?;
        let step = self.step(participant, "connected", |from| PENDING.contains(&from));
        if step.is_none() && self.live(participant).any(|c| c.media == Media::Email) {
            let message = "Only alerting calls can be answered.";
            return Err(refusal("postino.error.answer.not.alerting", message));
        }
        Ok(step)
    }

    /// Hangs up.
    pub(super) fn end(&self, participant: &mut Participant) -> Step {
        self.step(participant, "disconnected", |_| true)
    }

    /// Takes those live communications on whose state is a right one. Returns the step of the one that
    /// counts for the path, or of the first.
    pub(super) fn step(
        &self,
        participant: &mut Participant,
        to: &str,
        is_right: impl Fn(&str) -> bool,
    ) -> Step {
        let counts = participant.current(self.view).map(|c| c.id.clone());
        let mut steps = Vec::new();
        for communication in self.live_mut(participant) {
            if is_right(&communication.state) {
                let from = std::mem::replace(&mut communication.state, to.to_owned());
                let is_other = Some(&communication.id) != counts.as_ref();
                steps.push((is_other, from));
            }
        }
        let first = steps.into_iter().min_by_key(|(is_other, _)| *is_other);
        first.map(|(_, from)| (from, to.to_owned()))
    }
}

/// A refusal with a code of its own.
pub(super) fn refusal(code: &'static str, message: &str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, code, message)
}

#[cfg(test)]
mod tests;
