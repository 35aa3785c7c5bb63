//! Which upstream a request leads to.

use bytes::Bytes;
use http::header::HOST;
use http::uri::PathAndQuery;
use http::{Request, StatusCode, Uri};

use crate::answer::Answer;
use crate::config;

/// Hosts and path prefixes, by whole segments, and what each leads to.
///
/// Paths are compared as raw bytes: nothing is decoded or normalised here, so that no spelling means one
/// thing to us and another to the upstream.
#[derive(Clone, Debug)]
pub struct Routes<S> {
    /// Longest prefix first.
    routes: Vec<Route<S>>,
}

/// One way to a service.
#[derive(Clone, Debug)]
pub struct Route<S> {
    /// In lower case, without ports.
    hosts: Vec<String>,
    /// Without a slash at its end: `""` leads everywhere.
    prefix: String,
    /// How much of the prefix is cut off.
    strip: usize,
    service: S,
}

impl<S> Route<S> {
    /// Requests of every host whose path begins with `prefix`, as they come.
    pub fn new(prefix: &str, service: S) -> Self {
        Self {
            hosts: Vec::new(),
            prefix: prefix.trim_end_matches('/').to_owned(),
            strip: 0,
            service,
        }
    }

    /// The requests that `upstream` is for.
    pub fn of(upstream: &config::Upstream, service: S) -> Self {
        let route = Self::new(&upstream.prefix, service).for_hosts(&upstream.hosts);
        match &upstream.strip_prefix {
            Some(part) => route.stripping(part),
            None => route,
        }
    }

    /// Only the requests of these hosts, and no others: names in lower case, without ports.
    #[must_use]
    pub fn for_hosts(self, hosts: &[String]) -> Self {
        Self {
            hosts: hosts.to_vec(),
            ..self
        }
    }

    /// Without `part` of their path, which the prefix begins with.
    #[must_use]
    pub fn stripping(self, part: &str) -> Self {
        let part = part.trim_end_matches('/');
        let strip = self.prefix.strip_prefix(part).map_or(0, |_| part.len());
        Self { strip, ..self }
    }

    fn names(&self, host: &str) -> bool {
        self.hosts.iter().any(|own| own.eq_ignore_ascii_case(host))
    }

    /// `/a` leads to `/a` and `/a/b`, not to `/ab`.
    fn leads(&self, path: &str) -> bool {
        let rest = path.strip_prefix(&self.prefix);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl<S> Default for Routes<S> {
    fn default() -> Self {
        Self { routes: Vec::new() }
    }
}

impl<S> Routes<S> {
    /// Adds a route. The longest prefix wins, whatever the order of the additions.
    #[must_use]
    pub fn with(mut self, route: Route<S>) -> Self {
        self.routes.push(route);
        self.routes
            .sort_by_key(|route| std::cmp::Reverse(route.prefix.len()));
        self
    }

    /// Where `target` leads for a caller that knows us as `host`, and with which URI. `None` for the URI
    /// means: as it came.
    pub fn find(&self, host: Option<&str>, target: &Uri) -> Option<(&S, Option<Uri>)> {
        let path = target.path();
        let route = self.candidates(host).find(|route| route.leads(path))?;
        if route.strip == 0 {
            return Some((&route.service, None));
        }
        let target = stripped(target, path.get(route.strip..)?)?;
        Some((&route.service, Some(target)))
    }

    /// The routes for `host`. Once any names it, the others are no way out: what is sent to one region
    /// holds a token, and another region must not see it.
    fn candidates(&self, host: Option<&str>) -> impl Iterator<Item = &Route<S>> {
        let host = host.filter(|host| self.routes.iter().any(|route| route.names(host)));
        self.routes.iter().filter(move |route| match host {
            Some(host) => route.names(host),
            None => route.hosts.is_empty(),
        })
    }

    /// The answer for a path that leads nowhere. Names what would lead somewhere: most often a gateway
    /// prefix is missing or mistyped in an SDK's settings.
    pub(super) fn unknown(&self, host: Option<&str>) -> Answer {
        let prefixes: Vec<_> = self
            .candidates(host)
            .map(|route| match route.prefix.as_str() {
                "" => "/",
                prefix => prefix,
            })
            .collect();
        let message = if prefixes.is_empty() {
            "no upstream is for the host that the request was sent to".to_owned()
        } else {
            let prefixes = prefixes.join(" ");
            format!("no upstream has this path; known prefixes: {prefixes}")
        };
        Answer::new(StatusCode::NOT_FOUND, "patchwright.route.unknown", message)
    }
}

/// The host that a request was sent to, without its port. An absolute target's authority counts in place
/// of `Host` (RFC 9112 section 3.2.2), and `:authority` is one (RFC 9113 section 8.3.1).
pub fn host<B>(request: &Request<B>) -> Option<&str> {
    let named = match request.uri().authority() {
        Some(authority) => authority.host(),
        None => without_port(request.headers().get(HOST)?.to_str().ok()?),
    };
    // The root's own dot is no other name (RFC 3986 section 3.2.2).
    Some(named.strip_suffix('.').unwrap_or(named))
}

/// The head check has seen to it that this is a host and, if anything, a port.
fn without_port(host: &str) -> &str {
    let end = match host.split_once(']') {
        Some((address, _)) => address.len() + 1,
        None => host.find(':').unwrap_or(host.len()),
    };
    host.get(..end).unwrap_or(host)
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
mod tests;
