//! One pass over a body: is it strict RFC 8259 JSON, and where do the targets stand in it?
//!
//! The scanner works on bytes, without recursion and without building values: a body is never
//! re-encoded, so nothing of it needs to be understood but the members on the way to the targets.

use std::ops::Range;

use thiserror::Error;

use super::target::{MAX_DEPTH, NodeId, ROOT, Targets};

pub(crate) mod lex;
pub(crate) mod nesting;
pub(crate) mod outline;

use lex::Cursor;
use nesting::Nesting;

/// Why a body can't be edited, as far as its text alone says so.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ScanError {
    /// Not strict RFC 8259 JSON in UTF-8.
    #[error("the body is not strict JSON in UTF-8")]
    NotJson,
    /// JSON, but no object.
    #[error("the body is JSON, but no object")]
    NotObject,
}

/// What stands at a member on the way to a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Absent,
    /// `null`, and where it stands.
    Null(Range<usize>),
    /// An object: the offset behind its brace, and whether it has no members.
    Object {
        inside: usize,
        empty: bool,
    },
    /// Any other value.
    Other,
    /// The member occurs more than once.
    Twice,
}

/// Where the targets stand in a body.
#[derive(Clone, Debug)]
pub struct Scan {
    found: Vec<Found>,
    bom: bool,
}

/// The byte-order mark of UTF-8, which Windows tools write and RFC 8259 section 8.1 forbids.
pub(crate) const BOM: &[u8] = b"\xef\xbb\xbf";

impl Scan {
    pub(crate) fn at(&self, node: NodeId) -> &Found {
        self.found.get(node).unwrap_or(&Found::Absent)
    }

    /// Whether the text stands behind a byte-order mark.
    pub fn has_bom(&self) -> bool {
        self.bom
    }
}

/// Scans `body`, all of it.
pub fn scan(body: &[u8], targets: &Targets) -> Result<Scan, ScanError> {
    // Once for the whole body: from here on, bytes over 0x7f can only be part of a string.
    std::str::from_utf8(body).map_err(|_| ScanError::NotJson)?;
    let bom = body.starts_with(BOM);
    let start = if bom { BOM.len() } else { 0 };
    let mut scanner = Scanner {
        cursor: Cursor::new(body, start),
        targets,
        nesting: Nesting::default(),
        trail: [ROOT; MAX_DEPTH + 1],
        trail_len: 0,
        found: vec![Found::Absent; targets.node_count()],
    };
    scanner.document().ok_or(ScanError::NotJson)?;
    let Scanner { found, .. } = scanner;
    match found.first() {
        Some(Found::Object { .. }) => Ok(Scan { found, bom }),
        _ => Err(ScanError::NotObject),
    }
}

struct Scanner<'a> {
    cursor: Cursor<'a>,
    targets: &'a Targets,
    nesting: Nesting,
    /// The target nodes whose objects are open, outermost first. While it is as long as the nesting is
    /// deep, the innermost open object is one of them.
    trail: [NodeId; MAX_DEPTH + 1],
    trail_len: usize,
    found: Vec<Found>,
}

/// `None` is "not JSON" throughout: a caller's text earns no better diagnosis here, the upstream's own
/// does that.
impl Scanner<'_> {
    fn document(&mut self) -> Option<()> {
        let mut node = Some(ROOT);
        loop {
            self.cursor.skip_space();
            let closed = self.value(node)?;
            if !closed || self.leave()? {
                // Inside a container, in front of its next member or element.
                node = if self.nesting.in_object() {
                    self.name()?
                } else {
                    None
                };
            } else {
                return self.cursor.is_at_end().then_some(());
            }
        }
    }

    /// Reads a value, or enters it: `false` means that a container with content was opened.
    fn value(&mut self, node: Option<NodeId>) -> Option<bool> {
        let start = self.cursor.at();
        match self.cursor.next()? {
            b'{' => {
                self.cursor.skip_space();
                let empty = self.cursor.eat(b'}');
                if let Some(node) = node {
                    self.note(
                        node,
                        Found::Object {
                            inside: start + 1,
                            empty,
                        },
                    );
                }
                if !empty {
                    self.enter(node);
                }
                return Some(empty);
            }
            b'[' => {
                self.cursor.skip_space();
                let empty = self.cursor.eat(b']');
                if !empty {
                    self.nesting.push(false);
                }
                self.note_other(node);
                return Some(empty);
            }
            b'"' => {
                self.cursor.string()?;
            }
            b't' => self.cursor.literal(b"rue")?,
            b'f' => self.cursor.literal(b"alse")?,
            b'n' => {
                self.cursor.literal(b"ull")?;
                if let Some(node) = node {
                    self.note(node, Found::Null(start..self.cursor.at()));
                }
                return Some(true);
            }
            first @ (b'-' | b'0'..=b'9') => self.cursor.number(first)?,
            _ => return None,
        }
        self.note_other(node);
        Some(true)
    }

    fn enter(&mut self, node: Option<NodeId>) {
        // An object on the way to a target lies directly inside the last one on the trail.
        if let Some(node) = node
            && self.trail_len == self.nesting.depth()
            && let Some(slot) = self.trail.get_mut(self.trail_len)
        {
            *slot = node;
            self.trail_len += 1;
        }
        self.nesting.push(true);
    }

    /// Behind a value: closes what ends here. `true` means that another value follows, `false` that
    /// the document ended.
    fn leave(&mut self) -> Option<bool> {
        while self.nesting.depth() > 0 {
            self.cursor.skip_space();
            match (self.cursor.next()?, self.nesting.in_object()) {
                (b',', _) => {
                    self.cursor.skip_space();
                    return Some(true);
                }
                (b'}', true) | (b']', false) => {
                    self.nesting.pop();
                    self.trail_len = self.trail_len.min(self.nesting.depth());
                }
                _ => return None,
            }
        }
        self.cursor.skip_space();
        Some(false)
    }

    /// Reads a member's name and colon; says which node of the targets it is.
    #[expect(
        clippy::option_option,
        reason = "outside: is it JSON; inside: is it on the way to a target"
    )]
    fn name(&mut self) -> Option<Option<NodeId>> {
        if !self.cursor.eat(b'"') {
            return None;
        }
        let read = self.cursor.string()?;
        self.cursor.skip_space();
        if !self.cursor.eat(b':') {
            return None;
        }
        let on_trail = self.trail_len > 0 && self.trail_len == self.nesting.depth();
        let parent = on_trail
            .then(|| self.trail.get(self.trail_len - 1))
            .flatten();
        Some(parent.and_then(|&parent| self.targets.child(parent, |name| read.is(name))))
    }

    fn note_other(&mut self, node: Option<NodeId>) {
        if let Some(node) = node {
            self.note(node, Found::Other);
        }
    }

    fn note(&mut self, node: NodeId, what: Found) {
        if let Some(slot) = self.found.get_mut(node) {
            *slot = if *slot == Found::Absent {
                what
            } else {
                Found::Twice
            };
        }
    }
}

#[cfg(test)]
mod tests;
