//! A body between two steps: its bytes, and the members of its outermost object.

use std::borrow::Cow;
use std::ops::Range;

use crate::repair::diagnosis::{Diagnosis, Flaw};
use crate::repair::scan::outline::{Kind, Member, Occurs, Outline, is_called};

/// Bytes in the place of a span of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Splice {
    pub(super) at: Range<usize>,
    pub(super) with: Vec<u8>,
}

impl Splice {
    pub(super) fn insert(at: usize, with: impl Into<Vec<u8>>) -> Self {
        Self {
            at: at..at,
            with: with.into(),
        }
    }

    pub(super) fn remove(at: Range<usize>) -> Self {
        Self {
            at,
            with: Vec::new(),
        }
    }
}

/// A JSON object as text. Every step edits spans of it; what they leave alone stays as it was written.
#[derive(Clone, Debug)]
pub(super) struct Text<'t> {
    bytes: Cow<'t, [u8]>,
    root: Outline,
}

/// What a JSON pointer leads to.
#[derive(Clone, Debug)]
pub(super) enum At<'o> {
    Nothing,
    /// The member and the object that it stands in.
    Member(Cow<'o, Outline>, Member),
    /// The member, or one on the way to it, occurs twice.
    Twice,
}

impl<'t> Text<'t> {
    /// `bytes` is strict JSON, an object, and without a byte-order mark.
    pub(super) fn new(bytes: Cow<'t, [u8]>) -> Result<Self, Diagnosis> {
        let start = bytes.iter().position(|&byte| byte == b'{');
        let root = start.and_then(|start| Outline::of(&bytes, start));
        let root = root.ok_or_else(|| Diagnosis::of(Flaw::TooLarge, ""))?;
        Ok(Self { bytes, root })
    }

    pub(super) fn root(&self) -> &Outline {
        &self.root
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn into_bytes(self) -> Cow<'t, [u8]> {
        self.bytes
    }

    pub(super) fn slice(&self, span: Range<usize>) -> &[u8] {
        self.bytes.get(span).unwrap_or_default()
    }

    /// The members of an object value. `Err`: there are more than are looked at.
    pub(super) fn members_of(&self, member: &Member, pointer: &str) -> Result<Outline, Diagnosis> {
        let outline = Outline::of(&self.bytes, member.value.start);
        outline.ok_or_else(|| Diagnosis::of(Flaw::TooLarge, pointer))
    }

    /// Whether a member has this name, decoded.
    pub(super) fn is_called(&self, member: &Member, name: &str) -> bool {
        is_called(&self.bytes, member, name)
    }

    /// Whether a member's value is this string, decoded.
    pub(super) fn is_string(&self, member: &Member, text: &str) -> bool {
        // Between the quotes a string is what a name is.
        let as_name = Member {
            name: member.value.start + 1..member.value.end.saturating_sub(1),
            ..member.clone()
        };
        member.kind == Kind::String && self.is_called(&as_name, text)
    }

    /// What stands at the end of a way of names.
    pub(super) fn at(&self, names: &[String]) -> At<'_> {
        let mut outline = Cow::Borrowed(&self.root);
        let mut names = names.iter().peekable();
        while let Some(name) = names.next() {
            let member = match outline.find(&self.bytes, name) {
                Occurs::Never => return At::Nothing,
                Occurs::Twice => return At::Twice,
                Occurs::Once(member) => member.clone(),
            };
            if names.peek().is_none() {
                return At::Member(outline, member);
            }
            match Outline::of(&self.bytes, member.value.start) {
                Some(below) => outline = Cow::Owned(below),
                None => return At::Nothing,
            }
        }
        At::Nothing
    }

    /// Whether nothing stands beside any member on a way of names, from the one at `depth` on (the outermost
    /// is at 1).
    pub(super) fn stands_alone(&self, names: &[String], depth: usize) -> bool {
        (depth..=names.len()).all(|depth| {
            let way = names.get(..depth).unwrap_or_default();
            matches!(self.at(way), At::Member(outline, _) if outline.members.len() == 1)
        })
    }

    /// Applies edits that don't overlap, in order.
    pub(super) fn edit(&mut self, splices: &[Splice]) -> Result<(), Diagnosis> {
        *self = Text::new(Cow::Owned(spliced(&self.bytes, splices)))?;
        Ok(())
    }
}

/// `bytes` with edits that don't overlap, in order.
pub(super) fn spliced(bytes: &[u8], splices: &[Splice]) -> Vec<u8> {
    let more: usize = splices.iter().map(|splice| splice.with.len()).sum();
    let mut out = Vec::with_capacity(bytes.len() + more);
    let mut copied = 0;
    for Splice { at, with } in splices {
        out.extend_from_slice(bytes.get(copied..at.start).unwrap_or_default());
        out.extend_from_slice(with);
        copied = at.end;
    }
    out.extend_from_slice(bytes.get(copied..).unwrap_or_default());
    out
}
