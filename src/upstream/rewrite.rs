//! What a request becomes on its way upstream. Pure.

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::uri::{Authority, InvalidUri, PathAndQuery, Scheme};
use http::{Uri, Version};

use super::hop;
use crate::fields::Fields;

/// Where requests go: scheme, authority and the path that is put in front of every other.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    pub(super) scheme: Scheme,
    pub(super) authority: Authority,
    /// What `Host` says on HTTP/1.1.
    pub(super) host: HeaderValue,
    base: String,
}

impl Origin {
    /// `None` when the URL has no scheme or no authority.
    pub(super) fn new(url: &Uri) -> Option<Self> {
        let (scheme, authority) = (url.scheme()?, url.authority()?);
        Some(Self {
            host: host(scheme, authority)?,
            scheme: scheme.clone(),
            authority: authority.clone(),
            base: url.path().trim_end_matches('/').to_owned(),
        })
    }

    /// Path and query upstream. They are the caller's bytes: RFC 9110 section 7.7 wants them unchanged,
    /// and two parsers that normalise differently are a way around every rule.
    pub(super) fn relative(&self, target: Uri) -> Result<Uri, InvalidUri> {
        let in_origin_form = target.authority().is_none() && target.path_and_query().is_some();
        if self.base.is_empty() && in_origin_form {
            return Ok(target);
        }
        match target.path_and_query() {
            Some(path) if self.base.is_empty() => Ok(Uri::from(path.clone())),
            path => self.prefixed(path).map(Uri::from),
        }
    }

    /// The same with scheme and authority.
    pub(super) fn absolute(&self, relative: &Uri) -> Result<Uri, http::Error> {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = relative.path_and_query().cloned();
        Ok(Uri::from_parts(parts)?)
    }

    fn prefixed(&self, path: Option<&PathAndQuery>) -> Result<PathAndQuery, InvalidUri> {
        let path = path.map_or("/", PathAndQuery::as_str);
        let mut whole = String::with_capacity(self.base.len() + path.len());
        whole.push_str(&self.base);
        whole.push_str(path);
        PathAndQuery::from_maybe_shared(Bytes::from(whole))
    }
}

/// RFC 9110 section 4.2: without the scheme's own port, and without user information.
fn host(scheme: &Scheme, authority: &Authority) -> Option<HeaderValue> {
    let own = if *scheme == Scheme::HTTPS { 443 } else { 80 };
    let host = authority.host();
    let port = authority.port_u16().filter(|port| *port != own);
    let named = port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    HeaderValue::from_str(&named).ok()
}

/// How the length of a request's body is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// There is none.
    None,
    /// So many bytes.
    Exact(u64),
    /// It ends when it ends.
    Unknown,
}

/// Turns a caller's header fields into ours. `upgrade` is the `Upgrade` field to forward, if any, and `host` the
/// upstream's own authority where it is known already that it is wanted as a field.
pub fn request_headers(
    headers: &mut HeaderMap,
    version: Version,
    length: Length,
    upgrade: Option<&HeaderValue>,
    host: Option<&HeaderValue>,
) {
    let fields = Fields::of(headers);
    let mut trailers = false;
    if fields.has(Fields::HOP_BY_HOP) {
        trailers = hop::takes_trailers(headers);
        hop::remove_hop_by_hop(headers);
    }
    match host {
        // In the place of the caller's.
        Some(host) => drop(headers.insert(header::HOST, host.clone())),
        // HTTP/2 has `:authority`.
        None => drop(headers.remove(header::HOST)),
    }
    if fields.has(Fields::EXPECT) {
        // Answered by our own server, which says 100 when the body is first read.
        headers.remove(header::EXPECT);
    }
    if fields.has(Fields::COOKIE) {
        join_cookies(headers);
    }
    // With neither body nor length there is nothing to say.
    if fields.has(Fields::CONTENT_LENGTH) || length != Length::None {
        frame(headers, length);
    }
    if trailers {
        // RFC 9110 section 10.1.4: who sends TE lists it in Connection.
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("te"));
    }
    if let Some(protocols) = upgrade {
        headers.insert(header::UPGRADE, protocols.clone());
        headers.append(header::CONNECTION, HeaderValue::from_static("upgrade"));
    }
    // RFC 9110 section 7.6.3: a gateway says on requests that it was there.
    headers.append(header::VIA, via(version));
}

/// The one place where the framing of a request that we send is decided, and always from its body: a
/// copied `Content-Length` that is wrong cuts the message off without an error, or smuggles its rest in
/// as another one.
fn frame(headers: &mut HeaderMap, length: Length) {
    match length {
        // A caller's own `Content-Length: 0` may stay: it says the same.
        Length::None if is_zero(headers) => {}
        Length::None => {
            headers.remove(header::CONTENT_LENGTH);
        }
        Length::Exact(bytes) => {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes));
        }
        Length::Unknown => {
            headers.remove(header::CONTENT_LENGTH);
            // hyper assumes that a GET of unknown length has no body, unless it is told.
            let chunked = HeaderValue::from_static("chunked");
            headers.insert(header::TRANSFER_ENCODING, chunked);
        }
    }
}

fn is_zero(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all(header::CONTENT_LENGTH).iter();
    lines.next().is_some_and(|value| value == "0") && lines.next().is_none()
}

fn via(version: Version) -> HeaderValue {
    HeaderValue::from_static(match version {
        Version::HTTP_09 | Version::HTTP_10 => "1.0 patchwright",
        Version::HTTP_2 => "2.0 patchwright",
        Version::HTTP_3 => "3.0 patchwright",
        _ => "1.1 patchwright",
    })
}

/// RFC 9113 section 8.2.3: HTTP/2 splits cookies into several lines, HTTP/1.1 wants them in one.
fn join_cookies(headers: &mut HeaderMap) {
    let mut lines = headers.get_all(header::COOKIE).iter();
    let (Some(first), Some(second)) = (lines.next(), lines.next()) else {
        return;
    };
    let mut joined = first.as_bytes().to_vec();
    for line in std::iter::once(second).chain(lines) {
        joined.extend_from_slice(b"; ");
        joined.extend_from_slice(line.as_bytes());
    }
    if let Ok(mut joined) = HeaderValue::from_maybe_shared(Bytes::from(joined)) {
        joined.set_sensitive(true);
        headers.insert(header::COOKIE, joined);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(lines: &[(&'static str, &'static str)], length: Length) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        request_headers(&mut headers, Version::HTTP_11, length, None, None);
        headers
    }

    #[test]
    fn path_and_query_are_kept_byte_for_byte() {
        for (base, target, expected) in [
            (
                "https://api.example",
                "/a//b/./../c;d?x=%2f&y=",
                "https://api.example/a//b/./../c;d?x=%2f&y=",
            ),
            ("https://api.example/", "/%41?", "https://api.example/%41?"),
            ("http://h:81/base/", "/a?b", "http://h:81/base/a?b"),
            ("http://h/base", "http://other/a", "http://h/base/a"),
        ] {
            let origin = Origin::new(&base.parse().unwrap()).unwrap();
            let relative = origin.relative(target.parse().unwrap()).unwrap();
            assert_eq!(relative.authority(), None);
            let uri = origin.absolute(&relative).unwrap();
            assert_eq!(uri.to_string(), expected);
        }
    }

    #[test]
    fn a_stale_content_length_never_leaves() {
        for (length, expected) in [
            (Length::Exact(7), Some("7")),
            (Length::Unknown, None),
            (Length::None, None),
        ] {
            let headers = sent(&[("content-length", "2")], length);
            let value = headers.get(header::CONTENT_LENGTH);
            assert_eq!(value.map(|value| value.to_str().unwrap()), expected);
        }
        let headers = sent(&[("content-length", "0")], Length::None);
        assert_eq!(headers[header::CONTENT_LENGTH], "0");
    }

    #[test]
    fn te_is_reduced_to_trailers() {
        let headers = sent(&[("te", "gzip;q=0.5, trailers")], Length::None);
        assert_eq!(headers[header::TE], "trailers");
        assert_eq!(headers[header::CONNECTION], "te");
        let headers = sent(&[("te", "gzip")], Length::None);
        assert!(!headers.contains_key(header::TE));
    }

    #[test]
    fn split_cookies_are_joined() {
        let headers = sent(&[("cookie", "a=1"), ("cookie", "b=2")], Length::None);
        assert_eq!(headers.get_all(header::COOKIE).iter().count(), 1);
        assert_eq!(headers[header::COOKIE], "a=1; b=2");
    }

    #[test]
    fn via_is_appended_and_host_and_expect_stay_here() {
        let headers = sent(
            &[
                ("via", "1.0 fred"),
                ("host", "proxy"),
                ("expect", "100-continue"),
            ],
            Length::None,
        );
        let via: Vec<_> = headers.get_all(header::VIA).iter().collect();
        assert_eq!(via, ["1.0 fred", "1.1 patchwright"]);
        assert_eq!(headers.len(), 2, "{headers:?}");
    }
}
