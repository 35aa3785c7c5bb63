//! One pass over an answer that takes what its source asks for, without making a tree of the rest.
//!
//! Sources name what they read by JSONPaths, and nearly all of them are of the [usual kind](super::route).
//! Whatever is out of the ordinary, in a path or in an answer, is left to the general queries, which are the
//! measure of what is read here.

use std::borrow::Cow;

use super::route::{Step, steps};
use super::{ENDED, is_usable};
use crate::repair::scan::lex::{Cursor, Text};
use crate::repair::scan::nesting::Nesting;
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
        let members = &mut self.nodes.get_mut(node)?.members;
        if let Some((_, known)) = members.iter().find(|(known, _)| known == name) {
            return Some(*known);
        }
        members.push((name.to_owned(), new));
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
            nesting: Nesting::default(),
            trail: Vec::with_capacity(8),
            slots: vec![Slot::default(); self.slots],
            conversation: Conversation::builder(self.fields.len()),
        };
        tour.document()?;
        Some(tour.conversation.build())
    }
}

/// What was read for one path: of several values the last, and the last that is not over.
#[derive(Clone, Debug, Default)]
struct Slot<'a> {
    last: Option<Cow<'a, str>>,
    live: Option<Cow<'a, str>>,
}

/// An open container that is on the way to something, and which of its members have been seen.
#[derive(Clone, Copy, Debug)]
struct Open {
    node: usize,
    seen: u64,
}

/// `None` is "only the general queries can tell" throughout.
struct Tour<'w, 'a> {
    walk: &'w Walk,
    cursor: Cursor<'a>,
    nesting: Nesting,
    /// The innermost open container is the last of these, while they are as many as are open.
    trail: Vec<Open>,
    slots: Vec<Slot<'a>>,
    conversation: crate::snapshot::ConversationBuilder,
}

impl Tour<'_, '_> {
    fn document(&mut self) -> Option<()> {
        let mut node = Some(ROOT);
        self.cursor.skip_space();
        loop {
            let closed = self.value(node)?;
            if closed && !self.leave()? {
                return self.cursor.is_at_end().then_some(());
            }
            node = if self.nesting.in_object() {
                self.name()?
            } else {
                self.element()
            };
        }
    }

    /// Reads a value, or enters it: `false` means that a container with content was opened.
    fn value(&mut self, node: Option<usize>) -> Option<bool> {
        match self.cursor.next()? {
            b'{' => {
                self.cursor.skip_space();
                let empty = self.cursor.eat(b'}');
                let Some(node) = node else {
                    return self.enter(None, true, empty);
                };
                // `[*]` would take its members.
                if self.node(node)?.items.is_some() {
                    return None;
                }
                self.enter(Some(node), true, empty)
            }
            b'[' => {
                self.cursor.skip_space();
                let empty = self.cursor.eat(b']');
                self.enter(node, false, empty)
            }
            b'"' => {
                let text = self.cursor.string()?;
                if let Some(node) = node
                    && !self.node(node)?.leaves.is_empty()
                {
                    self.keep(node, text)?;
                }
                Some(true)
            }
            b't' => self.cursor.literal(b"rue").map(|()| true),
            b'f' => self.cursor.literal(b"alse").map(|()| true),
            b'n' => self.cursor.literal(b"ull").map(|()| true),
            first @ (b'-' | b'0'..=b'9') => self.number(first).map(|()| true),
            _ => None,
        }
    }

    /// One that may be beyond what `serde_json` takes for a number is its to judge.
    fn number(&mut self, first: u8) -> Option<()> {
        let start = self.cursor.at();
        self.cursor.number(first)?;
        // An exponent has a digit behind it, so that it is never the last byte.
        let inner = self.cursor.since(start).unwrap_or_default();
        let is_plain = !inner.iter().any(|byte| matches!(byte, b'e' | b'E'));
        (is_plain && inner.len() < MOST_DIGITS).then_some(())
    }

    fn enter(&mut self, node: Option<usize>, object: bool, empty: bool) -> Option<bool> {
        if empty {
            return Some(true);
        }
        if self.nesting.depth() == MOST_DEPTH {
            return None;
        }
        if let Some(node) = node {
            self.trail.push(Open { node, seen: 0 });
        }
        self.nesting.push(object);
        Some(false)
    }

    /// Behind a value: closes what ends here. `false` means that the document ended.
    fn leave(&mut self) -> Option<bool> {
        while self.nesting.depth() > 0 {
            self.cursor.skip_space();
            match (self.cursor.next()?, self.nesting.in_object()) {
                (b',', _) => {
                    self.cursor.skip_space();
                    return Some(true);
                }
                (b'}', true) | (b']', false) => {
                    if self.is_on_trail()
                        && let Some(Open { node, .. }) = self.trail.pop()
                        && node == self.walk.participant
                    {
                        self.participant();
                    }
                    self.nesting.pop();
                }
                _ => return None,
            }
        }
        self.cursor.skip_space();
        Some(false)
    }

    fn is_on_trail(&self) -> bool {
        self.trail.len() == self.nesting.depth()
    }

    /// Reads a member's name and colon; says where it leads.
    #[expect(
        clippy::option_option,
        reason = "outside: can it be told here; inside: does it lead to anything"
    )]
    fn name(&mut self) -> Option<Option<usize>> {
        self.cursor.eat(b'"').then_some(())?;
        let read = self.cursor.string()?;
        self.cursor.skip_space();
        self.cursor.eat(b':').then_some(())?;
        self.cursor.skip_space();
        if !self.is_on_trail() {
            return Some(None);
        }
        let walk = self.walk;
        let open = self.trail.last_mut()?;
        let members = &walk.nodes.get(open.node)?.members;
        let mut all = members.iter().enumerate();
        let Some((index, (_, node))) = all.find(|(_, (name, _))| read.is(name)) else {
            return Some(None);
        };
        // Of two members of one name the last counts.
        let bit = 1 << index;
        let is_second = open.seen & bit != 0;
        open.seen |= bit;
        (!is_second).then_some(Some(*node))
    }

    /// Where an array's elements lead.
    fn element(&self) -> Option<usize> {
        let open = self.trail.last().filter(|_| self.is_on_trail())?;
        self.node(open.node)?.items
    }

    fn node(&self, node: usize) -> Option<&Node> {
        self.walk.nodes.get(node)
    }
}

impl<'a> Tour<'_, 'a> {
    /// Keeps a string for all who want it.
    fn keep(&mut self, node: usize, read: Text<'a>) -> Option<()> {
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
        for &leaf in &self.walk.nodes.get(node)?.leaves {
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
