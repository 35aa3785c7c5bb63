//! Rules in number.

use std::fmt::Write as _;
use std::sync::Arc;

use patchwright::rule::pack::Specs;
use patchwright::rule::{ConversationId, Rules, Source};

/// So many rules, each with a path of its own below one source.
pub(crate) fn many(count: usize) -> Rules {
    let mut text = String::from(
        r#"
[[source]]
name = "conversation"
get = "/api/v2/conversations/{conversationId}"
participants = "$.participants[*]"
id = "$.id"
fields = { state = ["$.state", "$.calls[*].state"], queue = ["$.queueId"] }
"#,
    );
    for number in 0..count {
        let _ = write!(
            text,
            r#"
[[rule]]
name = "rule-{number}"
methods = ["PATCH"]
paths = ["/api/v2/kind{number}/{{conversationId}}/participants/{{participantId}}"]
sources = ["conversation"]
fill = {{ "/state" = "state", "/routing/queue/id" = "queue" }}
"#
        );
    }
    let specs = Specs::parse("rules", &text).unwrap();
    Rules::compile(specs.sources(), specs.rules(), specs.diagnoses()).unwrap()
}

/// A path that the last of `many` applies to.
pub(crate) fn last_path(count: usize) -> String {
    let last = count - 1;
    format!(
        "/api/v2/kind{last}/c0000000-0000-4000-8000-000000000001/participants/b0000000-0000-4000-8000-000000000001"
    )
}

/// Paths of callers, as the packs know them or not.
pub(crate) const PATHS: [&str; 6] = [
    "/api/v2/conversations/c0000000-0000-4000-8000-000000000001/participants/b0000000-0000-4000-8000-000000000001",
    "/api/v2/conversations/calls/c0000000-0000-4000-8000-000000000001/participants/b0000000-0000-4000-8000-000000000001",
    "/api/v2/conversations/messages/c0000000-0000-4000-8000-000000000001/participants/b0000000-0000-4000-8000-000000000001",
    "/api/v2/conversations/c0000000-0000-4000-8000-000000000001",
    "/api/v2/users/me",
    "/api/v2/routing/queues/9e0e0000-0000-4000-8000-000000000001/members",
];

/// The source of whole conversations, and one of them.
pub(crate) fn source(rules: &Rules, number: usize) -> (Arc<Source>, ConversationId) {
    let path = format!("/api/v2/conversations/c0000000-0000-4000-8000-{number:012}");
    let (source, conversation) = rules.source_at(&path).unwrap();
    (Arc::clone(source), conversation)
}
