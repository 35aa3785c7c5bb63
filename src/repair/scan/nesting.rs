/// Which containers are open: one bit each, so that half a million brackets cost 64 KiB and no stack.
#[derive(Debug, Default)]
pub(crate) struct Nesting {
    /// The innermost containers, 1 = object, the innermost in the lowest bit.
    innermost: u64,
    /// The words that were full, outermost first. Empty, and so not allocated, up to a depth of 64.
    outer: Vec<u64>,
    depth: usize,
}

const WORD: usize = u64::BITS as usize;

impl Nesting {
    pub(crate) fn push(&mut self, object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(WORD) {
            self.outer.push(self.innermost);
            self.innermost = 0;
        }
        self.innermost = self.innermost << 1 | u64::from(object);
        self.depth += 1;
    }

    pub(crate) fn pop(&mut self) {
        self.innermost >>= 1;
        self.depth = self.depth.saturating_sub(1);
        if self.depth > 0 && self.depth.is_multiple_of(WORD) {
            self.innermost = self.outer.pop().unwrap_or_default();
        }
    }

    pub(crate) fn in_object(&self) -> bool {
        self.depth > 0 && self.innermost & 1 == 1
    }

    pub(crate) fn depth(&self) -> usize {
        self.depth
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_remembers_every_container_across_words() {
        let kinds: Vec<bool> = (0..300).map(|n| n % 3 == 0).collect();
        let mut nesting = Nesting::default();
        for &kind in &kinds {
            nesting.push(kind);
        }
        for (depth, &kind) in kinds.iter().enumerate().rev() {
            assert_eq!((nesting.depth(), nesting.in_object()), (depth + 1, kind));
            nesting.pop();
        }
        assert_eq!(nesting.depth(), 0);
        assert!(!nesting.in_object());
    }
}
