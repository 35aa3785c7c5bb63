//! Reads JSON as far as the strict demands look at it.
//!
//! A strict server still takes every RFC 8259 text, also what no `serde_json::Value` can hold: `1e400`,
//! a lone `\ud800`, nesting without end. So members are found as spans of text, and only those of
//! interest are decoded.

use serde::de::IgnoredAny;
use serde_json::Value;

const WHITESPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// The members of an object in their order, each value as its text.
pub(super) type Members<'a> = Vec<(String, &'a str)>;

/// `None` when the text is not strict JSON, or not an object.
pub(super) fn members(text: &str) -> Option<Members<'_>> {
    // Checks the whole text; the walk below may then take the grammar for granted.
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    let mut rest = text.trim_start_matches(WHITESPACE).strip_prefix('{')?;
    let mut members = Vec::new();
    loop {
        rest = rest.trim_start_matches(WHITESPACE);
        if rest.starts_with('}') {
            return Some(members);
        }
        if let Some(after) = rest.strip_prefix(',') {
            rest = after;
            continue;
        }
        let (name, after) = split_value(rest)?;
        let after = after.trim_start_matches(WHITESPACE).strip_prefix(':')?;
        let (value, after) = split_value(after)?;
        members.push((string(name).unwrap_or_else(|| name.to_owned()), value));
        rest = after;
    }
}

/// The member's text; the last one wins, and `null` counts as absent.
pub(super) fn member<'a>(members: &Members<'a>, name: &str) -> Option<&'a str> {
    let (_, text) = members.iter().rev().find(|(other, _)| other == name)?;
    (*text != "null").then_some(*text)
}

/// The text as a string, if it is one that has a decoded form.
pub(super) fn string(text: &str) -> Option<String> {
    serde_json::from_str(text).ok()
}

/// The text as a value; one that cannot be held becomes a string of its spelling.
pub(super) fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

fn split_value(text: &str) -> Option<(&str, &str)> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    let (value, rest) = text.split_at_checked(values.byte_offset())?;
    Some((value.trim_start_matches(WHITESPACE), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_in_any_strict_json_text() {
        let text = " {\"a\" : 1e400 ,\r\n\"\\u0062\":\"\\ud800\",\"\\ud800\":[{\"x\":\"}\"}],\"é\":true,\"n\":-0.1e+5}\n";
        let expected = [
            ("a", "1e400"),
            ("b", "\"\\ud800\""),
            ("\"\\ud800\"", "[{\"x\":\"}\"}]"),
            ("é", "true"),
            ("n", "-0.1e+5"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value));
        assert_eq!(members(text).unwrap(), expected);
        assert_eq!(members("{}").unwrap(), []);
    }

    #[test]
    fn what_is_not_an_object_in_strict_json_has_no_members() {
        for text in [
            "",
            "[]",
            "1",
            "null",
            "{\"a\":1,}",
            "{\"a\":1} x",
            "{a:1}",
            "{\"a\":01}",
            "\u{feff}{}",
            "{\"a\":NaN}",
        ] {
            assert_eq!(members(text), None, "{text}");
        }
    }

    #[test]
    fn nesting_has_no_bottom_to_hit() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(250_000), "]".repeat(250_000));
        assert_eq!(members(&deep).unwrap().len(), 1);
    }

    #[test]
    fn the_last_of_two_members_wins_and_null_is_absent() {
        let found = members("{\"a\":1,\"a\":2,\"b\":3,\"b\":null}").unwrap();
        assert_eq!(member(&found, "a"), Some("2"));
        assert_eq!(member(&found, "b"), None);
        assert_eq!(member(&found, "c"), None);
    }
}
