//! Short texts in one piece of room.

/// Characters that are shown of what callers chose or may have.
pub(crate) const SHOWN_CHARS: usize = 120;

/// Texts behind each other, each after its length.
///
/// Room that is used again when hundreds of requests have passed comes from memory by then, a line of the processor's
/// cache at a time, and the request waits for each. In one piece it is a few lines, and a dozen strings are two dozen.
#[derive(Debug, Default)]
pub(super) struct Texts(Vec<u8>);

/// Some of them, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Several<'a>(&'a [u8]);

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

    pub(super) fn all(&self) -> Several<'_> {
        Several(&self.0)
    }
}

impl<'a> Several<'a> {
    /// The first `count` by themselves, and without them from here on.
    pub(super) fn split_off(&mut self, count: usize) -> Self {
        let all = self.0;
        for _ in 0..count {
            self.skip_one();
        }
        let length = all.len() - self.0.len();
        Self(all.get(..length).unwrap_or_default())
    }

    fn skip_one(&mut self) -> Option<&'a [u8]> {
        let (length, texts) = self.0.split_first_chunk()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let text;
        (text, self.0) = texts.split_at_checked(length)?;
        Some(text)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> Iterator for Several<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        str::from_utf8(self.skip_one()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_as_they_were_in_order_and_some_by_themselves() {
        let mut texts = Texts::default();
        texts.push("of one before");
        texts.clear();
        let all = ["PATCH", "", "/a/{b}", "grün\n"];
        for text in all {
            texts.push(text);
        }
        assert_eq!(texts.all().collect::<Vec<_>>(), all);
        for count in 0..=all.len() {
            let (first, rest) = all.split_at(count);
            let mut others = texts.all();
            let some = others.split_off(count);
            assert_eq!(some.is_empty(), count == 0, "{some:?}");
            assert_eq!(some.collect::<Vec<_>>(), first);
            assert_eq!(others.collect::<Vec<_>>(), rest);
        }
        let mut more = texts.all();
        assert_eq!(more.split_off(all.len() + 1).count(), all.len());
        assert!(more.is_empty());
    }
}
