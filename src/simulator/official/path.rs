//! The paths of the published API that are simulated, and what is done on each.

use http::Method;

use self::Action::{
    AfterCallWork, Attributes, Communication, Consult, Disconnect, EndConversation, InboundMessage,
    ParkingState, Participant, PostFlow, Replace, ReplaceQueue, Show, Tags,
};
use super::super::model::{Media, View};
use super::super::path::Endpoint;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Show,
    Participant,
    Attributes,
    Communication,
    PostFlow,
    Consult,
    ParkingState,
    AfterCallWork,
    EndConversation,
    Disconnect,
    Replace,
    ReplaceQueue,
    Tags,
    InboundMessage,
}

/// One operation of the API.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Operation {
    method: &'static str,
    /// Below [`BASE`], with [`PARAMETERS`].
    path: &'static str,
    pub(super) action: Action,
    /// Whether it refuses an empty body.
    pub(super) needs_body: bool,
}

/// An operation that the API has, and the ids in the request's path; those it has none for are empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) struct Published<'a> {
    pub(super) operation: &'static Operation,
    pub(super) view: View,
    pub(super) conversation: &'a str,
    pub(super) participant: &'a str,
    pub(super) communication: &'a str,
    pub(super) integration: &'a str,
}

const BASE: &str = "/api/v2/conversations/";

/// How ids are written below, and as the API names them.
const PARAMETERS: [(&str, &str); 5] = [
    ("{c}", "{conversationId}"),
    ("{p}", "{participantId}"),
    ("{m}", "{communicationId}"),
    ("{u}", "{userId}"),
    ("{i}", "{integrationId}"),
];

/// Every PATCH with a participant in its path (purecloudplatformclientv2 269.0.0 has these 23; those of
/// chats are gone since August 2026), the conversations themselves, and operations that a mistyped PATCH
/// could end up at. Of two that match the first counts, so those that begin with a word come first.
#[rustfmt::skip] // A table: one line each.
static OPERATIONS: [Operation; 45] = [
    required("PATCH", "calls/{c}/participants/{p}", Participant),
    required("PATCH", "calls/{c}/participants/{p}/attributes", Attributes),
    required("PATCH", "calls/{c}/participants/{p}/communications/{m}", Communication),
    optional("PATCH", "calls/{c}/participants/{p}/communications/{m}/postflowaction", PostFlow),
    required("PATCH", "calls/{c}/participants/{p}/consult", Consult),
    required("PATCH", "calls/{c}/participants/{p}/user/{u}", Participant),
    required("PATCH", "callbacks/{c}/participants/{p}", Participant),
    required("PATCH", "callbacks/{c}/participants/{p}/attributes", Attributes),
    required("PATCH", "callbacks/{c}/participants/{p}/communications/{m}", Communication),
    required("PATCH", "emails/{c}/participants/{p}", Participant),
    required("PATCH", "emails/{c}/participants/{p}/attributes", Attributes),
    required("PATCH", "emails/{c}/participants/{p}/communications/{m}", Communication),
    required("PATCH", "emails/{c}/participants/{p}/parkingstate", ParkingState),
    optional("PATCH", "messages/{c}/participants/{p}", Participant),
    optional("PATCH", "messages/{c}/participants/{p}/attributes", Attributes),
    required("PATCH", "messages/{c}/participants/{p}/communications/{m}", Communication),
    required("PATCH", "messages/{c}/participants/{p}/parkingstate", ParkingState),
    optional("PATCH", "cobrowsesessions/{c}/participants/{p}", Participant),
    optional("PATCH", "cobrowsesessions/{c}/participants/{p}/attributes", Attributes),
    required("PATCH", "cobrowsesessions/{c}/participants/{p}/communications/{m}", Communication),
    required("PATCH", "aftercallwork/{c}/participants/{p}/communications/{m}", AfterCallWork),
    required("POST", "calls/{c}/participants/{p}/replace", Replace),
    required("POST", "callbacks/{c}/participants/{p}/replace", Replace),
    required("POST", "emails/{c}/participants/{p}/replace", Replace),
    required("POST", "messages/{c}/participants/{p}/replace", Replace),
    required("POST", "cobrowsesessions/{c}/participants/{p}/replace", Replace),
    required("POST", "messages/{i}/inbound/open/message", InboundMessage),
    optional("GET", "calls/{c}", Show),
    optional("GET", "callbacks/{c}", Show),
    optional("GET", "chats/{c}", Show),
    optional("GET", "emails/{c}", Show),
    optional("GET", "messages/{c}", Show),
    optional("GET", "cobrowsesessions/{c}", Show),
    required("PATCH", "calls/{c}", EndConversation),
    required("PATCH", "callbacks/{c}", EndConversation),
    required("PATCH", "emails/{c}", EndConversation),
    required("PATCH", "messages/{c}", EndConversation),
    required("PATCH", "cobrowsesessions/{c}", EndConversation),
    required("PATCH", "{c}/participants/{p}", Participant),
    required("PATCH", "{c}/participants/{p}/attributes", Attributes),
    required("POST", "{c}/participants/{p}/replace", Replace),
    required("POST", "{c}/participants/{p}/replace/queue", ReplaceQueue),
    optional("POST", "{c}/disconnect", Disconnect),
    required("PUT", "{c}/tags", Tags),
    optional("GET", "{c}", Show),
];

const fn required(method: &'static str, path: &'static str, action: Action) -> Operation {
    let needs_body = true;
    Operation {
        method,
        path,
        action,
        needs_body,
    }
}

const fn optional(method: &'static str, path: &'static str, action: Action) -> Operation {
    let needs_body = false;
    Operation {
        method,
        path,
        action,
        needs_body,
    }
}

/// Where a request leads, and the template of its path.
pub(in crate::simulator) fn route<'a>(
    method: &Method,
    path: &'a str,
) -> Option<(Endpoint<'a>, String)> {
    if matches!(path, "/oauth/token" | "/login/oauth/token") {
        let allow = "POST".to_owned();
        let is_login = method == Method::POST;
        let endpoint = if is_login {
            Endpoint::Token
        } else {
            Endpoint::OtherMethod { allow }
        };
        return Some((endpoint, path.to_owned()));
    }
    let segments: Vec<_> = path.strip_prefix(BASE)?.split('/').collect();
    let known = OPERATIONS.iter().find(|one| one.is_at(&segments))?;
    let there = || OPERATIONS.iter().filter(|one| one.path == known.path);
    let operation = there().find(|one| one.method == method.as_str());
    let endpoint = if let Some(operation) = operation {
        Endpoint::Published(operation.with_ids(&segments))
    } else {
        let allowed: Vec<_> = there().map(|one| one.method).collect();
        let allow = allowed.join(", ");
        Endpoint::OtherMethod { allow }
    };
    Some((endpoint, known.template()))
}

// === impl Operation ===

impl Operation {
    fn is_at(&self, segments: &[&str]) -> bool {
        let matches = |(wanted, found): (&str, &&str)| {
            wanted == *found || (wanted.starts_with('{') && !found.is_empty())
        };
        self.path.split('/').count() == segments.len()
            && self.path.split('/').zip(segments).all(matches)
    }

    fn with_ids<'a>(&'static self, segments: &[&'a str]) -> Published<'a> {
        let id = |name: &str| {
            let mut names = self.path.split('/').zip(segments);
            names
                .find(|(wanted, _)| *wanted == name)
                .map_or("", |(_, id)| *id)
        };
        let first = self.path.split('/').next();
        let media = Media::ALL
            .into_iter()
            .find(|media| Some(media.plural()) == first);
        Published {
            operation: self,
            view: media.map_or(View::General, View::Media),
            conversation: id("{c}"),
            participant: id("{p}"),
            communication: id("{m}"),
            integration: id("{i}"),
        }
    }

    fn template(&self) -> String {
        let named = |template: String, (short, name): &(&str, &str)| template.replace(short, name);
        PARAMETERS
            .iter()
            .fold(format!("{BASE}{}", self.path), named)
    }
}

#[cfg(test)]
mod tests;
