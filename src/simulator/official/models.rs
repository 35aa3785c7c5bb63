//! The published request models, member for member (purecloudplatformclientv2 269.0.0).

use super::body::Kind::{Any, Attributes, Flag, Object, Text, TextMap, Texts, Whole, Word};
use super::body::{Kind, Model};

/// Every state a request may name. Which of them it may ask for is another question.
const STATE: Kind = Word(
    "State",
    &[
        "alerting",
        "dialing",
        "contacting",
        "offering",
        "connected",
        "disconnected",
        "terminated",
        "converting",
        "uploading",
        "transmitting",
        "parked",
        "none",
    ],
);

const SPEAK_TO: Kind = Word("SpeakTo", &["DESTINATION", "OBJECT", "BOTH", "CONFERENCE"]);

const TRANSFER_TYPE: Kind = Word("TransferType", &["Attended", "Unattended"]);

/// `MediaParticipantRequest`
pub(super) const PARTICIPANT: Model = &[
    ("wrapup", Object(WRAPUP)),
    ("state", STATE),
    ("recording", Flag),
    ("muted", Flag),
    ("confined", Flag),
    ("held", Flag),
    ("wrapupSkipped", Flag),
    ("resumeTime", Text),
];

/// `WrapupInput`
const WRAPUP: Model = &[
    ("code", Text),
    ("name", Text),
    ("notes", Text),
    ("tags", Texts),
    ("durationSeconds", Whole),
    ("endTime", Text),
    ("provisional", Flag),
    ("disableEndTimeUpdates", Flag),
];

/// `ParticipantAttributes`
pub(super) const ATTRIBUTES: Model = &[("attributes", Attributes)];

/// `ParkingStateRequest`
pub(super) const PARKING_STATE: Model = &[("state", STATE), ("resumeTime", Text)];

/// `AfterCallWorkUpdate`
pub(super) const AFTER_CALL_WORK: Model = &[("afterCallWorkRequired", Flag)];

/// `ConsultTransferUpdate`
pub(super) const CONSULT: Model = &[("speakTo", SPEAK_TO), ("consultingUserId", Text)];

/// `MandatoryPostCallActionInput`
pub(super) const POST_FLOW_ACTION: Model = &[("destination", Text), ("invocationData", Text)];

/// `Conversation`: known, though all but `state` cannot be written.
pub(super) const CONVERSATION: Model = &[
    ("id", Any),
    ("name", Any),
    ("externalTag", Any),
    ("startTime", Any),
    ("endTime", Any),
    ("address", Any),
    ("participants", Any),
    ("conversationIds", Any),
    ("maxParticipants", Any),
    ("recordingState", Any),
    ("state", STATE),
    ("divisions", Any),
    ("recentTransfers", Any),
    ("securePause", Any),
    ("utilizationLabelId", Any),
    ("inactivityTimeout", Any),
    ("selfUri", Any),
];

/// `TransferRequest`
pub(super) const TRANSFER: Model = &[
    ("transferType", TRANSFER_TYPE),
    ("keepInternalMessageAlive", Flag),
    ("userId", Text),
    ("address", Text),
    ("userName", Text),
    ("queueId", Text),
    ("voicemail", Flag),
];

/// `TransferToQueueRequest`
pub(super) const TRANSFER_TO_QUEUE: Model = &[
    ("transferType", TRANSFER_TYPE),
    ("keepInternalMessageAlive", Flag),
    ("queueId", Text),
    ("queueName", Text),
];

/// `ConversationTagsUpdate`
pub(super) const TAGS: Model = &[("externalTag", Text)];

/// `OpenInboundNormalizedMessage`, with the members that `OpenNormalizedMessage` had before it.
pub(super) const INBOUND_MESSAGE: Model = &[
    ("id", Text),
    ("channel", Object(CHANNEL)),
    ("direction", Text),
    ("type", Text),
    ("text", Text),
    ("content", Any),
    ("events", Any),
    ("originatingEntity", Text),
    ("metadata", TextMap),
];

/// `OpenInboundMessageMessagingChannel`, likewise.
const CHANNEL: Model = &[
    ("from", Object(SENDER)),
    ("to", Any),
    ("messageId", Text),
    ("time", Text),
    ("type", Text),
    ("platform", Text),
    ("metadata", Object(CHANNEL_METADATA)),
];

/// `OpenMessagingFromRecipient`
const SENDER: Model = &[
    ("nickname", Text),
    ("id", Text),
    ("idType", Text),
    ("image", Text),
    ("firstName", Text),
    ("lastName", Text),
    ("email", Text),
];

/// `ConversationChannelMetadata`, and the attributes that Open Messaging turns into participant data.
const CHANNEL_METADATA: Model = &[("subType", Text), ("customAttributes", TextMap)];
