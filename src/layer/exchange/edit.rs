use bytes::Bytes;

use crate::layer::record::{Repair, Span};

/// What is done to one request.
#[derive(Debug)]
pub(super) struct Edit {
    /// What is sent, in order; nothing stands for the request as it came.
    pub(super) parts: Vec<Part>,
    pub(super) repairs: Vec<Repair>,
    pub(super) filled: Vec<usize>,
    /// Where, where that is all that was done to the body.
    pub(super) spans: Vec<Span>,
    /// Members and header fields that were left out.
    pub(super) dropped: Vec<String>,
    /// Whether `Content-Type` is set.
    pub(super) content_type: bool,
    /// Whether the body was decoded.
    pub(super) coding: bool,
    /// Whether the rule's header fields go.
    pub(super) no_headers: bool,
}

/// Of a request that goes as it came.
pub(super) static NONE: Edit = Edit {
    parts: Vec::new(),
    repairs: Vec::new(),
    filled: Vec::new(),
    spans: Vec::new(),
    dropped: Vec::new(),
    content_type: false,
    coding: false,
    no_headers: false,
};

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// What it is called, where there are several.
    pub(super) name: Option<String>,
    /// Where it goes, where that is not where it came to.
    pub(super) path: Option<String>,
    /// The body, where it differs from the caller's.
    pub(super) body: Option<Bytes>,
}

impl Edit {
    pub(super) fn is_empty(&self) -> bool {
        self.repairs.is_empty()
    }

    /// How many requests it makes.
    pub(super) fn count(&self) -> usize {
        self.parts.len().max(1)
    }

    /// Whether going on with it would repeat the other's request at `refused`, or one before it: those must
    /// be the same, and that one must not.
    pub(super) fn repeats(&self, other: &Self, refused: usize) -> bool {
        let heads = |edit: &Self| (edit.content_type, edit.coding, edit.no_headers);
        let pairs = self.parts.iter().zip(&other.parts);
        let same = pairs.take_while(|(part, other)| part == other).count();
        same < refused || same > refused && heads(self) == heads(other)
    }

    /// Where its request goes, where that is not where it came to.
    pub(super) fn path(&self, index: usize) -> Option<&str> {
        self.parts.get(index)?.path.as_deref()
    }
}
