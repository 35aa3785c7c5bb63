use http::{HeaderMap, HeaderName, HeaderValue, Version};
use patchwright::upstream::hop::remove_hop_by_hop;
use patchwright::upstream::rewrite::{Length, request_headers};

use super::{Fields, sorted};

/// RFC 9110 section 7.6.1 and RFC 9113 section 8.2.2.
const ONE_HOP: [&str; 7] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
];

/// What no caller can have dropped by naming it in `Connection`.
const PROTECTED: [&str; 5] = [
    "host",
    "authorization",
    "content-length",
    "content-type",
    "via",
];

pub fn check(fields: &Fields, length: Length) {
    let expected = sorted(&kept(fields));
    let mut cleaned = fields.map();
    remove_hop_by_hop(&mut cleaned);
    assert_eq!(sorted(&cleaned), expected, "what is left for the next hop");
    remove_hop_by_hop(&mut cleaned);
    assert_eq!(sorted(&cleaned), expected, "and once more");
    for version in [Version::HTTP_10, Version::HTTP_11, Version::HTTP_2] {
        sent(fields, version, length);
    }
}

/// What is neither for one hop by its name nor named by `Connection`.
fn kept(fields: &Fields) -> HeaderMap {
    let lists = fields.all("connection").join(&b',');
    let nominated: Vec<_> = lists
        .split(|byte| *byte == b',')
        .map(|option| option.trim_ascii().to_ascii_lowercase())
        .collect();
    let stays = |name: &HeaderName| {
        let name = name.as_str();
        let is_nominated = nominated.iter().any(|option| option == name.as_bytes());
        !ONE_HOP.contains(&name) && (!is_nominated || PROTECTED.contains(&name))
    };
    let kept = fields.0.iter().filter(|(name, _)| stays(name));
    kept.cloned().collect()
}

/// The head that goes upstream: framed once and by the body, with our own `Via`, and else what is kept.
fn sent(fields: &Fields, version: Version, length: Length) {
    let mut sent = fields.map();
    request_headers(&mut sent, version, length, None, None);
    let values = |name: &str| {
        sent.get_all(name)
            .iter()
            .map(HeaderValue::as_bytes)
            .collect::<Vec<_>>()
    };
    let (lengths, codings) = (values("content-length"), values("transfer-encoding"));
    match length {
        Length::None => assert!(codings.is_empty() && (lengths.is_empty() || lengths == [b"0"])),
        Length::Exact(bytes) => {
            assert!(codings.is_empty());
            assert_eq!(lengths, [bytes.to_string().as_bytes()]);
        }
        Length::Unknown => assert!(codings == [b"chunked"] && lengths.is_empty()),
    }
    let te = fields.all("te").join(&b',').to_ascii_lowercase();
    let trailers = te
        .split(|byte| *byte == b',')
        .any(|coding| coding.trim_ascii() == b"trailers");
    let expected: &[&[u8]] = if trailers { &[b"trailers"] } else { &[] };
    assert_eq!(values("te"), expected);
    let expected: &[&[u8]] = if trailers { &[b"te"] } else { &[] };
    assert_eq!(values("connection"), expected);

    let mut expected = kept(fields);
    expected.append("via", "1.1 patchwright".parse().unwrap());
    let (ours, earlier) = values("via")
        .split_last()
        .map(|(last, rest)| (*last, rest.to_vec()))
        .unwrap();
    assert_eq!(earlier, fields.all("via"));
    let number = [
        (Version::HTTP_10, "1.0"),
        (Version::HTTP_11, "1.1"),
        (Version::HTTP_2, "2.0"),
    ];
    let (_, number) = number
        .into_iter()
        .find(|(known, _)| *known == version)
        .unwrap();
    assert_eq!(ours, format!("{number} patchwright").as_bytes());

    let cookies: Vec<_> = expected
        .get_all("cookie")
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    let cookies = (!cookies.is_empty()).then(|| cookies.join(&b"; "[..]));
    assert_eq!(
        values("cookie"),
        cookies.iter().map(Vec::as_slice).collect::<Vec<_>>()
    );
    for name in [
        "host",
        "expect",
        "content-length",
        "transfer-encoding",
        "te",
        "connection",
        "via",
        "cookie",
    ] {
        expected.remove(name);
        sent.remove(name);
    }
    assert_eq!(sorted(&sent), sorted(&expected), "everything else");
    for value in sent.values() {
        assert!(!value.as_bytes().iter().any(|byte| b"\r\n\0".contains(byte)));
    }
}
