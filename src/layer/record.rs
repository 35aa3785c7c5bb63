//! What was done to one request: the content of the outcome header, the log line and the metrics.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};

use crate::repair::diagnosis::Flaw;
use crate::words::words;

pub use crate::repair::Repair;

words! {
    /// What became of a request that a rule matched.
    Outcome {
        /// Nothing was missing, or with on-reject nothing was demanded.
        Complete = "complete",
        /// A repaired request was sent.
        Repaired = "repaired",
        /// The original bytes went upstream; the reason says why.
        Forwarded = "forwarded",
        /// patchwright answered itself; the reason says why.
        Rejected = "rejected",
        /// Mode observe: the original went, and this is what would have been done.
        Observed = "observed",
    }
}

words! {
    /// Why a request was not repaired.
    Reason {
        /// The body is not strict RFC 8259 JSON in UTF-8.
        NotJson = "not_json",
        /// The body is JSON, but no object.
        NotObject = "not_object",
        /// A target member occurs twice.
        DuplicateMember = "duplicate_member",
        /// The parent of a target is no object.
        TypeConflict = "type_conflict",
        /// The body is over the limit.
        TooLarge = "too_large",
        /// The body has a `Content-Encoding` or a charset that can't be undone, or is not what they say.
        Coding = "coding",
        /// All bodies together hold as much as they may.
        Overloaded = "overloaded",
        /// There is not exactly one `Authorization`.
        NoCredential = "no_credential",
        /// The upstream knows no such conversation or participant, or nothing to fill.
        ParticipantUnknown = "participant_unknown",
        /// The upstream answered the lookup 401 or 403.
        LookupDenied = "lookup_denied",
        /// The upstream throttles this credential.
        LookupThrottled = "lookup_throttled",
        /// The lookup failed for another reason.
        LookupFailed = "lookup_failed",
        /// The lookup took too long.
        LookupTimeout = "lookup_timeout",
        /// A signature covers the content.
        Signed = "signed",
        /// Repaired and sent, then no answer.
        UpstreamFailed = "upstream_failed",
        /// The rule is switched off.
        ModeOff = "mode_off",
        /// See [`Flaw::NestedValue`], and so on.
        NestedValue = "nested_value",
        /// See [`Flaw::UnknownMember`].
        UnknownMember = "unknown_member",
        /// See [`Flaw::UnknownValue`].
        UnknownValue = "unknown_value",
        /// See [`Flaw::Ambiguous`].
        Ambiguous = "ambiguous",
        /// See [`Flaw::ReadOnly`].
        ReadOnly = "read_only",
        /// See [`Flaw::SeveralParticipants`].
        SeveralParticipants = "several_participants",
        /// See [`Flaw::ParticipantMissing`].
        ParticipantMissing = "participant_missing",
        /// See [`Flaw::ConversationMissing`].
        ConversationMissing = "conversation_missing",
        /// See [`Flaw::NoSuchResource`].
        NoSuchResource = "no_such_resource",
        /// See [`Flaw::ParticipantEnded`].
        ParticipantEnded = "participant_ended",
        /// See [`Flaw::UserNeeded`].
        UserNeeded = "user_needed",
        /// See [`Flaw::WrapupCodeUnknown`].
        WrapupCodeUnknown = "wrapup_code_unknown",
    }
}

impl From<Flaw> for Reason {
    fn from(flaw: Flaw) -> Self {
        match flaw {
            Flaw::NotJson => Self::NotJson,
            Flaw::NotObject => Self::NotObject,
            Flaw::DuplicateMember => Self::DuplicateMember,
            Flaw::TypeConflict => Self::TypeConflict,
            Flaw::TooLarge => Self::TooLarge,
            Flaw::NestedValue => Self::NestedValue,
            Flaw::UnknownMember => Self::UnknownMember,
            Flaw::UnknownValue => Self::UnknownValue,
            Flaw::Ambiguous => Self::Ambiguous,
            Flaw::ReadOnly => Self::ReadOnly,
            Flaw::SeveralParticipants => Self::SeveralParticipants,
            Flaw::ParticipantMissing => Self::ParticipantMissing,
            Flaw::ConversationMissing => Self::ConversationMissing,
            Flaw::NoSuchResource => Self::NoSuchResource,
            Flaw::ParticipantEnded => Self::ParticipantEnded,
            Flaw::UserNeeded => Self::UserNeeded,
            Flaw::WrapupCodeUnknown => Self::WrapupCodeUnknown,
        }
    }
}

words! {
    /// How the snapshot came about.
    Origin {
        /// It was in the cache.
        Hit = "hit",
        /// This request fetched it.
        Miss = "miss",
        /// This request joined another's fetch.
        Shared = "shared",
        /// It was fetched anew after a rejection.
        Refetched = "refetched",
    }
}

words! {
    /// Mode observe: what the upstream said to the original, held against what would have been sent.
    Verdict {
        /// It refused the original and named what would have been put right.
        WouldHaveHelped = "would_have_helped",
        /// It accepted the original, and can't have passed over what would have been put right.
        NotNeeded = "not_needed",
        /// Anything else: it refused for another reason, failed or gave no answer; it accepted what it may have
        /// passed over, such as a member that the API has elsewhere; or the lookup failed.
        Unclear = "unclear",
    }
}

/// Bytes of the caller's body that were replaced, and by how many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The caller's bytes; empty where something was only put in.
    pub at: Range<usize>,
    /// Length of what stands there now, in bytes.
    pub inserted: usize,
}

/// Names the sender of a request, in its extensions, for its [`Record`].
#[derive(Clone, Debug)]
pub struct ClientName(pub Arc<str>);

/// What was done to one request that a rule matched.
#[derive(Clone, Debug)]
pub struct Record<'a> {
    /// The rule's name.
    pub rule: &'a str,
    /// The request's method.
    pub method: &'a Method,
    /// The rule's path template that the request matched.
    pub template: &'a str,
    /// What became of the request.
    pub outcome: Outcome,
    /// Why, where the outcome has a reason.
    pub reason: Option<Reason>,
    /// The kinds of edit that were made (or would have been, in mode observe).
    pub repairs: &'a [Repair],
    /// Mode observe: whether that would have been of use, where anything would have been done.
    pub verdict: Option<Verdict>,
    /// Where the caller's bytes were changed, where they were only filled in.
    pub spans: &'a [Span],
    /// JSON pointers of the members that were filled.
    pub filled: &'a [&'a str],
    /// JSON pointers of the members, and names of the header fields, that were left out; `+N` at the end
    /// stands for N more.
    pub dropped: &'a [String],
    /// What became of each request, where one became several: its name, and the status of its answer if
    /// it was sent and answered.
    pub parts: &'a [(String, Option<StatusCode>)],
    /// What is wrong with the request, in one short sentence without a value of the caller's.
    pub hint: Option<&'a str>,
    /// How the snapshot came about, where one was asked for.
    pub snapshot: Option<Origin>,
    /// Its age when it was used.
    pub age: Option<Duration>,
    /// The status that the caller gets; `None` when the inner service failed without a response.
    pub status: Option<StatusCode>,
    /// The caller, where a [`ClientName`] names it.
    pub client: Option<&'a str>,
    /// The caller's `User-Agent`, where it is readable text.
    pub user_agent: Option<&'a str>,
    /// The request's id, as own answers carry it.
    pub id: crate::answer::RequestId,
    /// Its place in a trace, where its `traceparent` says one.
    pub trace: Option<crate::trace::Context>,
}

impl<'a> Record<'a> {
    /// A record that says no more than this, with the next id of this process. What else there is to say is set
    /// by whoever knows it: for those who try an [`Observer`].
    pub fn new(rule: &'a str, method: &'a Method, template: &'a str, outcome: Outcome) -> Self {
        Self {
            rule,
            method,
            template,
            outcome,
            reason: None,
            repairs: &[],
            verdict: None,
            spans: &[],
            filled: &[],
            dropped: &[],
            parts: &[],
            hint: None,
            snapshot: None,
            age: None,
            status: None,
            client: None,
            user_agent: None,
            id: crate::answer::RequestId::next(),
            trace: None,
        }
    }
}

/// Is told of every request that a rule matched, once, before its answer goes to the caller.
///
/// It runs on the request path: it must not block.
pub trait Observer: Send + Sync + 'static {
    /// Called once per matched request.
    fn observe(&self, record: &Record<'_>);
}

/// Observes nothing.
impl Observer for () {
    fn observe(&self, _: &Record<'_>) {}
}

/// Marks a response that stands for "no answer": the inner service made it because the upstream could
/// not be reached or broke. The layer reports `upstream_failed` for it and never resends after it.
#[derive(Clone, Copy, Debug)]
pub struct NoAnswer;
