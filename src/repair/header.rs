//! Header repairs: `Content-Type` for a JSON object, and what must go once the bytes have changed.

use http::header::{self, HeaderMap, HeaderName};

/// Media types that clients send by default whatever the body is: curl's and PowerShell's form type,
/// and the fallbacks of HTTP libraries.
const CLIENT_DEFAULTS: [&str; 3] = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/octet-stream",
];

/// Fields that describe the bytes as they were. A stale `Content-Length` is the worst of them: hyper
/// then truncates the body on HTTP/1.1 without an error. `Trailer` announces what no longer follows.
const DESCRIBES_THE_BYTES: [HeaderName; 7] = [
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::TRAILER,
    HeaderName::from_static("content-md5"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("repr-digest"),
];

/// RFC 9421 section 4.1. A name that was looked at once needs not be looked at for each request.
static SIGNATURE_INPUT: HeaderName = HeaderName::from_static("signature-input");

/// Components of an RFC 9421 signature that a repair may change.
const SIGNED_CONTENT: [&str; 9] = [
    "\"content-digest\"",
    "\"repr-digest\"",
    "\"digest\"",
    "\"content-md5\"",
    "\"content-length\"",
    "\"content-type\"",
    "\"content-encoding\"",
    "\"transfer-encoding\"",
    "\"trailer\"",
];

/// Components of an RFC 9421 signature that sending a request elsewhere, with another method or without a
/// precondition changes (section 2.2).
const SIGNED_TARGET: [&str; 6] = [
    "\"@method\"",
    "\"@target-uri\"",
    "\"@request-target\"",
    "\"@path\"",
    "\"if-match\"",
    "\"if-unmodified-since\"",
];

/// Components of an RFC 9421 signature that going on with a trace changes.
const SIGNED_TRACE: [&str; 2] = ["\"traceparent\"", "\"tracestate\""];

/// Whether `Content-Type` is to be set on a JSON object: it is absent, empty, or a client's default.
/// A type that somebody chose is kept, unless it is one of `mistyped`, and so are several.
pub fn misses_content_type(headers: &HeaderMap, mistyped: &[String]) -> bool {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let Some(value) = values.next() else {
        return true;
    };
    if values.next().is_some() {
        return false;
    }
    // What nearly all callers send, and no client's default.
    if value.as_bytes() == b"application/json" && mistyped.is_empty() {
        return false;
    }
    let Ok(value) = value.to_str() else {
        return false;
    };
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.is_empty()
        || CLIENT_DEFAULTS
            .into_iter()
            .chain(mistyped.iter().map(String::as_str))
            .any(|known| essence.eq_ignore_ascii_case(known))
}

/// Removes every field that describes the bytes of the body, after they were edited.
pub fn forget_the_bytes(headers: &mut HeaderMap) {
    // Most are not there, and most of what is there is of no such length. To look each up takes its hash.
    let of_such_length = |name: &&HeaderName| matches!(name.as_str().len(), 6 | 7 | 11 | 14 | 17);
    let describes = |name: &&HeaderName| DESCRIBES_THE_BYTES.contains(name);
    while let Some(name) = headers.keys().filter(of_such_length).find(describes) {
        let name = name.clone();
        headers.remove(name);
    }
}

/// Whether a message signature (RFC 9421) covers the content, its digest or its type: an edit would
/// break it.
pub fn signs_the_content(headers: &HeaderMap) -> bool {
    // Section 2.1.4: a trailer field. An edit drops the trailers.
    signs(headers, |value| {
        covers(value, &SIGNED_CONTENT) || value.replace(' ', "").contains(";tr")
    })
}

/// Whether a message signature covers the method or the target: sending the request elsewhere would
/// break it.
pub fn signs_the_target(headers: &HeaderMap) -> bool {
    signs(headers, |value| covers(value, &SIGNED_TARGET))
}

/// Whether a message signature covers the trace that the request belongs to: another span as the parent would
/// break it.
pub fn signs_the_trace(headers: &HeaderMap) -> bool {
    signs(headers, |value| covers(value, &SIGNED_TRACE))
}

fn signs(headers: &HeaderMap, covers: impl Fn(&str) -> bool) -> bool {
    let mut values = headers.get_all(&SIGNATURE_INPUT).iter();
    values.any(|value| {
        let value = value.to_str().map(str::to_ascii_lowercase);
        value.map_or(true, |value| covers(&value))
    })
}

fn covers(value: &str, components: &[&str]) -> bool {
    components.iter().any(|component| value.contains(component))
}

/// Whether the body has a coding other than `identity` (RFC 9110 section 8.4).
pub fn is_coded(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .any(|value| {
            let text = value.to_str().unwrap_or("unreadable");
            text.split(',')
                .map(str::trim)
                .any(|coding| !(coding.is_empty() || coding.eq_ignore_ascii_case("identity")))
        })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(name: &'static str, values: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn a_content_type_is_set_where_none_was_chosen() {
        for (values, misses) in [
            (&[][..], true),
            (&[""], true),
            (&["text/plain"], true),
            (&["Text/Plain; charset=utf-8"], true),
            (&["application/x-www-form-urlencoded"], true),
            (&["application/octet-stream"], true),
            (&["application/json"], false),
            (&["application/json; charset=utf-8"], false),
            (&["application/json-patch+json"], false),
            (&["application/vnd.api+json"], false),
            (&["text/plain", "application/json"], false),
        ] {
            assert_eq!(
                misses_content_type(&headers("content-type", values), &[]),
                misses,
                "{values:?}"
            );
        }
    }

    #[test]
    fn only_signatures_over_the_content_forbid_a_repair() {
        for (value, signed) in [
            (
                r#"sig1=("@method" "@path" "authorization");created=1"#,
                false,
            ),
            (r#"sig1=("@method" "content-digest");created=1"#, true),
            (r#"a=("@path"), b=("Content-Type")"#, true),
            (r#"a=("trailer")"#, true),
            (r#"a=("expires"; tr)"#, true),
        ] {
            assert_eq!(
                signs_the_content(&headers("signature-input", &[value])),
                signed,
                "{value}"
            );
        }
        assert!(!signs_the_content(&HeaderMap::new()));
        for (value, signed) in [
            (r#"sig1=("@method" "authorization")"#, true),
            (r#"sig1=("@Path")"#, true),
            (r#"sig1=("if-match")"#, true),
            (r#"sig1=("@authority" "date")"#, false),
        ] {
            let headers = headers("signature-input", &[value]);
            assert_eq!(signs_the_target(&headers), signed, "{value}");
        }
    }

    #[test]
    fn identity_is_no_coding() {
        for (values, coded) in [
            (&[][..], false),
            (&["identity"], false),
            (&["Identity, "], false),
            (&["gzip"], true),
            (&["identity", "br"], true),
            (&["made-up"], true),
        ] {
            assert_eq!(
                is_coded(&headers("content-encoding", values)),
                coded,
                "{values:?}"
            );
        }
    }

    #[test]
    fn every_field_about_the_bytes_goes() {
        for name in &DESCRIBES_THE_BYTES {
            let mut fields = HeaderMap::new();
            for value in ["1", "2"] {
                fields.append(name, HeaderValue::from_static(value));
            }
            forget_the_bytes(&mut fields);
            assert!(fields.is_empty(), "{name}");
        }
    }

    #[test]
    fn fields_about_the_bytes_go_and_others_stay() {
        let mut fields = headers("content-length", &["2"]);
        fields.insert("repr-digest", HeaderValue::from_static("sha-256=:x:"));
        fields.insert("digest", HeaderValue::from_static("sha-256=x"));
        fields.insert("etag", HeaderValue::from_static("\"1\""));
        forget_the_bytes(&mut fields);
        assert_eq!(
            fields.keys().map(HeaderName::as_str).collect::<Vec<_>>(),
            ["etag"]
        );
    }
}
