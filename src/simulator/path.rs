//! Which endpoint a path names; here those of the strict upstream.

use super::model::{Media, View};
use super::official::Published;

/// A path that the API has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Endpoint<'a> {
    /// `…/oauth/token`
    Token,
    /// A conversation, a participant of it, or that one's attributes.
    Conversation {
        /// The family of paths.
        view: View,
        /// `{conversationId}`
        conversation: &'a str,
        /// What of the conversation.
        part: Part<'a>,
    },
    /// An operation of the published API.
    Published(Published<'a>),
    /// A path of the published API with a method that it does not have there.
    OtherMethod {
        /// Those that it has.
        allow: String,
    },
}

/// What of a conversation a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    Whole,
    Participant(&'a str),
    Attributes(&'a str),
}

/// The endpoint and its template, for counters that must not grow with ids.
pub(super) fn parse(path: &str) -> Option<(Endpoint<'_>, String)> {
    if matches!(path, "/oauth/token" | "/login/oauth/token") {
        return Some((Endpoint::Token, path.to_owned()));
    }
    let under_api = path.strip_prefix("/api/v2/conversations/");
    let base = if under_api.is_some() {
        "/api/v2/conversations"
    } else {
        "/conversations"
    };
    let rest = under_api.or_else(|| path.strip_prefix("/conversations/"))?;
    let segments: Vec<_> = rest.split('/').collect();
    let (view, family, conversation, rest) = match segments.as_slice() {
        ["web", "instances", id, rest @ ..] => (View::Web, "/web/instances", *id, rest),
        // Without `/api/v2` only web instances were ever seen.
        _ if under_api.is_none() => return None,
        [first, rest @ ..] => match (media(first), rest) {
            (Some(media), [id, rest @ ..]) => (View::Media(media), *first, *id, rest),
            _ => (View::General, "", *first, rest),
        },
        [] => return None,
    };
    let (part, tail) = match rest {
        [] => (Part::Whole, ""),
        ["participants", id] => (Part::Participant(id), "/participants/{participantId}"),
        ["participants", id, "attributes"] => (
            Part::Attributes(id),
            "/participants/{participantId}/attributes",
        ),
        _ => return None,
    };
    let slash = if matches!(view, View::Media(_)) {
        "/"
    } else {
        ""
    };
    let template = format!("{base}{slash}{family}/{{conversationId}}{tail}");
    Some((
        Endpoint::Conversation {
            view,
            conversation,
            part,
        },
        template,
    ))
}

fn media(segment: &str) -> Option<Media> {
    Media::ALL
        .into_iter()
        .find(|media| media.plural() == segment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_its_view_its_part_and_its_template() {
        for (path, view, part, template) in [
            (
                "/api/v2/conversations/c",
                View::General,
                Part::Whole,
                "/api/v2/conversations/{conversationId}",
            ),
            (
                "/api/v2/conversations/c/participants/p",
                View::General,
                Part::Participant("p"),
                "/api/v2/conversations/{conversationId}/participants/{participantId}",
            ),
            (
                "/api/v2/conversations/calls/c/participants/p/attributes",
                View::Media(Media::Call),
                Part::Attributes("p"),
                "/api/v2/conversations/calls/{conversationId}/participants/{participantId}/attributes",
            ),
            (
                "/conversations/web/instances/c/participants/p",
                View::Web,
                Part::Participant("p"),
                "/conversations/web/instances/{conversationId}/participants/{participantId}",
            ),
            (
                "/api/v2/conversations/web/instances/c",
                View::Web,
                Part::Whole,
                "/api/v2/conversations/web/instances/{conversationId}",
            ),
        ] {
            let endpoint = Endpoint::Conversation {
                view,
                conversation: "c",
                part,
            };
            assert_eq!(parse(path), Some((endpoint, template.to_owned())), "{path}");
        }
    }

    #[test]
    fn other_paths_name_nothing() {
        for path in [
            "/",
            "/api/v2/conversations",
            "/conversations/c",
            "/conversations/calls/c/participants/p",
            "/api/v2/conversations/c/participants",
            "/api/v2/conversations/c/participants/p/",
            "/api/v2/conversations/c/participants/p/communications",
            "/API/v2/conversations/c",
            "/api/v2/users/me",
        ] {
            assert_eq!(parse(path), None, "{path}");
        }
    }
}
