//! One pass over an answer that takes what its source asks for, without making a tree of the rest.
//!
//! Sources name what they read by JSONPaths, and nearly all of them are of the [usual kind](super::route).
//! Whatever is out of the ordinary, in a path or in an answer, is left to the general queries, which are the
//! measure of what is read here.

mod tour;

use self::tour::Tour;
use super::route::{Step, steps};
use crate::repair::scan::lex::Text;
use crate::rule::spec::SourceSpec;
use crate::snapshot::Conversation;

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
        Tour::new(self, answer).conversation()
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

#[cfg(test)]
mod tests;
