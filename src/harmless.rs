//! Text that others chose, as terminals, pages and logs may have it.

use std::borrow::Cow;

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
    // Without an early end, so that many bytes are looked at together.
    text.bytes()
        .fold(true, |plain, byte| plain & (b' '..=b'~').contains(&byte))
}

/// Whether it stands in quotes as it is, in Rust's `Debug` and in JSON alike.
#[expect(
    clippy::needless_bitwise_bool,
    reason = "lazy ones would look at one byte after the other"
)]
pub(crate) fn is_verbatim(text: &str) -> bool {
    text.bytes().fold(true, |plain, byte| {
        plain & (b' '..=b'~').contains(&byte) & (byte != b'"') & (byte != b'\\')
    })
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

    #[test]
    fn the_first_characters_are_whole() {
        assert_eq!(first("grün", 3), "grü");
        assert_eq!(first("grün", 4), "grün");
        assert_eq!(first("grün", 9), "grün");
        assert_eq!(first("ab", 0), "");
    }
}
