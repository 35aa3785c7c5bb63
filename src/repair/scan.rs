//! One pass over a body: is it strict RFC 8259 JSON, and where do the targets stand in it?
//!
//! The scanner works on bytes, without recursion and without building values: a body is never
//! re-encoded, so nothing of it needs to be understood but the members on the way to the targets.

use std::ops::Range;

use thiserror::Error;

use super::target::{MAX_DEPTH, NodeId, ROOT, Targets};

pub(crate) mod lex;
mod nesting;
pub(crate) mod outline;

use lex::{Cursor, Limits, Text};

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
        trail: [ROOT; MAX_DEPTH + 1],
        depth: 0,
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
    /// The target nodes whose objects are open, outermost first, and how many. All else is read as a whole.
    trail: [NodeId; MAX_DEPTH + 1],
    depth: usize,
    found: Vec<Found>,
}

/// `None` is "not JSON" throughout: a caller's text earns no better diagnosis here, the upstream's own
/// does that.
impl Scanner<'_> {
    fn document(&mut self) -> Option<()> {
        let mut entered = self.value(ROOT)?;
        while entered || self.leave()? {
            let targets = self.targets;
            let parent = *self.trail.get(self.depth.checked_sub(1)?)?;
            let child = |name: Text<'_>| targets.child(parent, |child| name.is(child));
            entered = if let Some(node) = self.cursor.seek(Limits::NONE, child)? {
                self.value(node)?
            } else {
                self.depth -= 1;
                false
            };
        }
        self.cursor.skip_space();
        self.cursor.is_at_end().then_some(())
    }

    /// Reads a target node's value, or enters it: `true` means an object with content.
    fn value(&mut self, node: NodeId) -> Option<bool> {
        let first = self.cursor.token()?;
        let inside = self.cursor.at();
        if first != b'{' {
            self.cursor.skip_value(first, Limits::NONE)?;
            let found = match first {
                b'n' => Found::Null(inside - 1..self.cursor.at()),
                _ => Found::Other,
            };
            self.note(node, found);
            return Some(false);
        }
        let empty = !self.cursor.enter(true);
        self.note(node, Found::Object { inside, empty });
        if !empty {
            *self.trail.get_mut(self.depth)? = node;
            self.depth += 1;
        }
        Some(!empty)
    }

    /// Behind a value: closes what ends here. `false` means that the document ended.
    fn leave(&mut self) -> Option<bool> {
        while self.depth > 0 {
            if self.cursor.more(true)? {
                return Some(true);
            }
            self.depth -= 1;
        }
        Some(false)
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
