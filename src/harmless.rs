//! Text that others chose, as terminals, pages and logs may have it.

use std::borrow::Cow;

use crate::hex::lanes;

/// Whether whoever shows it would do something with it rather than show it: controls, and what changes the
/// order of a line or is there without being seen (Unicode's `Bidi_Control`, line separators, zero widths, tags).
pub(crate) fn acts(char: char) -> bool {
    char.is_control()
        || matches!(char,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Whether there is nothing but printable ASCII. Most text is, and that is seen quickly.
pub(crate) fn is_plain(text: &str) -> bool {
    all(text, |eight| outside_ascii(eight) == 0)
}

/// Whether it stands in quotes as it is, in Rust's `Debug` and in JSON alike.
pub(crate) fn is_verbatim(text: &str) -> bool {
    all(text, |eight| {
        outside_ascii(eight) | has(eight, b'"') | has(eight, b'\\') == 0
    })
}

/// Whether it is so of eight bytes at a time. The last ones may be looked at twice, and what is shorter is filled up
/// with what nobody minds.
fn all(text: &str, is_so: impl Fn(u64) -> bool) -> bool {
    let bytes = text.as_bytes();
    let Some(last) = bytes.last_chunk() else {
        let mut last = [b' '; 8];
        for (place, byte) in last.iter_mut().zip(bytes) {
            *place = *byte;
        }
        return is_so(u64::from_ne_bytes(last));
    };
    let (eights, _) = bytes.as_chunks();
    is_so(u64::from_ne_bytes(*last)) && eights.iter().all(|eight| is_so(u64::from_ne_bytes(*eight)))
}

/// The highest bit of each of eight bytes.
const HIGH: u64 = lanes(0x80);

/// Not zero if any of eight bytes is no printable ASCII. What is borrowed from a byte next to one that is below may
/// be wrong of it, but then that one is found.
const fn outside_ascii(eight: u64) -> u64 {
    let below = eight.wrapping_sub(lanes(b' ')) & !eight & HIGH;
    below | (eight & HIGH) | has(eight, 0x7f)
}

/// Not zero if any of eight bytes is this one.
const fn has(eight: u64, byte: u8) -> u64 {
    let zeros = eight ^ lanes(byte);
    zeros.wrapping_sub(lanes(1)) & !zeros & HIGH
}

/// Gives the characters of `text` to `put`, with what [`acts`] spelled out.
pub(crate) fn spell(text: &str, mut put: impl FnMut(char)) {
    for char in text.chars() {
        if acts(char) {
            char.escape_default().for_each(&mut put);
        } else {
            put(char);
        }
    }
}

/// The text with what [`acts`] spelled out.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    if is_plain(text) || !text.chars().any(acts) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    spell(text, |char| shown.push(char));
    Cow::Owned(shown)
}

/// The first characters of a text.
pub(crate) fn first(text: &str, chars: usize) -> &str {
    // None of them is shorter than a byte.
    if text.len() <= chars {
        return text;
    }
    let end = text.char_indices().nth(chars).map(|(end, _)| end);
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_callers_chose_cannot_act_where_it_is_shown() {
        assert!(matches!(harmless("grün 漢字 \\ \""), Cow::Borrowed(_)));
        assert_eq!(harmless("a\u{1b}[2J\u{9b}b\n"), "a\\u{1b}[2J\\u{9b}b\\n");
        assert_eq!(
            harmless("\u{202e}x\u{2066}\u{200b}"),
            "\\u{202e}x\\u{2066}\\u{200b}"
        );
        assert_eq!(harmless("\u{7f}"), "\\u{7f}");
    }

    proptest! {
        #[test]
        fn text_is_seen_through_at_any_length(text in "[ -~]{0,20}", char: char, place: prop::sample::Index) {
            let mut mixed = text.clone();
            mixed.insert(place.index(text.len() + 1), char);
            for text in [text, mixed] {
                let plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
                prop_assert_eq!(is_plain(&text), plain, "{:?}", text);
                prop_assert_eq!(is_verbatim(&text), plain && !text.contains(['"', '\\']), "{:?}", text);
            }
        }
    }

    #[test]
    fn every_byte_is_seen_at_every_place() {
        for byte in 0..0x80_u8 {
            for (length, place) in
                (0..20).flat_map(|length| (0..length).map(move |place| (length, place)))
            {
                let mut text = vec![b'a'; length];
                text[place] = byte;
                let text = str::from_utf8(&text).unwrap();
                let plain = matches!(byte, b' '..=b'~');
                assert_eq!(is_plain(text), plain, "{text:?}");
                assert_eq!(
                    is_verbatim(text),
                    plain && !matches!(byte, b'"' | b'\\'),
                    "{text:?}"
                );
            }
        }
        assert!(!is_plain("\u{80}") && !is_plain("aaaaaaaaaaaa\u{ff}"));
    }

    #[test]
    fn the_first_characters_are_whole() {
        assert_eq!(first("grün", 3), "grü");
        assert_eq!(first("grün", 4), "grün");
        assert_eq!(first("grün", 9), "grün");
        assert_eq!(first("ab", 0), "");
    }
}
