//! What the simulated API knows: conversations, their participants, and the communications of those.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The states after which a communication is over.
const ENDED: [&str; 2] = ["disconnected", "terminated"];

/// A kind of communication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Media {
    /// Voice.
    Call,
    /// A call to be made back.
    Callback,
    /// Legacy web chat.
    Chat,
    /// Email.
    Email,
    /// Messaging, web messaging included.
    Message,
    /// Screen sharing with a customer's browser.
    Cobrowse,
}

/// One conversation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conversation {
    /// The `{conversationId}` of paths.
    pub id: String,
    /// Who took or takes part.
    pub participants: Vec<Participant>,
    /// Bearer tokens that see it; everyone when absent. Others are answered 404.
    #[serde(default)]
    pub tokens: Option<Vec<String>>,
    /// Bearer tokens that are answered 403.
    #[serde(default)]
    pub denied: Vec<String>,
}

/// One participant of a conversation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Participant {
    /// The `{participantId}` of paths.
    pub id: String,
    /// `customer`, `acd`, `agent`, …
    pub purpose: String,
    /// The name to show.
    #[serde(default)]
    pub name: Option<String>,
    /// The agent behind it.
    #[serde(default)]
    pub user_id: Option<String>,
    /// The queue it waits in or was offered from.
    #[serde(default)]
    pub queue: Option<Queue>,
    /// Participant data.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// Its communications, oldest first.
    #[serde(default)]
    pub communications: Vec<Communication>,
}

/// A queue by id and name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// Its id.
    pub id: String,
    /// Its name; the id when absent.
    #[serde(default)]
    pub name: Option<String>,
}

/// One communication of a participant.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Communication {
    /// Its id.
    pub id: String,
    /// Its kind.
    pub media: Media,
    /// `alerting`, `connected`, `disconnected`, …
    pub state: String,
    /// Whether it is on hold.
    #[serde(default)]
    pub held: bool,
    /// Whether it is muted.
    #[serde(default)]
    pub muted: bool,
    /// Whether it is recorded.
    #[serde(default)]
    pub recording: bool,
}

/// Through which family of paths a conversation is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// `/api/v2/conversations/{conversationId}`
    General,
    /// `/api/v2/conversations/calls/{conversationId}` and so on.
    Media(Media),
    /// `/api/v2/conversations/web/instances/{conversationId}`
    Web,
}

// === impl Media ===

impl Media {
    pub(super) const ALL: [Self; 6] = [
        Self::Call,
        Self::Callback,
        Self::Chat,
        Self::Email,
        Self::Message,
        Self::Cobrowse,
    ];

    /// The segment of paths and the member of a participant.
    pub(super) fn plural(self) -> &'static str {
        match self {
            Self::Call => "calls",
            Self::Callback => "callbacks",
            Self::Chat => "chats",
            Self::Email => "emails",
            Self::Message => "messages",
            Self::Cobrowse => "cobrowsesessions",
        }
    }
}

// === impl View ===

impl View {
    /// Whether communications of this kind are seen through it.
    pub(super) fn shows(self, media: Media) -> bool {
        match self {
            Self::General => true,
            Self::Media(only) => only == media,
            Self::Web => matches!(media, Media::Chat | Media::Message),
        }
    }
}

// === impl Conversation ===

impl Conversation {
    /// The participant with this id, if the view shows it.
    pub(super) fn participant(&self, view: View, id: &str) -> Option<&Participant> {
        let found = self.participants.iter().find(|p| p.id == id)?;
        found.is_in(view).then_some(found)
    }

    pub(super) fn participant_mut(&mut self, id: &str) -> Option<&mut Participant> {
        self.participants.iter_mut().find(|p| p.id == id)
    }

    /// Whether the view has this conversation at all.
    pub(super) fn is_in(&self, view: View) -> bool {
        view == View::General || self.participants.iter().any(|p| p.is_in(view))
    }
}

// === impl Participant ===

impl Participant {
    /// A media view lists who has that media; the general one lists everybody.
    pub(super) fn is_in(&self, view: View) -> bool {
        view == View::General || self.communications.iter().any(|c| view.shows(c.media))
    }

    /// The communication whose state counts: the only one, else the one not ended, else the last.
    pub(super) fn current(&self, view: View) -> Option<&Communication> {
        self.communications.get(self.current_index(view)?)
    }

    pub(super) fn current_mut(&mut self, view: View) -> Option<&mut Communication> {
        let index = self.current_index(view)?;
        self.communications.get_mut(index)
    }

    fn current_index(&self, view: View) -> Option<usize> {
        let shown = || {
            let all = self.communications.iter().enumerate();
            all.filter(|(_, c)| view.shows(c.media))
        };
        let mut live = shown().filter(|(_, c)| !c.is_ended());
        match (live.next(), live.next()) {
            (Some((index, _)), None) => Some(index),
            _ => shown().next_back().map(|(index, _)| index),
        }
    }
}

// === impl Communication ===

impl Communication {
    pub(super) fn is_ended(&self) -> bool {
        ENDED.contains(&self.state.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn participant(states: &[(Media, &str)]) -> Participant {
        let communications = states.iter().enumerate().map(|(n, (media, state))| {
            let (id, state) = (n.to_string(), (*state).to_owned());
            Communication {
                id,
                media: *media,
                state,
                held: false,
                muted: false,
                recording: false,
            }
        });
        Participant {
            id: "p".into(),
            purpose: "agent".into(),
            name: None,
            user_id: None,
            queue: None,
            attributes: BTreeMap::new(),
            communications: communications.collect(),
        }
    }

    #[test]
    fn the_communication_that_counts_is_the_only_one_else_the_live_one_else_the_last() {
        use Media::{Call, Message};
        for (states, view, id) in [
            (&[(Call, "disconnected")][..], View::General, Some("0")),
            (
                &[(Call, "connected"), (Call, "disconnected")],
                View::General,
                Some("0"),
            ),
            (
                &[(Call, "disconnected"), (Call, "terminated")],
                View::General,
                Some("1"),
            ),
            (
                &[(Call, "connected"), (Call, "dialing")],
                View::General,
                Some("1"),
            ),
            (
                &[(Call, "connected"), (Message, "alerting")],
                View::Media(Call),
                Some("0"),
            ),
            (&[(Call, "connected")], View::Web, None),
            (&[], View::General, None),
        ] {
            let participant = participant(states);
            let current = participant.current(view).map(|c| c.id.as_str());
            assert_eq!(current, id, "{states:?} in {view:?}");
        }
    }
}
