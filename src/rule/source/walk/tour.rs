//! One reading of an answer, along a walk.

use std::borrow::Cow;

use super::{ID, ROOT, Walk};
use crate::repair::scan::lex::{Cursor, Limits, Text};
use crate::rule::source::{ENDED, is_usable};
use crate::snapshot::{Conversation, ConversationBuilder};

/// Digits of a number that no float is too small for.
pub(super) const MOST_DIGITS: usize = 300;

/// Containers within each other. `serde_json` gives up at 128.
pub(super) const MOST_DEPTH: usize = 100;

/// What was read for one path: of several values the last, and the last that is not over.
#[derive(Clone, Debug, Default)]
struct Slot<'a> {
    last: Option<Cow<'a, str>>,
    live: Option<Cow<'a, str>>,
}

/// An open container that is on the way to something.
#[derive(Clone, Copy, Debug)]
struct Open {
    node: usize,
    is_object: bool,
    /// Which of its members have been seen, a bit each.
    seen: u64,
}

/// `None` is "only the general queries can tell" throughout.
pub(super) struct Tour<'w, 'a> {
    walk: &'w Walk,
    cursor: Cursor<'a>,
    /// The innermost is the last. Containers that lead to nothing are read as a whole.
    trail: Vec<Open>,
    slots: Vec<Slot<'a>>,
    conversation: ConversationBuilder,
}

impl<'w, 'a> Tour<'w, 'a> {
    /// Of an answer in UTF-8.
    pub(super) fn new(walk: &'w Walk, answer: &'a [u8]) -> Self {
        Self {
            walk,
            cursor: Cursor::new(answer, 0),
            trail: Vec::with_capacity(8),
            slots: vec![Slot::default(); walk.slots],
            conversation: Conversation::builder(walk.fields.len()),
        }
    }

    pub(super) fn conversation(mut self) -> Option<Conversation> {
        self.document()?;
        Some(self.conversation.build())
    }

    fn document(&mut self) -> Option<()> {
        let mut entered = self.value(ROOT)?;
        while entered || self.leave()? {
            entered = if let Some(node) = self.next()? {
                self.value(node)?
            } else {
                self.close();
                false
            };
        }
        self.cursor.skip_space();
        self.cursor.is_at_end().then_some(())
    }

    /// Reads a value, or enters it: `true` means a container with content that is on the way to something.
    fn value(&mut self, at: usize) -> Option<bool> {
        let walk = self.walk;
        let node = walk.nodes.get(at)?;
        let first = self.cursor.token()?;
        match first {
            // `[*]` would take its members.
            b'{' if node.items.is_some() => None,
            b'{' if !node.members.is_empty() => self.enter(at, true),
            b'[' if node.items.is_some() => self.enter(at, false),
            b'"' if !node.leaves.is_empty() => {
                let text = self.cursor.string()?;
                self.keep(&node.leaves, text)?;
                Some(false)
            }
            _ => {
                self.cursor.skip_value(first, self.limits())?;
                Some(false)
            }
        }
    }

    fn enter(&mut self, node: usize, is_object: bool) -> Option<bool> {
        let entered = self.cursor.enter(is_object);
        if entered {
            (self.trail.len() < MOST_DEPTH).then_some(())?;
            self.trail.push(Open {
                node,
                is_object,
                seen: 0,
            });
        }
        Some(entered)
    }

    /// Where the next member that leads to anything does, or the next element, in front of its value. `None`
    /// inside is that there is none.
    #[expect(
        clippy::option_option,
        reason = "outside: can it be told here; inside: is there one"
    )]
    fn next(&mut self) -> Option<Option<usize>> {
        let (walk, limits) = (self.walk, self.limits());
        let open = self.trail.last_mut()?;
        let node = walk.nodes.get(open.node)?;
        if !open.is_object {
            return Some(node.items);
        }
        let found = self.cursor.seek(limits, |name| node.find(name))?;
        let Some((index, node)) = found else {
            return Some(None);
        };
        // Of two members of one name the last counts.
        let bit = 1 << index;
        let is_second = open.seen & bit != 0;
        open.seen |= bit;
        (!is_second).then_some(Some(node))
    }

    /// Behind a value: closes what ends here. `false` means that the document ended.
    fn leave(&mut self) -> Option<bool> {
        while let Some(open) = self.trail.last() {
            if self.cursor.more(open.is_object)? {
                return Some(true);
            }
            self.close();
        }
        Some(false)
    }

    fn close(&mut self) {
        let closed = self.trail.pop();
        if closed.is_some_and(|open| open.node == self.walk.participant) {
            self.participant();
        }
    }

    /// What is taken inside the innermost container.
    fn limits(&self) -> Limits {
        Limits {
            depth: MOST_DEPTH.saturating_sub(self.trail.len()),
            number: is_plain,
        }
    }

    /// Keeps a string for all who want it.
    fn keep(&mut self, leaves: &[usize], read: Text<'a>) -> Option<()> {
        let text = std::str::from_utf8(read.raw).ok()?;
        let text = if read.escaped {
            // Half of a surrogate pair is a matter of its own.
            Cow::Owned(serde_json::from_str(&format!("\"{text}\"")).ok()?)
        } else {
            Cow::Borrowed(text)
        };
        if !is_usable(&text) {
            return Some(());
        }
        for &leaf in leaves {
            let slot = self.slots.get_mut(leaf)?;
            if !ENDED.contains(&&*text) {
                slot.live = Some(text.clone());
            }
            slot.last = Some(text.clone());
        }
        Some(())
    }

    /// The end of a participant.
    fn participant(&mut self) {
        if let Some(id) = self.slots.get_mut(ID).and_then(|slot| slot.last.take()) {
            let (fields, slots) = (&self.walk.fields, &self.slots);
            let values = fields.iter().map(|paths| {
                paths
                    .iter()
                    .find_map(|path| current(slots.get(path.clone())?))
            });
            self.conversation.participant(&id, values);
        }
        self.slots.fill(Slot::default());
    }
}

/// A number that may be beyond what `serde_json` takes for one is its to judge.
fn is_plain(number: &[u8]) -> bool {
    number.len() < MOST_DIGITS && !number.iter().any(|byte| matches!(byte, b'e' | b'E'))
}

/// As [`current`](super::super::current) has it, of one path's slots.
fn current<'s>(slots: &'s [Slot<'_>]) -> Option<&'s str> {
    let live = slots.iter().rev().find_map(|slot| slot.live.as_deref());
    live.or_else(|| slots.iter().rev().find_map(|slot| slot.last.as_deref()))
}
