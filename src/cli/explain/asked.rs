//! A request to be explained, wherever it was written down.

use bytes::Bytes;
use http::header::HOST;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::Full;

use crate::config::Config;

/// What was asked, and of whom.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) target: Target,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Where a request goes.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// The host of its URL, where it has one.
    pub(super) host: Option<String>,
    /// `name:password` of the URL.
    pub(super) user: Option<String>,
    /// Path and query.
    pub(super) path: PathAndQuery,
}

impl Default for Target {
    fn default() -> Self {
        Self {
            host: None,
            user: None,
            path: PathAndQuery::from_static("/"),
        }
    }
}

impl Target {
    /// Of a URL with its scheme or, as curl allows, without. A fragment is never sent.
    pub(super) fn of_url(url: &str) -> Result<Self, String> {
        let url = url.split('#').next().unwrap_or_default();
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user.to_owned()), host),
            None => (None, authority),
        };
        let path = if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("/{path}")
        };
        let authority: Option<http::uri::Authority> = host.parse().ok();
        Ok(Self {
            host: authority.map(|authority| authority.host().to_owned()),
            user,
            // A query may hold a credential.
            path: path.parse().map_err(|_| {
                let path = path.split('?').next().unwrap_or_default();
                format!("{path:?} or its query is no path: spaces and the like are written as %20")
            })?,
        })
    }
}

impl Asked {
    /// As the proxy gets it. The host of a URL is that of the API, which the caller would replace by the
    /// proxy's: it counts only where an upstream is told by its host, and no `Host` says otherwise.
    pub(super) fn request(self, config: &Config) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(self.body));
        *request.method_mut() = self.method;
        *request.uri_mut() = Uri::from(self.target.path);
        *request.headers_mut() = self.headers;
        let host = self.target.host.filter(|host| {
            let mut named = config.upstreams.iter().flat_map(|upstream| &upstream.hosts);
            named.any(|named| named.eq_ignore_ascii_case(host))
        });
        if let Some(host) = host.and_then(|host| HeaderValue::try_from(host).ok()) {
            request.headers_mut().entry(HOST).or_insert(host);
        }
        request
    }
}

/// A header line. The problem does not repeat the value: it may be a credential.
pub(super) fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("write it as 'Name: value'")?;
    let name = name
        .trim()
        .parse()
        .map_err(|_| "the name is no header name")?;
    let value = HeaderValue::from_str(value.trim())
        .map_err(|_| "the value has characters that no header has")?;
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Overrides;

    #[test]
    fn headers_are_read_as_curl_does() {
        let (name, value) = header("Authorization:  Bearer a:b ").unwrap();
        assert_eq!(
            (name.as_str(), value.to_str().unwrap()),
            ("authorization", "Bearer a:b")
        );
        for text in ["no colon", "a b: c", ": x", "a: \n"] {
            assert!(header(text).is_err() || text == "a: \n", "{text}");
        }
        assert!(header("a: x\u{1}y").is_err());
    }

    #[test]
    fn a_url_is_taken_apart() {
        for (url, host, path) in [
            (
                "https://api.mypurecloud.com/api/v2/a?b=c#d",
                Some("api.mypurecloud.com"),
                "/api/v2/a?b=c",
            ),
            ("http://u:p@[::1]:8080", Some("[::1]"), "/"),
            ("localhost:8080?a=b", Some("localhost"), "/?a=b"),
            ("/api/v2/a", None, "/api/v2/a"),
        ] {
            let target = Target::of_url(url).unwrap();
            assert_eq!(
                (target.host.as_deref(), target.path.as_str()),
                (host, path),
                "{url}"
            );
        }
        assert!(Target::of_url("https://a/b c").unwrap_err().contains("%20"));
        assert_eq!(Target::of_url("//u:p@h/").unwrap().user.as_deref(), None);
        assert_eq!(
            Target::of_url("x://u:p@h/").unwrap().user.as_deref(),
            Some("u:p")
        );
    }

    #[test]
    fn the_host_of_a_url_counts_where_an_upstream_is_told_by_it() {
        let flags = Overrides {
            upstream: Some("http://a.invalid".to_owned()),
            ..Overrides::default()
        };
        let mut config = Config::load(None, [], flags).unwrap();
        let asked = |host: Option<&'static str>| {
            let mut asked = Asked {
                target: Target::of_url("https://EU.test/x").unwrap(),
                ..Asked::default()
            };
            asked
                .headers
                .extend(host.map(|host| (HOST, HeaderValue::from_static(host))));
            asked
        };
        let host =
            |asked: Asked, config: &Config| asked.request(config).headers().get(HOST).cloned();
        assert_eq!(host(asked(None), &config), None);
        config.upstreams[0].hosts = vec!["eu.test".to_owned()];
        assert_eq!(host(asked(None), &config).unwrap(), "EU.test");
        assert_eq!(host(asked(Some("us.test")), &config).unwrap(), "us.test");
    }
}
