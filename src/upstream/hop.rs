//! Fields that mean one hop only.

use http::header::{self, HeaderMap, HeaderName};

use crate::fields::Fields;

fn is_hop_by_hop(name: &HeaderName) -> bool {
    Fields::named(name.as_str()).has(Fields::HOP_BY_HOP)
}

/// Fields that no `Connection` can declare to be hop-by-hop: a caller that could make us drop them could
/// change what the message means, or who sends it, behind the back of everything before us.
///
/// They are kept, and the message is not refused for it: to ignore what a sender must not say is safe,
/// and a caller that says it of its own request harms nobody else.
const PROTECTED: [HeaderName; 9] = [
    header::HOST,
    header::AUTHORIZATION,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::VIA,
    // RFC 9110 sections 11.6.1 and 10.2.1: never modified.
    header::WWW_AUTHENTICATE,
    header::ALLOW,
];

/// Fields that must not come as trailers (RFC 9110 section 6.5.1). A recipient that merges trailers into
/// the head, as some do, would take them at their word.
const NOT_IN_TRAILERS: [HeaderName; 37] = [
    // Framing, beside what is hop-by-hop.
    header::CONTENT_LENGTH,
    header::TRAILER,
    header::VIA,
    // Routing.
    header::HOST,
    header::MAX_FORWARDS,
    header::FORWARDED,
    // What the request asks, and on which condition.
    header::CACHE_CONTROL,
    header::PRAGMA,
    header::EXPECT,
    header::RANGE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_UNMODIFIED_SINCE,
    header::IF_RANGE,
    // Who asks.
    header::AUTHORIZATION,
    header::PROXY_AUTHORIZATION,
    header::WWW_AUTHENTICATE,
    header::PROXY_AUTHENTICATE,
    header::COOKIE,
    header::SET_COOKIE,
    // What becomes of the answer.
    header::AGE,
    header::EXPIRES,
    header::DATE,
    header::LOCATION,
    header::RETRY_AFTER,
    header::VARY,
    header::WARNING,
    header::ALLOW,
    // How the content is to be read, which by then it has been.
    header::CONTENT_ENCODING,
    header::CONTENT_TYPE,
    header::CONTENT_RANGE,
    header::CONTENT_LANGUAGE,
    header::CONTENT_LOCATION,
    header::STRICT_TRANSPORT_SECURITY,
    header::ACCESS_CONTROL_ALLOW_ORIGIN,
    header::CONTENT_SECURITY_POLICY,
];

/// Removes what was meant for us alone, on requests and responses alike.
pub fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let nominated = connection_options(headers)
        .filter_map(|option| HeaderName::from_bytes(option).ok())
        .filter(|name| !PROTECTED.contains(name));
    let listed = headers.keys().filter(|name| is_hop_by_hop(name)).cloned();
    for name in nominated.chain(listed).collect::<Vec<_>>() {
        headers.remove(name);
    }
}

/// Removes from trailers what may not stand there.
pub(super) fn clean_trailers(trailers: &mut HeaderMap) {
    let listed = trailers
        .keys()
        .filter(|name| is_hop_by_hop(name) || NOT_IN_TRAILERS.contains(name));
    for name in listed.cloned().collect::<Vec<_>>() {
        trailers.remove(name);
    }
}

/// Whether `Connection` lists `option`.
pub(super) fn has_connection_option(headers: &HeaderMap, option: &str) -> bool {
    connection_options(headers).any(|listed| listed.eq_ignore_ascii_case(option.as_bytes()))
}

/// Whether the sender reads trailers: the one value of `TE` that is passed on.
pub(super) fn takes_trailers(headers: &HeaderMap) -> bool {
    elements(headers, header::TE).any(|coding| coding.eq_ignore_ascii_case(b"trailers"))
}

fn connection_options(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    elements(headers, header::CONNECTION)
}

/// The elements of a list field, as bytes: field values need not be UTF-8 (hyper#4019).
fn elements(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &[u8]> {
    headers
        .get_all(name)
        .into_iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|element| !element.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(lines: &[(&'static str, &[u8])]) -> HeaderMap {
        lines
            .iter()
            .map(|(name, value)| {
                let value = HeaderValue::from_bytes(value).unwrap();
                (HeaderName::from_static(name), value)
            })
            .collect()
    }

    #[test]
    fn each_is_seen_when_it_is_alone() {
        assert!(!headers(&[("x-kept", b"1")]).keys().any(is_hop_by_hop));
        for name in [
            "connection",
            "keep-alive",
            "proxy-connection",
            "te",
            "transfer-encoding",
            "upgrade",
            "http2-settings",
        ] {
            let mut fields = headers(&[(name, b"1")]);
            assert!(fields.keys().all(is_hop_by_hop), "{fields:?}");
            remove_hop_by_hop(&mut fields);
            assert!(fields.is_empty(), "{fields:?}");
        }
    }

    #[test]
    fn nominated_and_listed_fields_go_and_the_rest_stays_in_order() {
        let mut fields = headers(&[
            ("connection", b"close, X-Private"),
            ("connection", b" ,x-second"),
            ("x-private", b"1"),
            ("x-second", b"2"),
            ("keep-alive", b"timeout=5"),
            ("proxy-connection", b"keep-alive"),
            ("te", b"gzip"),
            ("transfer-encoding", b"chunked"),
            ("upgrade", b"h2c"),
            ("http2-settings", b"AAMAAABk"),
            ("proxy-authorization", b"kept"),
        ]);
        fields.append("x-kept", HeaderValue::from_static("one"));
        fields.append("x-kept", HeaderValue::from_static("two"));
        remove_hop_by_hop(&mut fields);
        let left: Vec<_> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        assert_eq!(
            left,
            [
                ("proxy-authorization", "kept"),
                ("x-kept", "one"),
                ("x-kept", "two")
            ]
        );
    }

    #[test]
    fn connection_cannot_remove_what_the_message_hangs_on() {
        let mut fields = headers(&[
            (
                "connection",
                b"authorization, HOST, content-length, content-type, via",
            ),
            ("authorization", b"Bearer x"),
            ("host", b"a"),
            ("content-length", b"2"),
            ("content-type", b"application/json"),
            ("via", b"1.1 a"),
        ]);
        remove_hop_by_hop(&mut fields);
        assert_eq!(fields.len(), 5, "{fields:?}");
    }

    #[test]
    fn a_connection_that_is_not_utf8_is_no_trouble() {
        let mut fields = headers(&[("connection", b"\xff\xfe, x-gone"), ("x-gone", b"1")]);
        remove_hop_by_hop(&mut fields);
        assert!(fields.is_empty(), "{fields:?}");
    }

    #[test]
    fn trailers_lose_framing_and_keep_the_rest() {
        let mut trailers = headers(&[
            ("x-checksum", b"1"),
            ("content-length", b"9"),
            ("transfer-encoding", b"chunked"),
            ("authorization", b"Bearer x"),
        ]);
        clean_trailers(&mut trailers);
        assert_eq!(trailers.len(), 1);
        assert!(trailers.contains_key("x-checksum"));
    }
}
