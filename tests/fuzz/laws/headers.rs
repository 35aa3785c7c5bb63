//! Header fields: what is meant for one hop ends here, framing is decided once, and what is said about a
//! repair can be read.
//!
//! A case is lines `rule NAME`, `filled POINTER` and `age MILLISECONDS` of a report, `length none`,
//! `length unknown` or `length BYTES` of a body and `now SECONDS` of the clock, each optional; an empty line;
//! and `name: value` per line.

mod content;
mod hop;
mod report;
mod retry_after;

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue};
use patchwright::upstream::rewrite::Length;

use super::head_and_body;

/// See the module.
pub fn check(data: &[u8]) -> Option<()> {
    let (lines, fields) = head_and_body(data)?;
    let (mut rule, mut filled, mut age) = ("", Vec::new(), None);
    let (mut length, mut now) = (Length::None, SystemTime::UNIX_EPOCH);
    for line in lines {
        let (word, rest) = line.split_once(' ')?;
        match (word, rest) {
            ("rule", name) => rule = name,
            ("filled", pointer) => filled.push(pointer),
            ("age", age_ms) => age = Some(Duration::from_millis(age_ms.parse().ok()?)),
            ("length", "none") => length = Length::None,
            ("length", "unknown") => length = Length::Unknown,
            ("length", bytes) => length = Length::Exact(bytes.parse().ok()?),
            ("now", seconds) => {
                now = SystemTime::UNIX_EPOCH
                    .checked_add(Duration::from_secs(seconds.parse().ok()?))?;
            }
            _ => return None,
        }
    }
    let fields = Fields::parse(fields);
    report::check(rule, &filled, age);
    retry_after::check(&fields, now);
    content::check(&fields);
    hop::check(&fields, length);
    Some(())
}

/// Header fields in the order of their lines.
struct Fields(Vec<(HeaderName, HeaderValue)>);

impl Fields {
    /// Lines that are no field are left out: hyper would not have let them through.
    fn parse(text: &[u8]) -> Self {
        let fields = text.split(|byte| *byte == b'\n').filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let name = HeaderName::from_bytes(&line[..colon]).ok()?;
            let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
            Some((name, value))
        });
        Self(fields.collect())
    }

    fn map(&self) -> HeaderMap {
        self.0.iter().cloned().collect()
    }

    /// The values of a field, in order.
    fn all(&self, name: &str) -> Vec<&[u8]> {
        let named = self.0.iter().filter(|(own, _)| own == name);
        named.map(|(_, value)| value.as_bytes()).collect()
    }
}

/// The fields of a map by name; between fields of different names the order has no meaning (RFC 9110
/// section 5.3).
fn sorted(map: &HeaderMap) -> Vec<(String, Vec<Vec<u8>>)> {
    let mut fields: Vec<_> = map
        .keys()
        .map(|name| {
            let values = map
                .get_all(name)
                .iter()
                .map(|value| value.as_bytes().to_vec());
            (name.to_string(), values.collect())
        })
        .collect();
    fields.sort();
    fields
}
