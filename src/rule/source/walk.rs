//! One pass over an answer that takes what its source asks for, without making a tree of the rest.
//!
//! Sources name what they read by JSONPaths, and nearly all of them are of the [usual kind](super::route).
//! Whatever is out of the ordinary, in a path or in an answer, is left to the general queries, which are the
//! measure of what is read here.

use std::borrow::Cow;

use super::route::{Step, steps};
use super::{ENDED, is_usable};
use crate::repair::scan::lex::{Cursor, Limits, Text};
use crate::rule::spec::SourceSpec;
use crate::snapshot::Conversation;

/// Digits of a number that no float is too small for.
const MOST_DIGITS: usize = 300;

/// Containers within each other. `serde_json` gives up at 128.
const MOST_DEPTH: usize = 100;

/// Members of one object that are on the way to anything: a bit each tells which have been seen.
const MOST_MEMBERS: usize = 64;

const ROOT: usize = 0;
/// Where a participant's id is kept.
const ID: usize = 0;

/// The ways to everything that a source reads.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    nodes: Vec<Node>,
    /// The node of each participant.
    participant: usize,
    /// Per field and path, in order, the slots of what is read there.
    fields: Vec<Vec<std::ops::Range<usize>>>,
    slots: usize,
}

#[derive(Clone, Debug, Default)]
struct Node {
    members: Vec<(String, usize)>,
    /// Which lengths their names have, a bit each: most other names are told from them by that.
    lengths: u64,
    items: Option<usize>,
    /// The slots that its value is kept in.
    leaves: Vec<usize>,
}

impl Walk {
    /// `None` where a path is none of the usual kind.
    pub(super) fn compile(spec: &SourceSpec) -> Option<Self> {
        let mut walk = Self {
            nodes: vec![Node::default()],
            participant: ROOT,
            fields: Vec::new(),
            slots: 1,
        };
        let steps_to = steps(&spec.participants)?;
        let (last, way) = steps_to.split_last()?;
        if *last != Step::Items || way.contains(&Step::Items) {
            return None;
        }
        walk.participant = walk.lead(ROOT, &steps_to, 0)?;
        let id = steps(&spec.id)?;
        if id.is_empty() || id.contains(&Step::Items) {
            return None;
        }
        walk.leaf(&id, 0, ID)?;
        for (_, paths) in &spec.fields {
            let slots = paths.iter().map(|path| walk.path(path)).collect();
            let slots: Option<Vec<_>> = slots;
            walk.fields.push(slots?);
        }
        let fits = walk
            .nodes
            .iter()
            .all(|node| node.members.len() <= MOST_MEMBERS);
        fits.then_some(walk)
    }

    /// Gives a path of a field its slots: one for each name that it begins with.
    fn path(&mut self, path: &str) -> Option<std::ops::Range<usize>> {
        let steps = steps(path)?;
        let Some(Step::Names(names)) = steps.first() else {
            return None;
        };
        let first = self.slots;
        let distinct = names
            .iter()
            .enumerate()
            .all(|(at, name)| !names.iter().take(at).any(|other| other == name));
        distinct.then_some(())?;
        for branch in 0..names.len() {
            let slot = self.slots;
            self.slots += 1;
            self.leaf(&steps, branch, slot)?;
        }
        Some(first..self.slots)
    }

    fn leaf(&mut self, steps: &[Step], branch: usize, slot: usize) -> Option<()> {
        let end = self.lead(self.participant, steps, branch)?;
        self.nodes.get_mut(end)?.leaves.push(slot);
        Some(())
    }

    /// The node at the end of a way, with the name at `branch` where the first step has several. Further
    /// choices would mix the order of what is found.
    fn lead(&mut self, from: usize, steps: &[Step], branch: usize) -> Option<usize> {
        let mut node = from;
        for (index, step) in steps.iter().enumerate() {
            node = match step {
                Step::Items => self.items(node)?,
                Step::Names(names) if index == 0 => self.member(node, names.get(branch)?)?,
                Step::Names(names) => match names.as_slice() {
                    [name] => self.member(node, name)?,
                    _ => return None,
                },
            };
        }
        Some(node)
    }

    fn member(&mut self, node: usize, name: &str) -> Option<usize> {
        let new = self.nodes.len();
        let node = self.nodes.get_mut(node)?;
        if let Some((_, known)) = node.members.iter().find(|(known, _)| known == name) {
            return Some(*known);
        }
        node.members.push((name.to_owned(), new));
        node.lengths |= length(name.as_bytes());
        self.nodes.push(Node::default());
        Some(new)
    }

    fn items(&mut self, node: usize) -> Option<usize> {
        let new = self.nodes.len();
        let items = &mut self.nodes.get_mut(node)?.items;
        let node = *items.get_or_insert(new);
        if node == new {
            self.nodes.push(Node::default());
        }
        Some(node)
    }

    /// What the general queries would take from an answer; `None` where only they can tell.
    pub(super) fn extract(&self, answer: &[u8]) -> Option<Conversation> {
        std::str::from_utf8(answer).ok()?;
        let mut tour = Tour {
            walk: self,
            cursor: Cursor::new(answer, 0),
            trail: Vec::with_capacity(8),
            slots: vec![Slot::default(); self.slots],
            conversation: Conversation::builder(self.fields.len()),
        };
        tour.document()?;
        Some(tour.conversation.build())
    }
}

impl Node {
    /// Which of its members this is, and where it leads.
    fn find(&self, name: Text<'_>) -> Option<(usize, usize)> {
        if !name.escaped && self.lengths & length(name.raw) == 0 {
            return None;
        }
        let index = self.members.iter().position(|(known, _)| name.is(known))?;
        Some((index, self.members.get(index)?.1))
    }
}

/// The bit of a name's length: the last is of all that are longer, too.
fn length(name: &[u8]) -> u64 {
    1 << name.len().min(63)
}

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
struct Tour<'w, 'a> {
    walk: &'w Walk,
    cursor: Cursor<'a>,
    /// The innermost is the last. Containers that lead to nothing are read as a whole.
    trail: Vec<Open>,
    slots: Vec<Slot<'a>>,
    conversation: crate::snapshot::ConversationBuilder,
}

impl Tour<'_, '_> {
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
}

/// A number that may be beyond what `serde_json` takes for one is its to judge.
fn is_plain(number: &[u8]) -> bool {
    number.len() < MOST_DIGITS && !number.iter().any(|byte| matches!(byte, b'e' | b'E'))
}

impl<'a> Tour<'_, 'a> {
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

/// As [`current`](super::current) has it, of one path's slots.
fn current<'s>(slots: &'s [Slot<'_>]) -> Option<&'s str> {
    let live = slots.iter().rev().find_map(|slot| slot.live.as_deref());
    live.or_else(|| slots.iter().rev().find_map(|slot| slot.last.as_deref()))
}

#[cfg(test)]
mod tests;
