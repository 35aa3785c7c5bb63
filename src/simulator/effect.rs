//! What an accepted write did.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// What one accepted write did to one participant.
///
/// The strict upstream records one for every write that it accepts. The official one records one for each
/// participant that a write touched, and none when nothing was done: for `{}`, or for `connected` sent to
/// a call that is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Effect {
    /// Counts from 1, also past those that are kept.
    pub seq: u64,
    /// The number of the request that did it, as [`Received::seq`](super::Received::seq) counts; the
    /// answer's `inin-correlation-id` ends in it, in hexadecimal.
    pub request: u64,
    /// The request's method.
    pub method: String,
    /// The endpoint's path with names in the place of ids.
    pub template: String,
    /// `{conversationId}`; empty for an inbound message, which names none.
    pub conversation: String,
    /// `{participantId}`; empty when no participant was touched, as by tags.
    pub participant: String,
    /// The state before and after, when the write changed it. Of several communications that changed it
    /// is that of the one that counted.
    pub state: Option<(String, String)>,
    /// Attributes as written.
    pub attributes: BTreeMap<String, Value>,
    /// The other commands that the official upstream carried out, by the name of their member (`muted`,
    /// `wrapup`, …) or, where the endpoint is the command, of the endpoint (`consult`, `tags`, …). The
    /// strict one has none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, Value>,
}
