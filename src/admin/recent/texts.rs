//! Short texts in one piece of room.

use std::iter;

use crate::harmless::{first, harmless};

/// Characters that are kept of what callers chose or may have: it is shown to people.
pub(in crate::admin) const SHOWN_CHARS: usize = 120;

/// Texts behind each other, each after its length.
///
/// Room that is used again when hundreds of requests have passed comes from memory by then, a line of the processor's
/// cache at a time, and the request waits for each. In one piece it is a few lines, and a dozen strings are two dozen.
#[derive(Debug, Default)]
pub(super) struct Texts(Vec<u8>);

impl Texts {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn push(&mut self, text: &str) {
        // Nobody has names of 4 GiB.
        let Ok(length) = u32::try_from(text.len()) else {
            return self.push("");
        };
        self.0.extend_from_slice(&length.to_le_bytes());
        self.0.extend_from_slice(text.as_bytes());
    }

    /// Text of a caller's as it may be shown: bounded, and with what acts spelled out.
    pub(super) fn push_shown(&mut self, text: &str) {
        self.push(&harmless(first(text, SHOWN_CHARS)));
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        let mut rest = self.0.as_slice();
        iter::from_fn(move || {
            let (length, texts) = rest.split_first_chunk()?;
            let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
            let text;
            (text, rest) = texts.split_at_checked(length)?;
            std::str::from_utf8(text).ok()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let mut texts = Texts::default();
        texts.push_shown(text);
        texts.iter().collect()
    }

    #[test]
    fn texts_come_back_as_they_were_in_order() {
        let mut texts = Texts::default();
        texts.push("of one before");
        texts.clear();
        let all = ["PATCH", "", "/a/{b}", "grün\n"];
        for text in all {
            texts.push(text);
        }
        assert_eq!(texts.iter().collect::<Vec<_>>(), all);
    }

    #[test]
    fn what_a_caller_chose_is_bounded_and_cannot_write_to_a_terminal() {
        assert_eq!(shown("curl/8 (x; y)"), "curl/8 (x; y)");
        assert_eq!(shown("a\u{1b}[2Jb\n"), "a\\u{1b}[2Jb\\n");
        for long in ["ä", "a"] {
            assert_eq!(shown(&long.repeat(1000)).chars().count(), SHOWN_CHARS);
        }
    }
}
