//! Characters: JSON is UTF-8, whatever is declared. Where a reading could differ nothing is touched.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;

use crate::fake::{Fake, Proxy, WEB, patch};

fn typed(content_type: Option<&str>, body: &[u8]) -> Request<Full<Bytes>> {
    let body = Bytes::copy_from_slice(body);
    let mut request = patch(WEB, "").map(|_| Full::new(body.clone()));
    let headers = request.headers_mut();
    headers.insert("content-length", body.len().into());
    match content_type {
        Some(value) => headers.insert("content-type", value.parse().unwrap()),
        None => headers.remove("content-type"),
    };
    request
}

/// The report, and the request as it was sent.
async fn send(fake: &Fake, content_type: Option<&str>, body: &[u8]) -> (String, crate::fake::Seen) {
    let answer = Proxy::new(fake).send(typed(content_type, body)).await;
    (answer.report, fake.writes().remove(0))
}

async fn is_untouched(content_type: Option<&str>, body: &[u8], reason: &str) {
    let fake = Fake::new("connected");
    let (report, seen) = send(&fake, content_type, body).await;
    let expected = format!("rule=\"web-instance\", outcome=forwarded, reason={reason}");
    assert_eq!(report, expected, "{content_type:?} {body:?}");
    assert_eq!((&seen.bytes[..], fake.lookups()), (body, 0));
    let kept = seen.headers.get("content-type");
    assert_eq!(kept.map(|kept| kept.to_str().unwrap()), content_type);
    assert_eq!(seen.headers["content-length"], body.len().to_string());
}

#[tokio::test]
async fn a_charset_that_is_utf_8_is_no_matter() {
    for content_type in [
        "application/json; charset=utf-8",
        "application/json;charset=\"UTF-8\"",
        "APPLICATION/JSON; CharSet=Utf8",
    ] {
        let fake = Fake::new("connected");
        let body = "{\"é\":\"日本\"}".as_bytes();
        let (_, seen) = send(&fake, Some(content_type), body).await;
        assert_eq!(seen.body, "{\"state\":\"connected\",\"é\":\"日本\"}");
        assert_eq!(seen.headers["content-type"], content_type);
    }
}

#[tokio::test]
async fn what_is_not_utf_8_is_untouched() {
    let utf_16 = |text: &str, big: bool, mark: bool| -> Vec<u8> {
        let mark = mark.then_some(0xfeff);
        let units = mark.into_iter().chain(text.encode_utf16());
        let bytes = units.flat_map(|unit| {
            if big {
                unit.to_be_bytes()
            } else {
                unit.to_le_bytes()
            }
        });
        bytes.collect()
    };
    let utf_32 = |text: &str, big: bool| -> Vec<u8> {
        let chars = text.chars().map(u32::from);
        let bytes = chars.flat_map(|char| {
            if big {
                char.to_be_bytes()
            } else {
                char.to_le_bytes()
            }
        });
        bytes.collect()
    };
    let text = "{\"attributes\":{}}";
    let mut bodies = vec![b"{\"a\":\"\xe9\"}".to_vec(), b"{\"\xff\":1}".to_vec()];
    for big in [true, false] {
        bodies.extend([utf_16(text, big, true), utf_16(text, big, false)]);
        bodies.extend([utf_32(text, big), utf_32(&format!("\u{feff}{text}"), big)]);
    }
    for body in bodies {
        for content_type in [
            None,
            Some("text/plain"),
            Some("application/json"),
            Some("application/json; charset=utf-8"),
        ] {
            is_untouched(content_type, &body, "not_json").await;
        }
        // Declared it is no better, nor is it where something else is declared.
        for charset in ["utf-16", "UTF-16LE", "utf-32", "iso-8859-1", "windows-1252"] {
            let content_type = format!("application/json; charset={charset}");
            let is_wide = body.is_ascii() && content_type.contains("8859")
                || body.is_ascii() && charset.starts_with("windows");
            is_untouched(
                Some(&content_type),
                &body,
                if is_wide { "not_json" } else { "coding" },
            )
            .await;
        }
    }
}

#[tokio::test]
async fn ascii_under_a_superset_of_ascii_is_repaired() {
    for (charset, kept) in [
        ("iso-8859-1", true),
        ("Windows-1252", true),
        ("us-ascii", true),
        ("\"koi8-r\"", true),
    ] {
        for (media, kept) in [("application/json", kept), ("text/plain", false)] {
            let fake = Fake::new("connected");
            let content_type = format!("{media}; charset={charset}");
            let (report, seen) = send(&fake, Some(&content_type), b"{\"a\":\"\\u00e9\"}").await;
            assert!(report.contains("outcome=repaired"), "{report}");
            assert_eq!(seen.body, "{\"state\":\"connected\",\"a\":\"\\u00e9\"}");
            let expected = if kept {
                content_type.as_str()
            } else {
                "application/json"
            };
            assert_eq!(seen.headers["content-type"], expected);
        }
    }
}

#[tokio::test]
async fn what_is_filled_under_a_superset_of_ascii_is_ascii() {
    let fake = Fake::default();
    fake.conversation(r#"{"participants":[{"id":"p1","state":"é\"日😀"}]}"#);
    let (_, seen) = send(&fake, Some("application/json; charset=latin1"), b"{}").await;
    assert_eq!(seen.body, r#"{"state":"\u00e9\"\u65e5\ud83d\ude00"}"#);
    let fake = Fake::default();
    fake.conversation(r#"{"participants":[{"id":"p1","state":"é\"日😀"}]}"#);
    let (_, seen) = send(&fake, Some("application/json"), b"{}").await;
    assert_eq!(seen.body, r#"{"state":"é\"日😀"}"#);
}

#[tokio::test]
async fn bytes_beyond_ascii_under_another_charset_are_untouched() {
    for charset in ["iso-8859-1", "windows-1252", "us-ascii", "gbk"] {
        for media in ["application/json", "text/plain"] {
            let content_type = format!("{media}; charset={charset}");
            // As that charset has it, as UTF-8 has it, and a byte-order mark.
            for body in [
                &b"{\"a\":\"\xe9\"}"[..],
                "{\"a\":\"é\"}".as_bytes(),
                b"\xef\xbb\xbf{}",
            ] {
                is_untouched(Some(&content_type), body, "coding").await;
            }
        }
    }
}

#[tokio::test]
async fn a_charset_that_is_unknown_or_wide_is_untouched() {
    for charset in [
        "utf-16",
        "utf-32be",
        "ebcdic-cp-us",
        "ibm037",
        "shift_jis",
        "utf-7",
        "made-up",
    ] {
        for media in ["application/json", "text/plain"] {
            let content_type = format!("{media}; charset={charset}");
            is_untouched(Some(&content_type), b"{}", "coding").await;
        }
    }
}

#[cfg(feature = "coding")]
#[tokio::test]
async fn it_is_the_text_that_is_in_a_charset_and_not_its_coding() {
    for (body, reason) in [(&b"{}"[..], None), (b"{\"a\":\"\xe9\"}", Some("coding"))] {
        let fake = Fake::new("connected");
        let coded = crate::coder::gzip(body);
        let mut request = typed(Some("application/json; charset=latin1"), &coded);
        request
            .headers_mut()
            .insert("content-encoding", "gzip".parse().unwrap());
        let answer = Proxy::new(&fake).send(request).await;
        match reason {
            None => assert_eq!(fake.bodies(), [r#"{"state":"connected"}"#]),
            Some(reason) => {
                assert!(
                    answer.says(&format!("reason={reason}")),
                    "{}",
                    answer.report
                );
                assert_eq!(fake.writes()[0].bytes, coded);
            }
        }
    }
}
