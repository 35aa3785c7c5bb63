//! Short texts in one piece of room.

/// Texts behind each other, and where each ends.
///
/// Room that is used again when hundreds of requests have passed comes from memory by then, a line of the processor's
/// cache at a time, and the request waits for each. In one piece it is a few lines, and a dozen strings are two dozen.
#[derive(Debug, Default)]
pub(super) struct Texts {
    text: String,
    ends: Vec<usize>,
}

/// Some of them, in their order.
#[derive(Clone, Debug)]
pub(crate) struct Several<'a> {
    text: &'a str,
    start: usize,
    ends: std::slice::Iter<'a, usize>,
}

impl Texts {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len());
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.ends.len()
    }

    /// Empty if there are not so many.
    pub(super) fn get(&self, place: usize) -> &str {
        let end = self.ends.get(place).copied().unwrap_or_default();
        self.text
            .get(self.end_before(place)..end)
            .unwrap_or_default()
    }

    /// Those from one place to in front of another.
    pub(super) fn between(&self, from: usize, to: usize) -> Several<'_> {
        Several {
            text: &self.text,
            start: self.end_before(from),
            ends: self.ends.get(from..to).unwrap_or_default().iter(),
        }
    }

    fn end_before(&self, place: usize) -> usize {
        let last = place.checked_sub(1).and_then(|last| self.ends.get(last));
        last.copied().unwrap_or_default()
    }
}

impl Several<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        self.ends.len() == 0
    }
}

impl<'a> Iterator for Several<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let end = *self.ends.next()?;
        let text = self.text.get(self.start..end);
        self.start = end;
        text
    }
}

impl PartialEq for Several<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.ends.len() == other.ends.len() && self.clone().eq(other.clone())
    }
}

impl Eq for Several<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(all: &[&str]) -> Texts {
        let mut texts = Texts::default();
        texts.push("of one before");
        texts.clear();
        for text in all {
            texts.push(text);
        }
        texts
    }

    #[test]
    fn texts_come_back_as_they_were_in_order_and_some_by_themselves() {
        let all = ["PATCH", "", "/a/{b}", "grün\n"];
        let texts = texts(&all);
        assert_eq!(texts.count(), all.len());
        for from in 0..=all.len() {
            assert_eq!(texts.get(from), *all.get(from).unwrap_or(&""));
            for to in from..=all.len() {
                let some = texts.between(from, to);
                assert_eq!(some.is_empty(), from == to, "{some:?}");
                assert_eq!(some.collect::<Vec<_>>(), all[from..to]);
            }
        }
        assert!(texts.between(3, 5).is_empty());
    }

    #[test]
    fn the_same_texts_are_the_same_wherever_they_stand() {
        let (one, other) = (texts(&["x", "a", "bc"]), texts(&["a", "bc", "", "ab", "c"]));
        assert_eq!(one.between(1, 3), other.between(0, 2));
        assert_ne!(one.between(1, 3), other.between(3, 5));
        assert_ne!(one.between(1, 3), other.between(0, 3));
        assert_ne!(one.between(1, 2), other.between(0, 2));
    }
}
