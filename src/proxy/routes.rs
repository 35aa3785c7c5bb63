//! Which upstream a path leads to.

use bytes::Bytes;
use http::StatusCode;
use http::Uri;
use http::uri::PathAndQuery;

use crate::answer::Answer;

/// Path prefixes, by whole segments, and what each leads to.
///
/// Paths are compared as raw bytes: nothing is decoded or normalised here, so that no spelling means one
/// thing to us and another to the upstream.
#[derive(Clone, Debug)]
pub struct Routes<S> {
    /// Longest prefix first.
    routes: Vec<Route<S>>,
}

#[derive(Clone, Debug)]
struct Route<S> {
    /// Without a slash at its end: `""` leads everywhere.
    prefix: String,
    strip: bool,
    service: S,
}

impl<S> Default for Routes<S> {
    fn default() -> Self {
        Self { routes: Vec::new() }
    }
}

impl<S> Routes<S> {
    /// Adds a route. The longest prefix wins, whatever the order of the additions.
    #[must_use]
    pub fn add(mut self, prefix: &str, strip: bool, service: S) -> Self {
        self.routes.push(Route {
            prefix: prefix.trim_end_matches('/').to_owned(),
            strip,
            service,
        });
        self.routes
            .sort_by_key(|route| std::cmp::Reverse(route.prefix.len()));
        self
    }

    /// Where `target` leads, and with which URI. `None` for the URI means: as it came.
    pub fn find(&self, target: &Uri) -> Option<(&S, Option<Uri>)> {
        let path = target.path();
        self.routes.iter().find_map(|route| {
            let rest = path.strip_prefix(&route.prefix)?;
            // `/a` leads to `/a` and `/a/b`, not to `/ab`.
            if !rest.is_empty() && !rest.starts_with('/') {
                return None;
            }
            let strip = route.strip && !route.prefix.is_empty();
            let stripped = if strip {
                Some(stripped(target, rest)?)
            } else {
                None
            };
            Some((&route.service, stripped))
        })
    }

    /// The answer for a path that leads nowhere. Names what would lead somewhere: most often a gateway
    /// prefix is missing or mistyped in an SDK's settings.
    pub(super) fn unknown(&self) -> Answer {
        let prefixes: Vec<_> = self
            .routes
            .iter()
            .map(|route| match route.prefix.as_str() {
                "" => "/",
                prefix => prefix,
            })
            .collect();
        let message = format!(
            "no upstream has this path; known prefixes: {}",
            prefixes.join(" ")
        );
        Answer::new(StatusCode::NOT_FOUND, "patchwright.route.unknown", message)
    }
}

/// The target with `path` in place of its own. Query and authority stay.
fn stripped(target: &Uri, path: &str) -> Option<Uri> {
    let mut whole = String::with_capacity(target.path().len() + 1);
    whole.push_str(if path.is_empty() { "/" } else { path });
    if let Some(query) = target.query() {
        whole.push('?');
        whole.push_str(query);
    }
    let mut parts = target.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::from_maybe_shared(Bytes::from(whole)).ok()?);
    Uri::from_parts(parts).ok()
}

/// Drops the authority: it is the name by which a caller knows us (RFC 9112 section 3.2.2, RFC 9113
/// section 8.3.1), and no part of what is asked of the upstream. Were it to stay, a conversation would
/// be remembered once for each name.
pub(super) fn to_origin_form(target: &mut Uri) {
    if target.authority().is_some() {
        let path = target.path_and_query().cloned();
        *target = path.map_or_else(Uri::default, Uri::from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(routes: &Routes<&'static str>, target: &str) -> Option<(&'static str, String)> {
        let target: Uri = target.parse().unwrap();
        let (service, uri) = routes.find(&target)?;
        Some((*service, uri.unwrap_or(target).to_string()))
    }

    #[test]
    fn the_longest_prefix_of_whole_segments_wins() {
        let routes = Routes::default()
            .add("/", false, "root")
            .add("/a", false, "a")
            .add("/a/b/", false, "ab");
        for (target, service) in [
            ("/", "root"),
            ("/ab", "root"),
            ("/A", "root"),
            ("/%61", "root"),
            ("/a", "a"),
            ("/a?x", "a"),
            ("/a/", "a"),
            ("/a/bc", "a"),
            ("/a/b", "ab"),
            ("/a/b/c/../..", "ab"),
        ] {
            let (found, uri) = found(&routes, target).unwrap();
            assert_eq!(found, service, "{target}");
            assert_eq!(uri, target, "nothing is stripped unless asked for");
        }
    }

    #[test]
    fn a_stripped_prefix_leaves_the_rest_byte_for_byte() {
        let routes = Routes::default().add("/gate", true, "api");
        for (target, stripped) in [
            ("/gate", "/"),
            ("/gate?a=%2F", "/?a=%2F"),
            ("/gate/", "/"),
            ("/gate//x/%2e%2E?", "//x/%2e%2E?"),
            ("http://h:1/gate/x?y", "http://h:1/x?y"),
        ] {
            assert_eq!(found(&routes, target).unwrap().1, stripped, "{target}");
        }
        assert_eq!(found(&routes, "/gateway/x"), None);
    }

    #[test]
    fn the_name_by_which_a_caller_knows_us_is_dropped() {
        for (target, rest) in [
            ("/a?b", "/a?b"),
            ("http://h:1/a//%2e?b=%2F", "/a//%2e?b=%2F"),
            ("http://h", "/"),
        ] {
            let mut target: Uri = target.parse().unwrap();
            to_origin_form(&mut target);
            assert_eq!(target.to_string(), rest);
        }
    }

    #[test]
    fn the_answer_to_an_unknown_path_names_the_known_ones() {
        let routes = Routes::default()
            .add("/api", false, ())
            .add("/oauth/", false, ());
        let body = routes.unknown().body(crate::answer::RequestId::next());
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(body.contains("/oauth /api"), "{body}");
    }
}
