//! A certificate's subject, and its text (RFC 4514).

use std::fmt;

use x509_parser::x509::X509Name;

/// RFC 4514 section 3: the names that every reader knows. Others are written as numbers.
const KINDS: [(&str, &str); 9] = [
    ("CN", "2.5.4.3"),
    ("L", "2.5.4.7"),
    ("ST", "2.5.4.8"),
    ("O", "2.5.4.10"),
    ("OU", "2.5.4.11"),
    ("C", "2.5.4.6"),
    ("STREET", "2.5.4.9"),
    ("DC", "0.9.2342.19200300.100.1.25"),
    ("UID", "0.9.2342.19200300.100.1.1"),
];

/// What a text may hold only behind a backslash (RFC 4514 section 2.4).
const SPECIAL: &[u8] = b"\"+,;<>\\";

/// A whole subject. Two are equal when they have the same parts in the same order, whatever way they are
/// written; values are compared byte for byte, which is stricter than X.520 and cannot take one for another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject(
    /// The narrowest part first, as texts have it and certificates do not.
    Vec<Part>,
);

/// Mostly one attribute, by the number of its kind; several in the order of those.
type Part = Vec<(String, String)>;

impl Subject {
    /// `None` where it is empty or a value is no text.
    pub(super) fn of(name: &X509Name<'_>) -> Option<Self> {
        let parts = name.iter_rdn().map(|part| {
            let attribute = part.iter().map(|attribute| {
                let value = attribute.as_str().ok()?;
                Some((attribute.attr_type().to_id_string(), value.to_owned()))
            });
            attribute.collect::<Option<Part>>().map(ordered)
        });
        let mut parts = parts.collect::<Option<Vec<_>>>()?;
        parts.reverse();
        (!parts.is_empty()).then_some(Self(parts))
    }

    /// Reads RFC 4514. Spaces around separators are allowed, as older texts have them; values in
    /// hexadecimal (`#…`) are not.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut rest = text;
        loop {
            let mut part = Part::new();
            let end = loop {
                let (kind, after) = rest.split_once('=')?;
                let (value, end, after) = value(after)?;
                part.push((number(kind.trim())?, value));
                rest = after;
                if end != Some(b'+') {
                    break end;
                }
            };
            parts.push(ordered(part));
            if end.is_none() {
                return Some(Self(parts));
            }
        }
    }
}

fn ordered(mut part: Part) -> Part {
    part.sort();
    part
}

/// The number that an attribute's kind goes by.
fn number(kind: &str) -> Option<String> {
    let known = KINDS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(kind));
    if let Some((_, number)) = known {
        return Some((*number).to_owned());
    }
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let numeric = kind.contains('.') && kind.split('.').all(digits);
    numeric.then(|| kind.to_owned())
}

/// The value at the beginning of `text`, what ends it, and what is behind that.
fn value(text: &str) -> Option<(String, Option<u8>, &str)> {
    let text = text.trim_start_matches(' ');
    if text.starts_with('#') {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len());
    // Without the spaces at the end, unless they were meant.
    let mut length = 0;
    let mut at = 0;
    let end = loop {
        let byte = text.as_bytes().get(at).copied();
        at += 1;
        match byte {
            None => break None,
            Some(end @ (b',' | b'+')) => break Some(end),
            Some(b'\\') => {
                let (byte, taken) = escaped(text.as_bytes().get(at..)?)?;
                at += taken;
                bytes.push(byte);
                length = bytes.len();
            }
            Some(byte) if SPECIAL.contains(&byte) => return None,
            Some(byte) => {
                bytes.push(byte);
                if byte != b' ' {
                    length = bytes.len();
                }
            }
        }
    };
    bytes.truncate(length);
    let value = String::from_utf8(bytes)
        .ok()
        .filter(|value| !value.is_empty())?;
    Some((value, end, text.get(at..).unwrap_or_default()))
}

/// What stands behind a backslash, and how long it is.
fn escaped(bytes: &[u8]) -> Option<(u8, usize)> {
    let first = *bytes.first()?;
    if SPECIAL.contains(&first) || b" #=".contains(&first) {
        return Some((first, 1));
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (high, low) = (digit(first)?, digit(*bytes.get(1)?)?);
    Some((u8::try_from(high * 16 + low).ok()?, 2))
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.0.iter().enumerate() {
            for (place, (number, value)) in part.iter().enumerate() {
                f.write_str(match (index, place) {
                    (0, 0) => "",
                    (_, 0) => ",",
                    _ => "+",
                })?;
                let known = KINDS.iter().find(|(_, known)| known == number);
                write!(f, "{}=", known.map_or(number.as_str(), |(name, _)| name))?;
                escape(f, value)?;
            }
        }
        Ok(())
    }
}

fn escape(f: &mut fmt::Formatter<'_>, value: &str) -> fmt::Result {
    let last = value.chars().count().saturating_sub(1);
    for (place, char) in value.chars().enumerate() {
        let at_an_end = place == 0 || place == last;
        if char.is_control() {
            let mut bytes = [0; 4];
            for byte in char.encode_utf8(&mut bytes).bytes() {
                write!(f, "\\{byte:02X}")?;
            }
            continue;
        }
        let special = u8::try_from(char).is_ok_and(|byte| SPECIAL.contains(&byte));
        if special || (char == ' ' && at_an_end) || (char == '#' && place == 0) {
            f.write_str("\\")?;
        }
        write!(f, "{char}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_examples_of_rfc_4514_are_read_and_written() {
        for text in [
            "UID=jsmith,DC=example,DC=net",
            "OU=Sales+CN=J.  Smith,DC=example,DC=net",
            r#"CN=James \"Jim\" Smith\, III,DC=example,DC=net"#,
            r"CN=Before\0DAfter,DC=example,DC=net",
            "1.3.6.1.4.1.1466.0=text",
        ] {
            assert_eq!(Subject::parse(text).unwrap().to_string(), text);
        }
        let spelled = Subject::parse(r"CN=Lu\C4\8Di\C4\87").unwrap();
        assert_eq!(spelled, Subject::parse("CN=Lučić").unwrap());
    }

    #[test]
    fn several_attributes_of_one_part_have_no_order_and_parts_have() {
        let parsed = |text| Subject::parse(text).unwrap();
        assert_eq!(
            parsed("OU=Sales+CN=a,DC=x"),
            parsed("CN=a + OU=Sales, DC=x")
        );
        assert_ne!(parsed("CN=a,OU=Sales"), parsed("CN=a+OU=Sales"));
        assert_ne!(parsed("DC=x,DC=y"), parsed("DC=y,DC=x"));
    }

    #[test]
    fn what_is_no_subject_is_not_guessed() {
        for text in [
            "", "CN", "CN=", "CN=a,", "CN=a+", ",CN=a", "X=a", "CN=a;O=b", "CN=\"a\"", "CN=#0401",
            r"CN=a\", r"CN=a\4", r"CN=a\zz", r"CN=\FF", "2.5.=a", "25=a",
        ] {
            assert_eq!(Subject::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_as_the_same(
            parts in prop::collection::vec(
                prop::collection::vec((0..KINDS.len(), ".{1,12}"), 1..3), 1..4)
        ) {
            let part = |part: Vec<(usize, String)>| {
                ordered(part.into_iter().map(|(kind, value)| (KINDS[kind].1.to_owned(), value)).collect())
            };
            let subject = Subject(parts.into_iter().map(part).collect());
            prop_assert_eq!(Subject::parse(&subject.to_string()), Some(subject));
        }
    }
}
