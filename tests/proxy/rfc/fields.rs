//! RFC 9110 section 5: fields that we don't know are forwarded, in their order, untouched.

use super::{down, up};

/// Fields of a request that are the upstream's business, with the section that says so.
const UP: &[(&str, &str, &str)] = &[
    ("9110 §5.1", "X-Unknown", "a  b,\"c\""),
    ("9110 §5.1", "X_Underscore", "1"),
    ("9110 §11.6.2", "Authorization", "Bearer t==, x=\"y\""),
    ("9110 §11.7.2", "Proxy-Authorization", "Basic x"),
    ("9110 §13.1.1", "If-Match", "\"a\", W/\"b\", *"),
    ("9110 §13.1.2", "If-None-Match", "*"),
    ("9110 §13.1.3", "If-Modified-Since", "not a date"),
    ("9110 §13.1.5", "If-Range", "\"x\""),
    ("9110 §14.2", "Range", "bytes=0-0,-1"),
    ("9110 §12.5.3", "Accept-Encoding", "gzip;q=0, identity"),
    ("9110 §10.1.5", "User-Agent", "x (y; z)"),
    ("9110 §10.1.2", "From", "a@b"),
    ("9111 §5.2", "Cache-Control", "no-cache, x=\"y\""),
    ("9110 §8.4", "Content-Encoding", "x-unknown"),
    ("9530 §2", "Content-Digest", "sha-256=:AAAA:"),
    ("9530 §3", "Repr-Digest", "sha-256=:AAAA:"),
    ("9421 §4", "Signature-Input", "sig1=()"),
    ("7239", "Forwarded", "for=a"),
    ("none", "X-Forwarded-For", "1.2.3.4"),
    ("6265 §5.4", "Cookie", "a=b; c=\"d\""),
];

/// The same of an answer.
const DOWN: &[(&str, &str, &str)] = &[
    ("9110 §5.1", "X-Unknown", "a  b,\"c\""),
    (
        "9110 §11.6.1",
        "WWW-Authenticate",
        "Bearer realm=\"x, y\", Basic",
    ),
    ("9110 §11.7.1", "Proxy-Authenticate", "Basic"),
    ("9110 §10.2.1", "Allow", "GET, BREW"),
    (
        "9110 §10.2.2",
        "Location",
        "http://elsewhere.invalid/../%2F?x#y",
    ),
    ("9110 §8.7", "Content-Location", "/x"),
    ("9110 §8.8.3", "ETag", "W/\"a\""),
    ("9110 §8.8.2", "Last-Modified", "yesterday"),
    ("9110 §6.6.1", "Date", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ("9111 §5.3", "Expires", "0"),
    ("9111 §5.1", "Age", "5"),
    ("9111 §5.2", "Cache-Control", "no-store, no-transform"),
    ("9110 §14.4", "Content-Range", "bytes 0-1/2"),
    ("9110 §14.3", "Accept-Ranges", "bytes"),
    ("9110 §10.2.4", "Server", "x"),
    ("9110 §12.5.5", "Vary", "*"),
    ("9110 §8.4", "Content-Encoding", "x-unknown"),
    ("9530 §2", "Content-Digest", "sha-256=:AAAA:"),
    ("6265 §4.1", "Set-Cookie", "a=b; Path=/; HttpOnly"),
];

fn lines(fields: &[(&str, &str, &str)]) -> String {
    fields
        .iter()
        .map(|(_, name, value)| [name, ": ", value, "\r\n"].concat())
        .collect()
}

#[tokio::test]
async fn a_requests_fields_are_forwarded_as_they_are() {
    let head = up(format!("GET / HTTP/1.1\r\nHost: p\r\n{}\r\n", lines(UP))).await;
    for (section, name, value) in UP {
        assert_eq!(head.one(name), Some(*value), "{section}");
    }
    // Besides them: the start, Host, Via, traceparent, and the empty line.
    assert_eq!(head.0.lines().count(), UP.len() + 5, "{}", head.0);
}

#[tokio::test]
async fn an_answers_fields_are_forwarded_as_they_are() {
    let head = down(format!(
        "HTTP/1.1 206 Partial Content\r\nContent-Length: 0\r\n{}\r\n",
        lines(DOWN)
    ))
    .await;
    for (section, name, value) in DOWN {
        assert_eq!(head.one(name), Some(*value), "{section}");
    }
    assert_eq!(head.0.lines().count(), DOWN.len() + 3, "{}", head.0);
}

/// 9110 §5.3: the order of a field's lines means something.
#[tokio::test]
async fn lines_of_one_field_keep_their_order() {
    let fields = "X-A: 1\r\nX-B: b\r\nx-a: 2, 3\r\nX-C: c\r\nX-A:\r\nX-A: 1\r\n";
    let expected = ["1", "2, 3", "", "1"];
    let head = up(format!("GET / HTTP/1.1\r\nHost: p\r\n{fields}\r\n")).await;
    assert_eq!(head.all("x-a"), expected);
    let head = down(format!(
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n{fields}\r\n"
    ))
    .await;
    assert_eq!(head.all("x-a"), expected);
}

/// 9110 §6.6.1: an answer without a date is given one on its way.
#[tokio::test]
async fn an_answer_without_a_date_gets_one() {
    let head = down("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    assert!(httpdate_like(head.one("date").unwrap()));
}

fn httpdate_like(text: &str) -> bool {
    text.len() == 29 && text.ends_with(" GMT")
}
