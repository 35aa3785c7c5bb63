//! What becomes of the head of an answer on its way back. Pure.

use http::header::{self, HeaderMap, HeaderValue};

use super::hop;
use crate::fields::Fields;

/// Makes an answer's head one of ours. `false` where its framing is one that we can't vouch for.
pub(super) fn clean(headers: &mut HeaderMap) -> bool {
    let fields = Fields::of(headers);
    let framed = !fields.has(Fields::TRANSFER_ENCODING) || is_framed(headers);
    if fields.has(Fields::CONTENT_LENGTH) {
        single_length(headers, fields.has(Fields::TRANSFER_ENCODING));
    }
    if fields.has(Fields::HOP_BY_HOP) {
        hop::remove_hop_by_hop(headers);
    }
    framed
}

/// Whether the framing of an answer is one that we can vouch for. hyper reads one with an unknown
/// transfer coding up to the end of the connection and passes the coded bytes on as content.
fn is_framed(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => true,
        (Some(one), None) => one.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => false,
    }
}

/// Leaves at most one `Content-Length` in an answer's head, and none beside a `Transfer-Encoding`.
///
/// RFC 9112 section 6.3: chunked wins, and whoever forwards removes the other. hyper's client reads such
/// an answer so, and its server would go by the length. RFC 9110 section 8.6: the same number several
/// times is made one; that the numbers agree hyper has seen to where there is content.
fn single_length(headers: &mut HeaderMap, coded: bool) {
    if coded {
        headers.remove(header::CONTENT_LENGTH);
        return;
    }
    let mut lines = headers.get_all(header::CONTENT_LENGTH).iter();
    let (Some(first), second) = (lines.next(), lines.next()) else {
        return;
    };
    if second.is_none() && first.as_bytes().iter().all(u8::is_ascii_digit) {
        return;
    }
    let mut lengths = headers
        .get_all(header::CONTENT_LENGTH)
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .map(|length| {
            str::from_utf8(length.trim_ascii())
                .ok()?
                .parse::<u64>()
                .ok()
        });
    let first = lengths.next().flatten();
    let length = first.filter(|_| lengths.all(|length| length == first));
    match length {
        Some(length) => headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length)),
        None => headers.remove(header::CONTENT_LENGTH),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_chunked_is_a_framing_that_we_know() {
        for (codings, framed) in [
            (&[][..], true),
            (&["chunked"][..], true),
            (&["Chunked "][..], true),
            (&["gzip, chunked"][..], false),
            (&["chunked", "chunked"][..], false),
            (&["identity"][..], false),
        ] {
            let mut headers = HeaderMap::new();
            for coding in codings {
                let coding = HeaderValue::from_static(coding);
                headers.append(header::TRANSFER_ENCODING, coding);
            }
            assert_eq!(clean(&mut headers), framed, "{codings:?}");
            assert!(headers.is_empty(), "{codings:?}");
        }
    }

    #[test]
    fn an_answer_has_one_length_at_most() {
        for (lines, expected) in [
            (&[("content-length", "5")][..], Some("5")),
            (&[("content-length", "5, 5")], Some("5")),
            (
                &[("content-length", "5"), ("content-length", "05")],
                Some("5"),
            ),
            (&[("content-length", "5"), ("content-length", "6")], None),
            (&[("content-length", "5,")], None),
            (&[("content-length", "x")], None),
            (
                &[("content-length", "5"), ("transfer-encoding", "chunked")],
                None,
            ),
            (&[], None),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                headers.append(*name, HeaderValue::from_static(value));
            }
            clean(&mut headers);
            let left: Vec<_> = headers.get_all(header::CONTENT_LENGTH).iter().collect();
            assert_eq!(left, Vec::from_iter(expected), "{lines:?}");
        }
    }
}
