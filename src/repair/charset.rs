//! In which characters a caller says that its body is written.
//!
//! JSON on the wire is UTF-8 (RFC 8259 section 8.1) and its media type has no `charset`, but clients write
//! one, and some servers heed it. So a body is repaired only where its bytes, and those that are added,
//! mean the same in either reading.

use http::header::{CONTENT_TYPE, HeaderMap};

/// What a declared charset means for bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Charset {
    /// UTF-8, or nothing is declared.
    #[default]
    Utf8,
    /// Bytes up to 0x7f are ASCII; others are not known to be what they are in UTF-8.
    AsciiSuperset,
    /// Even those may be something else, or what they are is not known here.
    Other,
}

/// Names of charsets in which the bytes of ASCII are ASCII wherever they stand, and their families by
/// their beginnings. Not among them, though one might think so: `Shift_JIS` (its 0x5c is a yen sign to some,
/// and the second half of a character to others), ISO-2022 and UTF-7, which shift, and IBM's EBCDIC.
const SUPERSETS: [&str; 25] = [
    "us-ascii",
    "ascii",
    "ansi_x3.4-1968",
    "iso646-us",
    "latin1",
    "l1",
    "macintosh",
    "koi8-r",
    "koi8-u",
    "tis-620",
    "euc-jp",
    "euc-kr",
    "gb2312",
    "gbk",
    "gb18030",
    "big5",
    "cp437",
    "ibm437",
    "cp850",
    "windows-874",
    "ibm850",
    "cp852",
    "ibm852",
    "cp866",
    "ibm866",
];
const FAMILIES: [&str; 4] = ["iso-8859-", "iso8859-", "windows-125", "cp125"];

impl Charset {
    /// What `Content-Type` declares. Of several declarations the worst counts: which of them a reader
    /// would heed is not known.
    pub fn declared(headers: &HeaderMap) -> Self {
        let values = headers.get_all(CONTENT_TYPE).iter();
        let charsets = values.map(|value| match value.to_str() {
            Ok(text) => Self::in_type(text),
            Err(_) if contains_charset(value.as_bytes()) => Self::Other,
            Err(_) => Self::Utf8,
        });
        charsets.max().unwrap_or_default()
    }

    fn in_type(value: &str) -> Self {
        // A quoted string may hold a semicolon (RFC 9110 section 5.6.6). What it cuts in two is no charset
        // that is known here, so nothing worse follows than a body that is left alone.
        let charsets = value.split(';').skip(1).filter_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            let is_charset = name.trim().eq_ignore_ascii_case("charset");
            is_charset.then(|| Self::named(value.trim()))
        });
        charsets.max().unwrap_or_default()
    }

    fn named(value: &str) -> Self {
        let unquoted = value
            .strip_prefix('"')
            .and_then(|value| value.strip_suffix('"'));
        let name = unquoted.unwrap_or(value).trim().to_ascii_lowercase();
        if matches!(name.as_str(), "" | "utf-8" | "utf8") {
            return Self::Utf8;
        }
        let is_superset = SUPERSETS.contains(&name.as_str())
            || FAMILIES.iter().any(|family| is_member(&name, family));
        if is_superset {
            Self::AsciiSuperset
        } else {
            Self::Other
        }
    }

    /// Whether a body in this charset reads the same as UTF-8.
    pub fn agrees_on(self, body: &[u8]) -> bool {
        match self {
            Self::Utf8 => true,
            Self::AsciiSuperset => body.is_ascii(),
            Self::Other => false,
        }
    }
}

/// Whether `name` is that of a family, and a number.
fn is_member(name: &str, family: &str) -> bool {
    name.strip_prefix(family).is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn contains_charset(value: &[u8]) -> bool {
    let word = b"charset";
    value
        .windows(word.len())
        .any(|window| window.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn declared(values: &[&[u8]]) -> Charset {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(CONTENT_TYPE, HeaderValue::from_bytes(value).unwrap());
        }
        Charset::declared(&headers)
    }

    #[test]
    fn utf_8_in_any_spelling_is_what_json_is() {
        for value in [
            "application/json",
            "application/json; charset=utf-8",
            "application/json;charset=UTF-8",
            "application/json; Charset=\"Utf-8\"",
            "application/json; charset = utf8 ; v=1",
            "application/json; charset=",
            "application/json; charset=\"\"",
            "text/plain; x=charset",
            "",
        ] {
            assert_eq!(declared(&[value.as_bytes()]), Charset::Utf8, "{value}");
        }
        assert_eq!(declared(&[]), Charset::Utf8);
        assert_eq!(declared(&[b"text/\xe9"]), Charset::Utf8);
    }

    #[test]
    fn supersets_of_ascii_are_told_from_what_only_looks_like_it() {
        for name in [
            "iso-8859-1",
            "ISO-8859-15",
            "\"Latin1\"",
            "us-ascii",
            "windows-1252",
            "cp1250",
            "koi8-r",
            "euc-jp",
            "gb18030",
            "big5",
        ] {
            let value = format!("text/plain; charset={name}");
            assert_eq!(
                declared(&[value.as_bytes()]),
                Charset::AsciiSuperset,
                "{name}"
            );
        }
        for name in [
            "utf-16",
            "UTF-16LE",
            "utf-32",
            "utf-7",
            "shift_jis",
            "iso-2022-jp",
            "ebcdic-cp-us",
            "ibm037",
            "cp037",
            "iso-8859-",
            "iso-8859-1x",
            "windows-31j",
            "windows-932",
            "x-user-defined",
            "\"utf-8",
            "'utf-8'",
            "utf-8,latin1",
        ] {
            let value = format!("text/plain; charset={name}");
            assert_eq!(declared(&[value.as_bytes()]), Charset::Other, "{name}");
        }
        assert_eq!(declared(&[b"text/\xe9; charset=utf-8"]), Charset::Other);
    }

    #[test]
    fn of_several_declarations_the_worst_counts() {
        let json: &[u8] = b"application/json; charset=utf-8";
        let latin: &[u8] = b"application/json; charset=latin1";
        assert_eq!(declared(&[json, latin]), Charset::AsciiSuperset);
        assert_eq!(declared(&[latin, json]), Charset::AsciiSuperset);
        assert_eq!(
            declared(&[b"a/b; charset=utf-8; charset=utf-16"]),
            Charset::Other
        );
        assert_eq!(
            declared(&[b"a/b; charset=utf-16; charset=utf-8"]),
            Charset::Other
        );
    }

    #[test]
    fn only_bytes_that_read_the_same_agree() {
        for (charset, ascii, beyond) in [
            (Charset::Utf8, true, true),
            (Charset::AsciiSuperset, true, false),
            (Charset::Other, false, false),
        ] {
            assert_eq!(charset.agrees_on(b"{\"a\":1}"), ascii);
            assert_eq!(charset.agrees_on("{\"é\":1}".as_bytes()), beyond);
        }
    }
}
