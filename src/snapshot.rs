//! What was read of a conversation: for each participant the few values that can fill a gap.

use std::borrow::Cow;

mod block;
mod builder;
mod uuid;

use block::Block;
pub(crate) use builder::ConversationBuilder;

/// Longest value that may fill, in bytes. States and ids are far shorter; anything else in their place
/// is not what it claims to be.
pub(crate) const MAX_VALUE: usize = 256;

/// What a source said about a conversation's participants. Holds no attribute values.
#[derive(Clone, PartialEq, Eq)]
pub struct Conversation {
    /// One allocation for all of it: see [`block`]. It is not shared: a hundred bytes are copied as soon as two counts
    /// are changed, and the counts would have to be kept.
    block: Box<[u8]>,
}

impl Conversation {
    /// An empty conversation whose participants have `fields` fields.
    pub(crate) fn builder(fields: usize) -> ConversationBuilder {
        ConversationBuilder::new(fields)
    }

    /// The participant with this id.
    pub fn participant(&self, id: &str) -> Option<Participant<'_>> {
        self.at(self.position(id)?)
    }

    /// The place of the participant with this id.
    pub(crate) fn position(&self, id: &str) -> Option<usize> {
        self.block()?.position(id)
    }

    /// The participant at a place.
    pub(crate) fn at(&self, index: usize) -> Option<Participant<'_>> {
        let block = self.block().filter(|block| index < block.count)?;
        Some(Participant { block, index })
    }

    /// Number of participants.
    pub fn len(&self) -> usize {
        self.block().map_or(0, |block| block.count)
    }

    /// Whether there are no participants.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of memory that it holds.
    pub fn weight(&self) -> usize {
        size_of::<Self>() + self.block.len()
    }

    /// Writes it down for [`decode`](Self::decode).
    #[cfg(feature = "cache")]
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.block);
    }

    /// Reads what [`encode`](Self::encode) wrote of a conversation whose participants have `fields` fields.
    #[cfg(feature = "cache")]
    pub(crate) fn decode(bytes: &[u8], fields: usize) -> Option<Self> {
        let block = Block::read(bytes)?;
        let is_one = block.fields == fields && block.count > 0 && block.is_whole();
        is_one.then(|| Self {
            block: bytes.into(),
        })
    }

    fn block(&self) -> Option<Block<'_>> {
        Block::read(&self.block)
    }
}

impl std::fmt::Debug for Conversation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Ids and what people do are nobody's business.
        f.debug_struct("Conversation")
            .field("participants", &self.len())
            .finish_non_exhaustive()
    }
}

/// One participant of a [`Conversation`].
#[derive(Clone, Copy)]
pub struct Participant<'c> {
    block: Block<'c>,
    index: usize,
}

impl<'c> Participant<'c> {
    /// The value of a field, by its index in the source.
    pub fn value(&self, field: usize) -> Option<Cow<'c, str>> {
        self.block.value(self.index, field)
    }
}

impl std::fmt::Debug for Participant<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Participant").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
