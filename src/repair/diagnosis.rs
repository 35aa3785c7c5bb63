//! What is wrong with a request that can't be repaired without guessing.

use crate::words::words;

words! {
    /// Why a request is forwarded as it came, as far as the request itself says so, or the upstream's
    /// answer to it.
    Flaw {
        /// The body is not strict RFC 8259 JSON in UTF-8.
        NotJson = "not_json",
        /// The body is JSON, but no object.
        NotObject = "not_object",
        /// A member that is repaired occurs twice, or two members mean the same.
        DuplicateMember = "duplicate_member",
        /// The parent of a member that is repaired is no object.
        TypeConflict = "type_conflict",
        /// More members than are looked at.
        TooLarge = "too_large",
        /// An object or array in a map of strings.
        NestedValue = "nested_value",
        /// The resource has no such member.
        UnknownMember = "unknown_member",
        /// The member has no such value.
        UnknownValue = "unknown_value",
        /// It could mean two things.
        Ambiguous = "ambiguous",
        /// Nothing but members that can only be read.
        ReadOnly = "read_only",
        /// Several participants in one body.
        SeveralParticipants = "several_participants",
        /// The request names no participant.
        ParticipantMissing = "participant_missing",
        /// The request names no conversation.
        ConversationMissing = "conversation_missing",
        /// The API has nothing of the kind.
        NoSuchResource = "no_such_resource",
        /// The participant has left.
        ParticipantEnded = "participant_ended",
        /// Only a user's token may do this.
        UserNeeded = "user_needed",
        /// The upstream does not know the wrap-up code.
        WrapupCodeUnknown = "wrapup_code_unknown",
    }
}

impl Flaw {
    /// Whether it keeps the body from being looked at.
    pub(crate) fn is_of_the_text(self) -> bool {
        matches!(self, Self::NotJson | Self::NotObject | Self::TooLarge)
    }

    /// Whether it is one of the path: no body would mend it.
    pub(crate) fn is_of_the_path(self) -> bool {
        matches!(
            self,
            Self::ParticipantMissing | Self::ConversationMissing | Self::NoSuchResource
        )
    }
}

/// Characters of a member's name that are shown: enough to find it, and no place to hide a text in.
const SHOWN: usize = 64;

/// A flaw, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// What is wrong.
    pub flaw: Flaw,
    /// One short sentence that names the member. Never a value.
    pub hint: String,
    /// What to do instead, at length; `{name}` stands for a parameter of the path.
    pub advice: String,
}

impl Diagnosis {
    /// A flaw of the member at a JSON pointer; the body itself where that is empty.
    pub(crate) fn of(flaw: Flaw, pointer: &str) -> Self {
        let member = match pointer {
            "" => "the body".to_owned(),
            pointer => shown(pointer),
        };
        Self {
            flaw,
            hint: sentence(flaw, &member),
            advice: advice(flaw).to_owned(),
        }
    }
}

/// A JSON pointer as it may be shown: callers choose the names in it.
pub(crate) fn shown(pointer: &str) -> String {
    pointer.chars().take(SHOWN).collect()
}

fn sentence(flaw: Flaw, member: &str) -> String {
    match flaw {
        Flaw::NotJson => format!("{member} is not strict JSON in UTF-8"),
        Flaw::NotObject => format!("{member} is no JSON object"),
        Flaw::DuplicateMember => {
            format!("{member} is there twice, or beside another of its meaning")
        }
        Flaw::TypeConflict => format!("{member} is of another type than the API has there"),
        Flaw::TooLarge => format!("{member} has more members than are looked at"),
        Flaw::NestedValue => format!("{member} must be a string, not an object or a list"),
        Flaw::UnknownMember => format!("{member} is no member of this resource"),
        Flaw::UnknownValue => format!("{member} has a value that the API does not have there"),
        Flaw::Ambiguous => format!("{member} could be meant in two ways"),
        Flaw::ReadOnly => format!("{member} can only be read"),
        Flaw::SeveralParticipants => format!("{member} names several participants"),
        Flaw::ParticipantMissing => "the path names no participant".to_owned(),
        Flaw::ConversationMissing => "the path names no conversation".to_owned(),
        Flaw::NoSuchResource => "the API has no such resource".to_owned(),
        Flaw::ParticipantEnded => "the participant has left the conversation".to_owned(),
        Flaw::UserNeeded => "this needs a user's token".to_owned(),
        Flaw::WrapupCodeUnknown => "/wrapup/code is not a wrap-up code of the queue".to_owned(),
    }
}

/// Written for whoever owns the application: what to send instead.
fn advice(flaw: Flaw) -> &'static str {
    match flaw {
        Flaw::NotJson => {
            "Send one JSON object (RFC 8259) in UTF-8, without comments or trailing commas."
        }
        Flaw::NotObject => {
            "The API takes one JSON object here, such as {\"attributes\":{\"name\":\"value\"}}."
        }
        Flaw::DuplicateMember => {
            "Send the member once. Of two the API would take one, and which is not said."
        }
        Flaw::TypeConflict => {
            "Attributes are an object whose values are strings; \"wrapup\" is an object with a \"code\"."
        }
        Flaw::TooLarge => "Send fewer members at once.",
        Flaw::NestedValue => {
            "Attributes are a flat map of strings. Send each value under a name of its own, or one string that \
             your readers parse:\n\
             PATCH /api/v2/conversations/{conversationId}/participants/{participantId}/attributes\n\
             {\"attributes\":{\"routing.acw\":\"30\"}}\n\
             A wrap-up code is not an attribute:\n\
             PATCH /api/v2/conversations/{conversationId}/participants/{participantId}\n\
             {\"wrapup\":{\"code\":\"WRAP-UP-CODE-ID\"}}"
        }
        Flaw::UnknownMember => {
            "A participant takes wrapup, state, recording, muted, held, confined, wrapupSkipped and resumeTime, \
             each of which does something at once; send only what is to happen:\n\
             PATCH /api/v2/conversations/{conversationId}/participants/{participantId}\n\
             {\"state\":\"disconnected\"}\n\
             Data about the participant goes to its attributes:\n\
             PATCH /api/v2/conversations/{conversationId}/participants/{participantId}/attributes\n\
             {\"attributes\":{\"name\":\"value\"}}\n\
             A transfer to a queue is a call of its own:\n\
             POST /api/v2/conversations/{conversationId}/participants/{participantId}/replace/queue\n\
             {\"queueId\":\"QUEUE-ID\"}"
        }
        Flaw::UnknownValue => {
            "\"state\" takes \"connected\", which answers, and \"disconnected\", which hangs up. There is no \
             \"active\": who only writes attributes sends no state at all:\n\
             PATCH /api/v2/conversations/{conversationId}/participants/{participantId}/attributes\n\
             {\"attributes\":{\"name\":\"value\"}}"
        }
        Flaw::Ambiguous => {
            "A participant that was read, changed and sent back carries its state, and every member that is \
             sent does something. Send only what is to happen, attributes apart:\n\
             PATCH /api/v2/conversations/{conversationId}/participants/{participantId}/attributes\n\
             {\"attributes\":{\"name\":\"value\"}}"
        }
        Flaw::ReadOnly => {
            "This comes with a participant that is read, and cannot be written here. Send what is to happen, \
             such as:\n\
             PATCH /api/v2/conversations/{conversationId}/participants/{participantId}/attributes\n\
             {\"attributes\":{\"name\":\"value\"}}"
        }
        Flaw::SeveralParticipants => {
            "Send one request for each participant:\n\
             PATCH /api/v2/conversations/{conversationId}/participants/PARTICIPANT-ID/attributes\n\
             {\"attributes\":{\"name\":\"value\"}}"
        }
        Flaw::ParticipantMissing => {
            "Attributes, wrap-up codes and states belong to one participant, and nobody is chosen here for the \
             caller. GET /api/v2/conversations/{conversationId} lists them; then:\n\
             PATCH /api/v2/conversations/{conversationId}/participants/PARTICIPANT-ID/attributes\n\
             {\"attributes\":{\"name\":\"value\"}}\n\
             PATCH /api/v2/conversations/{conversationId}/participants/PARTICIPANT-ID\n\
             {\"wrapup\":{\"code\":\"WRAP-UP-CODE-ID\"}}"
        }
        Flaw::ConversationMissing => {
            "A participant is found by its conversation:\n\
             PATCH /api/v2/conversations/CONVERSATION-ID/participants/PARTICIPANT-ID"
        }
        Flaw::NoSuchResource => {
            "What a participant can be told goes to:\n\
             PATCH /api/v2/conversations/CONVERSATION-ID/participants/PARTICIPANT-ID\n\
             {\"state\":\"disconnected\"}"
        }
        Flaw::ParticipantEnded => {
            "Nothing can be told to somebody who has left: read the conversation first, and take a participant \
             whose communication has not ended. Attributes can still be written, and a wrap-up code during \
             after-call work."
        }
        Flaw::UserNeeded => {
            "A token of client credentials stands for no user, and cannot answer, end, hold or wrap up for one. \
             Log in as the user (authorization code, PKCE), or write attributes only, which needs no user:\n\
             PATCH /api/v2/conversations/{conversationId}/participants/{participantId}/attributes\n\
             {\"attributes\":{\"name\":\"value\"}}"
        }
        Flaw::WrapupCodeUnknown => {
            "Send the id of a code, not its name. Those of this participant:\n\
             GET /api/v2/conversations/{conversationId}/participants/{participantId}/wrapupcodes"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hint_is_one_short_sentence_and_every_advice_says_more() {
        for &flaw in Flaw::ALL {
            let Diagnosis { hint, advice, .. } =
                Diagnosis::of(flaw, &format!("/{}", "x".repeat(999)));
            assert!(hint.len() <= 140 && !hint.contains(['\n', '"']), "{hint}");
            assert!(
                advice.ends_with(|end: char| !end.is_whitespace()) && advice.len() >= 25,
                "{flaw}"
            );
        }
        assert_eq!(
            Diagnosis::of(Flaw::NotObject, "").hint,
            "the body is no JSON object"
        );
    }
}
