//! The `Patchwright` header: an RFC 9651 dictionary.

use std::fmt::Write as _;

use http::{HeaderName, HeaderValue};

use super::record::Record;
use crate::harmless::is_verbatim;

/// Name of the header.
pub const PATCHWRIGHT: HeaderName = HeaderName::from_static("patchwright");

/// Renders a record.
pub fn header(record: &Record<'_>) -> Option<HeaderValue> {
    let mut text = String::with_capacity(160);
    render(&mut text, record).ok()?;
    HeaderValue::try_from(text).ok()
}

fn render(out: &mut String, record: &Record<'_>) -> std::fmt::Result {
    out.push_str("rule=");
    string(out, record.rule);
    member(out, "outcome", record.outcome.as_str());
    if let Some(reason) = record.reason {
        member(out, "reason", reason.as_str());
    }
    if !record.repairs.is_empty() {
        out.push_str(", repairs=");
        list(out, record.repairs, |out, repair| {
            out.push_str(repair.as_str());
        });
    }
    if !record.filled.is_empty() {
        out.push_str(", filled=");
        list(out, record.filled, |out, pointer| string(out, pointer));
    }
    if !record.dropped.is_empty() {
        out.push_str(", dropped=");
        list(out, record.dropped, |out, name| string(out, name));
    }
    if !record.parts.is_empty() {
        out.push_str(", parts=");
        list(out, record.parts, |out, (name, status)| {
            string(out, name);
            if let Some(status) = status {
                // Writing to a String cannot fail.
                let _ = write!(out, ";status={}", status.as_u16());
            }
        });
    }
    if let Some(hint) = record.hint {
        out.push_str(", hint=");
        string(out, hint);
    }
    if let Some(snapshot) = record.snapshot {
        member(out, "snapshot", snapshot.as_str());
    }
    if let Some(age) = record.age {
        // RFC 9651 section 3.3.1: at most 15 digits.
        write!(out, ", age={}", age.as_millis().min(999_999_999_999_999))?;
    }
    if let Some(verdict) = record.verdict {
        member(out, "verdict", verdict.as_str());
    }
    Ok(())
}

/// RFC 9651 section 3.3.4: a token.
fn member(out: &mut String, name: &str, token: &str) {
    for text in [", ", name, "=", token] {
        out.push_str(text);
    }
}

fn list<T>(out: &mut String, items: &[T], item: impl Fn(&mut String, &T)) {
    out.push('(');
    for (index, each) in items.iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        item(out, each);
    }
    out.push(')');
}

/// RFC 9651 section 3.3.3: printable ASCII, with quote and backslash escaped.
fn string(out: &mut String, text: &str) {
    out.push('"');
    // Nearly all are names that need nothing of the sort.
    if is_verbatim(text) {
        out.push_str(text);
        out.push('"');
        return;
    }
    for char in text.chars() {
        match char {
            '"' | '\\' => out.extend(['\\', char]),
            ' '..='~' => out.push(char),
            _ => out.push('?'),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sfv::{Dictionary, Parser};

    use super::*;
    use crate::layer::record::{Origin, Outcome, Reason, Repair, Verdict};

    fn record() -> Record<'static> {
        Record {
            repairs: &[Repair::Fill, Repair::ContentType],
            filled: &["/state", "/routing/queue/id"],
            snapshot: Some(Origin::Hit),
            age: Some(Duration::from_millis(120)),
            ..Record::new(
                "participant",
                &http::Method::PATCH,
                "/a/{b}",
                Outcome::Repaired,
            )
        }
    }

    #[test]
    fn the_header_reads_as_documented() {
        let expected = "rule=\"participant\", outcome=repaired, repairs=(fill content-type), \
             filled=(\"/state\" \"/routing/queue/id\"), snapshot=hit, age=120";
        assert_eq!(header(&record()).unwrap(), expected);
    }

    #[test]
    fn every_word_and_odd_name_is_a_valid_structured_field() {
        for &reason in Reason::ALL {
            for &outcome in Outcome::ALL {
                let odd = Record {
                    rule: "quote \" back \\ é",
                    outcome,
                    reason: Some(reason),
                    repairs: Repair::ALL,
                    filled: &["/a\"b", "/\u{7f}"],
                    dropped: &["/é".to_owned()],
                    parts: &[
                        ("a".to_owned(), Some(http::StatusCode::OK)),
                        ("b".to_owned(), None),
                    ],
                    hint: Some("\"é\" is no member"),
                    verdict: Some(Verdict::Unclear),
                    age: Some(Duration::MAX),
                    ..record()
                };
                let header = header(&odd).unwrap();
                let parsed: Dictionary = Parser::new(header.to_str().unwrap()).parse().unwrap();
                assert_eq!(parsed.len(), 11);
            }
        }
    }
}
