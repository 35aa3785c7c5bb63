//! Which targets are gaps, and the splice that fills them.

use std::ops::Range;

use thiserror::Error;

use super::scan::{BOM, Found, Scan, ScanError, scan};
use super::target::{NodeId, ROOT, Targets};

/// Why a body is forwarded as it came.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlanError {
    /// The text itself can't be edited.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// A target, or a parent of one, occurs twice: which of them the upstream would read is unknown.
    #[error("a member to fill occurs twice")]
    DuplicateMember,
    /// The parent of a target is neither an object nor null.
    #[error("the parent of a member to fill is no object")]
    TypeConflict,
}

/// What a body misses of a rule's targets.
#[derive(Clone, Debug)]
pub struct Plan<'a> {
    body: &'a [u8],
    targets: &'a Targets,
    scan: Scan,
    gaps: usize,
    ascii: bool,
}

/// One change: `replaced` of the input became `inserted` of the output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Span of the caller's bytes that is replaced: empty but for `null`s and a byte-order mark.
    pub replaced: Range<usize>,
    /// Span of the sent bytes that replaces it.
    pub inserted: Range<usize>,
}

impl<'a> Plan<'a> {
    /// Scans `body` and lists the gaps.
    pub fn new(body: &'a [u8], targets: &'a Targets) -> Result<Self, PlanError> {
        let scan = scan(body, targets)?;
        let mut plan = Self {
            body,
            targets,
            scan,
            gaps: 0,
            ascii: false,
        };
        for node in ROOT + 1..targets.node_count() {
            let is_leaf = targets.node(node).target.is_some();
            match plan.scan.at(node) {
                Found::Twice => return Err(PlanError::DuplicateMember),
                Found::Other if !is_leaf => return Err(PlanError::TypeConflict),
                Found::Absent | Found::Null(_) if is_leaf => plan.gaps += 1,
                _ => {}
            }
        }
        Ok(plan)
    }

    /// Has everything that is inserted written in ASCII, other characters as `\uXXXX`: for a body that
    /// may be read in another charset.
    #[must_use]
    pub fn in_ascii(mut self) -> Self {
        self.ascii = true;
        self
    }

    /// Whether nothing is missing.
    pub fn is_complete(&self) -> bool {
        self.gaps == 0
    }

    /// Whether a byte-order mark is to be dropped.
    pub fn has_bom(&self) -> bool {
        self.scan.has_bom()
    }

    /// Indices of the targets that are gaps.
    pub fn gaps(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.targets.len()).filter(|&target| self.is_gap(target))
    }

    /// Whether the caller sent a value for any target: then this request changes what is cached.
    pub fn sends_a_target(&self) -> bool {
        self.gaps < self.targets.len()
    }

    fn is_gap(&self, target: usize) -> bool {
        let found = self.targets.leaf(target).map(|leaf| self.scan.at(leaf));
        matches!(found, Some(Found::Absent | Found::Null(_)))
    }

    /// The body with each gap filled that `value` knows a string for. A byte-order mark is dropped.
    pub fn splice<'v>(&self, value: impl Fn(usize) -> Option<&'v str>) -> Vec<u8> {
        self.splice_with_edits(value, |_| {})
    }

    /// As [`splice`](Self::splice), telling `on_edit` every change in the order of the bytes.
    pub fn splice_with_edits<'v>(
        &self,
        value: impl Fn(usize) -> Option<&'v str>,
        mut on_edit: impl FnMut(Edit),
    ) -> Vec<u8> {
        let fill = |target| {
            if self.is_gap(target) {
                value(target)
            } else {
                None
            }
        };
        let extra: usize = (0..self.targets.len())
            .map(|t| fill(t).map_or(0, |v| v.len() + 64))
            .sum();
        let mut out = Vec::with_capacity(self.body.len() + extra);
        let mut copied = 0;
        if self.scan.has_bom() {
            copied = BOM.len();
            on_edit(Edit {
                replaced: 0..copied,
                inserted: 0..0,
            });
        }
        let mut last = None;
        while let Some((at, node)) = self.next_site(last, &fill) {
            last = Some(at.start);
            out.extend_from_slice(self.body.get(copied..at.start).unwrap_or_default());
            let start = out.len();
            self.write_site(&mut out, node, &fill);
            copied = at.end;
            on_edit(Edit {
                replaced: at,
                inserted: start..out.len(),
            });
        }
        out.extend_from_slice(self.body.get(copied..).unwrap_or_default());
        out
    }

    /// The first place behind `last` where something is to be written: in an object that misses
    /// members, or in the place of a null. Rules have a handful of nodes, so a search beats a list.
    fn next_site<'v>(
        &self,
        last: Option<usize>,
        fill: &impl Fn(usize) -> Option<&'v str>,
    ) -> Option<(Range<usize>, NodeId)> {
        let sites = (ROOT..self.targets.node_count()).filter_map(|node| {
            let at = match self.scan.at(node) {
                Found::Object { inside, .. } => *inside..*inside,
                Found::Null(at) => at.clone(),
                _ => return None,
            };
            let fills = match self.scan.at(node) {
                Found::Object { .. } => self.new_members(node, fill).next().is_some(),
                _ => self.fills(node, fill),
            };
            (last < Some(at.start) && fills).then_some((at, node))
        });
        sites.min_by_key(|(at, _)| at.start)
    }

    fn write_site<'v>(
        &self,
        out: &mut Vec<u8>,
        node: NodeId,
        fill: &impl Fn(usize) -> Option<&'v str>,
    ) {
        if let Found::Object { empty, .. } = self.scan.at(node) {
            self.write_members(out, node, fill);
            if !empty {
                out.push(b',');
            }
        } else {
            self.write_value(out, node, fill);
        }
    }

    /// The children of `node` that are to be made: nothing stands there yet, and something fills them.
    fn new_members<'s, 'v>(
        &'s self,
        node: NodeId,
        fill: &'s impl Fn(usize) -> Option<&'v str>,
    ) -> impl Iterator<Item = NodeId> + 's {
        let children = self.targets.node(node).children.iter().copied();
        children
            .filter(move |&child| *self.scan.at(child) == Found::Absent && self.fills(child, fill))
    }

    /// Whether any target at or below `node` is filled. The depth is bounded by that of the targets.
    fn fills<'v>(&self, node: NodeId, fill: &impl Fn(usize) -> Option<&'v str>) -> bool {
        let this = self.targets.node(node);
        match this.target {
            Some(target) => fill(target).is_some(),
            None => this.children.iter().any(|&child| self.fills(child, fill)),
        }
    }

    fn write_members<'v>(
        &self,
        out: &mut Vec<u8>,
        node: NodeId,
        fill: &impl Fn(usize) -> Option<&'v str>,
    ) {
        for (index, child) in self.new_members(node, fill).enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.extend_from_slice(self.targets.node(child).key.as_bytes());
            self.write_value(out, child, fill);
        }
    }

    fn write_value<'v>(
        &self,
        out: &mut Vec<u8>,
        node: NodeId,
        fill: &impl Fn(usize) -> Option<&'v str>,
    ) {
        if let Some(target) = self.targets.node(node).target {
            let text = fill(target).unwrap_or_default();
            return if self.ascii {
                write_ascii_string(out, text);
            } else {
                write_string(out, text);
            };
        }
        out.push(b'{');
        self.write_members(out, node, fill);
        out.push(b'}');
    }
}

/// Looked-up text is escaped on the way in: a quote in it must not end the string.
fn write_string(out: &mut Vec<u8>, text: &str) {
    // Writing a string to a vector has no way to fail.
    let _ = serde_json::to_writer(&mut *out, text);
}

/// As [`write_string`], with the two escapes of a surrogate pair for what UTF-16 has no single unit for
/// (RFC 8259 section 7).
pub(super) fn write_ascii_string(out: &mut Vec<u8>, text: &str) {
    let mut quoted = Vec::with_capacity(text.len() + 2);
    write_string(&mut quoted, text);
    for unit in String::from_utf8_lossy(&quoted).encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => out.push(byte),
            _ => out.extend_from_slice(format!("\\u{unit:04x}").as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests;
