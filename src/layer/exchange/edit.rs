use bytes::Bytes;

use crate::layer::record::Repair;

/// What is done to one request.
#[derive(Clone, Debug, Default)]
pub(super) struct Edit {
    /// What is sent, in order; nothing stands for the request as it came.
    pub(super) parts: Vec<Part>,
    pub(super) repairs: Vec<Repair>,
    pub(super) filled: Vec<usize>,
    /// Members and header fields that were left out.
    pub(super) dropped: Vec<String>,
    /// Whether `Content-Type` is set.
    pub(super) content_type: bool,
    /// Whether the body was decoded.
    pub(super) coding: bool,
    /// Whether the rule's header fields go.
    pub(super) no_headers: bool,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) name: String,
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

    /// Whether it makes the same requests.
    pub(super) fn makes_the_same(&self, other: &Self) -> bool {
        let heads = |edit: &Self| (edit.content_type, edit.coding, edit.no_headers);
        self.parts == other.parts && heads(self) == heads(other)
    }

    /// How many requests in a row, from the first, are the other's too.
    pub(super) fn same_as(&self, other: &Self) -> usize {
        let pairs = self.parts.iter().zip(&other.parts);
        pairs.take_while(|(part, other)| part == other).count()
    }

    /// Where its request goes, where that is not where it came to.
    pub(super) fn path(&self, index: usize) -> Option<&str> {
        self.parts.get(index)?.path.as_deref()
    }
}
