//! Escaped lone surrogates, which JSON text may hold (RFC 8259 section 8.2) and a Rust string may not.
//!
//! An application that cuts attribute values by UTF-16 units leaves half an emoji behind. That value is
//! of no interest here, but it must not keep the participant's state from being read.

/// The text with U+FFFD in the place of each escaped lone surrogate; `None` where there is none.
pub(super) fn mend(text: &[u8]) -> Option<Vec<u8>> {
    let mut mended: Option<Vec<u8>> = None;
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        at += match (byte, unit(text, at)) {
            (b'\\', Some(0xd800..0xdc00)) if matches!(unit(text, at + 6), Some(0xdc00..0xe000)) => {
                12
            }
            (b'\\', Some(0xd800..0xe000)) => {
                let copy = mended.get_or_insert_with(|| text.to_vec());
                if let Some(escape) = copy.get_mut(at..at + 6) {
                    escape.copy_from_slice(b"\\ufffd");
                }
                6
            }
            // Whatever is escaped here starts no escape of its own.
            (b'\\', _) => 2,
            _ => 1,
        };
    }
    mended
}

/// The code unit of the `\u` escape at `at`.
fn unit(text: &[u8], at: usize) -> Option<u16> {
    let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
    let digits = digits.iter().all(u8::is_ascii_hexdigit).then_some(digits)?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lone_surrogates_are_replaced() {
        for (text, mended) in [
            (r#""\ud83d""#, Some(r#""\ufffd""#)),
            (
                r#""a\uDE00\ud83d\ud83d\ude00b""#,
                Some(r#""a\ufffd\ufffd\ud83d\ude00b""#),
            ),
            (r#""\ud83d\ude00""#, None),
            (r#""\\ud83d""#, None),
            (r#""\\\ud83d""#, Some(r#""\\\ufffd""#)),
            (r#""\u00e9\n""#, None),
            (r"\ud83", None),
            (r"\", None),
        ] {
            let result = mend(text.as_bytes()).map(|text| String::from_utf8(text).unwrap());
            assert_eq!(result.as_deref(), mended, "{text}");
        }
    }
}
