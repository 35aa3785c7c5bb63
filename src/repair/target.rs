//! The members that a rule fills, as a tree of names.

use thiserror::Error;

/// Longest pointer, in names. The API's bodies need three; the bound keeps the walk on the stack.
pub(crate) const MAX_DEPTH: usize = 8;

/// Why a set of JSON pointers can't be the targets of a rule.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TargetError {
    /// Not an RFC 6901 pointer to a member.
    #[error("expected a JSON pointer (RFC 6901) to a member such as \"/state\", found {0:?}")]
    NotAPointer(String),
    /// More than eight names.
    #[error("pointer {0:?} is deeper than {MAX_DEPTH} members")]
    TooDeep(String),
    /// The same target twice, or one inside another.
    #[error("pointer {0:?} is filled twice, or lies inside another that is filled")]
    Overlap(String),
    /// More targets than one rule may have.
    #[error("more than {} members to fill", Targets::MOST)]
    TooMany,
}

/// The members that a rule fills, compiled from their JSON pointers.
#[derive(Clone, Debug)]
pub struct Targets {
    nodes: Vec<Node>,
    leaves: Vec<NodeId>,
}

/// An RFC 6901 pointer to a member, as written and as names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer {
    text: String,
    names: Vec<String>,
}

impl Pointer {
    /// Reads a pointer to a member, at most eight names deep.
    pub fn new(text: &str) -> Result<Self, TargetError> {
        let names = names(text)?;
        if names.len() > MAX_DEPTH {
            return Err(TargetError::TooDeep(text.to_owned()));
        }
        let text = text.to_owned();
        Ok(Self { text, names })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names on the way, outermost first.
    pub fn names(&self) -> &[String] {
        &self.names
    }
}

/// Index of a [`Node`] in its tree; the root, the body itself, is 0.
pub(crate) type NodeId = usize;

/// The body itself.
pub(crate) const ROOT: NodeId = 0;

#[derive(Clone, Debug)]
pub(crate) struct Node {
    name: String,
    /// The name as it is inserted: quoted, escaped and with its colon.
    pub(crate) key: String,
    pub(crate) children: Vec<NodeId>,
    /// The target that ends here.
    pub(crate) target: Option<usize>,
}

impl Default for Targets {
    /// No targets.
    fn default() -> Self {
        Self {
            nodes: vec![Node::new(String::new())],
            leaves: Vec::new(),
        }
    }
}

impl Targets {
    /// Most targets of one rule: a set of them is one word.
    pub const MOST: usize = 64;

    /// Compiles RFC 6901 pointers. A target's index is its place in `pointers`.
    pub fn new<'p>(pointers: impl IntoIterator<Item = &'p str>) -> Result<Self, TargetError> {
        let root = Node::new(String::new());
        let mut targets = Self {
            nodes: vec![root],
            leaves: Vec::new(),
        };
        for pointer in pointers {
            targets.add(pointer)?;
        }
        Ok(targets)
    }

    fn add(&mut self, pointer: &str) -> Result<(), TargetError> {
        let Pointer { names, .. } = Pointer::new(pointer)?;
        let mut at = ROOT;
        let mut is_new = false;
        for name in names {
            if self.node(at).target.is_some() {
                return Err(TargetError::Overlap(pointer.to_owned()));
            }
            at = if let Some(child) = self.child(at, |known| known == name) {
                child
            } else {
                is_new = true;
                let child = self.nodes.len();
                self.nodes.push(Node::new(name));
                if let Some(parent) = self.nodes.get_mut(at) {
                    parent.children.push(child);
                }
                child
            };
        }
        if !is_new {
            return Err(TargetError::Overlap(pointer.to_owned()));
        }
        let target = self.leaves.len();
        if target == Self::MOST {
            return Err(TargetError::TooMany);
        }
        if let Some(leaf) = self.nodes.get_mut(at) {
            leaf.target = Some(target);
        }
        self.leaves.push(at);
        Ok(())
    }

    /// Number of targets.
    pub fn len(&self) -> usize {
        self.leaves.len()
    }

    /// Whether nothing is to be filled.
    pub fn is_empty(&self) -> bool {
        self.leaves.is_empty()
    }

    pub(crate) fn node_count(&self) -> usize {
        self.nodes.len()
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "ids are made here, from the same vector"
    )]
    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id]
    }

    /// The child whose name satisfies `is`.
    pub(crate) fn child(&self, id: NodeId, is: impl Fn(&str) -> bool) -> Option<NodeId> {
        let mut children = self.node(id).children.iter().copied();
        children.find(|&child| is(&self.node(child).name))
    }

    /// The node at which a target ends.
    pub(crate) fn leaf(&self, target: usize) -> Option<NodeId> {
        self.leaves.get(target).copied()
    }
}

impl Node {
    fn new(name: String) -> Self {
        let key = format!("{}:", serde_json::Value::from(name.as_str()));
        Self {
            name,
            key,
            children: Vec::new(),
            target: None,
        }
    }
}

fn names(pointer: &str) -> Result<Vec<String>, TargetError> {
    let names = pointer
        .strip_prefix('/')
        .and_then(|path| path.split('/').map(decoded).collect());
    names.ok_or_else(|| TargetError::NotAPointer(pointer.to_owned()))
}

/// RFC 6901 sections 3 and 4: `~0` is `~`, `~1` is `/`, and no other `~` may stand there.
fn decoded(token: &str) -> Option<String> {
    let mut parts = token.split('~');
    let mut name = parts.next()?.to_owned();
    for part in parts {
        let mut chars = part.chars();
        name.push(match chars.next()? {
            '0' => '~',
            '1' => '/',
            _ => return None,
        });
        name.push_str(chars.as_str());
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_decoded_per_rfc_6901() {
        let targets = Targets::new(["/a~1b/~01", "/"]).unwrap();
        let outer = targets.child(ROOT, |name| name == "a/b").unwrap();
        assert_eq!(targets.child(outer, |name| name == "~1"), targets.leaf(0));
        assert_eq!(targets.child(ROOT, str::is_empty), targets.leaf(1));
    }

    #[test]
    fn what_is_no_set_of_members_is_refused() {
        for (pointers, expected) in [
            (vec!["state"], TargetError::NotAPointer("state".into())),
            (vec![""], TargetError::NotAPointer(String::new())),
            (vec!["/a~2"], TargetError::NotAPointer("/a~2".into())),
            (vec!["/~~01"], TargetError::NotAPointer("/~~01".into())),
            (vec!["/a~"], TargetError::NotAPointer("/a~".into())),
            (vec!["/a", "/a"], TargetError::Overlap("/a".into())),
            (vec!["/a", "/a/b"], TargetError::Overlap("/a/b".into())),
            (vec!["/a/b", "/a"], TargetError::Overlap("/a".into())),
            (
                vec!["/1/2/3/4/5/6/7/8/9"],
                TargetError::TooDeep("/1/2/3/4/5/6/7/8/9".into()),
            ),
        ] {
            assert_eq!(
                Targets::new(pointers.iter().copied()).unwrap_err(),
                expected
            );
        }
    }
}
