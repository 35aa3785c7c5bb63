//! A second opinion on JSON: slow, on top of `serde_json`, and written apart from the code that it judges.

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, Visitor};

const SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// Whether `bytes` are strict RFC 8259 text in UTF-8, however deep it is nested.
pub fn text(bytes: &[u8]) -> Option<&str> {
    let text = str::from_utf8(bytes).ok()?;
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    Some(text.trim_matches(SPACE))
}

/// The members of an object in their order, duplicates included, each value as its text. `None` where the
/// value, which has to be valid, is no object.
pub fn members(object: &str) -> Option<Vec<(Name, &str)>> {
    let mut rest = object.trim_start_matches(SPACE).strip_prefix('{')?;
    let mut members = Vec::new();
    loop {
        rest = rest.trim_start_matches(SPACE);
        if rest.starts_with('}') {
            return Some(members);
        }
        if let Some(after) = rest.strip_prefix(',') {
            rest = after;
            continue;
        }
        let (name, after) = split_value(rest);
        let colon = after.trim_start_matches(SPACE).strip_prefix(':').unwrap();
        let (value, after) = split_value(colon);
        members.push((serde_json::from_str(name).unwrap(), value));
        rest = after;
    }
}

/// The string that a value is.
pub fn string(value: &str) -> Option<String> {
    serde_json::from_str(value).ok()
}

/// A string as JSON writes it.
pub fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn split_value(text: &str) -> (&str, &str) {
    let text = text.trim_start_matches(SPACE);
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    values.next().unwrap().unwrap();
    text.split_at(values.byte_offset())
}

/// A decoded name; half a surrogate pair, which no Rust string holds, is three bytes of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(Vec<u8>);

impl Name {
    pub fn is(&self, text: &str) -> bool {
        self.0 == text.as_bytes()
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(text: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Name;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string")
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Name, E> {
                Ok(Name(bytes.to_vec()))
            }
        }
        text.deserialize_bytes(Bytes)
    }
}
