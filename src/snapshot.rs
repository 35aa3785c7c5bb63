//! What was read of a conversation: for each participant the few values that can fill a gap.

/// Longest value that may fill, in bytes. States and ids are far shorter; anything else in their place
/// is not what it claims to be.
pub(crate) const MAX_VALUE: usize = 256;

/// What a source said about a conversation's participants. Holds no attribute values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// Every id and value, one behind the other: one allocation per conversation, not one per value.
    text: Box<str>,
    /// Per participant its id and then its fields, as spans of `text`.
    spans: Box<[Option<Span>]>,
    width: usize,
}

/// A span of a conversation's text. Its end fits because answers are bounded far below 4 GiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    start: u32,
    len: u16,
}

impl Conversation {
    /// An empty conversation whose participants have `fields` fields.
    pub(crate) fn builder(fields: usize) -> ConversationBuilder {
        ConversationBuilder {
            text: String::new(),
            spans: Vec::new(),
            width: fields + 1,
        }
    }

    /// The participant with this id.
    pub fn participant(&self, id: &str) -> Option<Participant<'_>> {
        let mut all = self.spans.chunks_exact(self.width);
        let found = all.find(|spans| {
            spans
                .first()
                .is_some_and(|&span| self.slice(span) == Some(id))
        });
        found.map(|spans| Participant {
            conversation: self,
            spans,
        })
    }

    /// Number of participants.
    pub fn len(&self) -> usize {
        self.spans.len() / self.width
    }

    /// Whether there are no participants.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Bytes of memory that it holds.
    pub fn weight(&self) -> usize {
        size_of::<Self>() + self.text.len() + size_of_val(&*self.spans)
    }

    /// Writes it down for [`decode`](Self::decode).
    #[cfg(feature = "cache")]
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        // Spans are 32 bits, so the text is no longer than that; nor are there as many fields.
        for size in [self.width, self.text.len()] {
            let size = u32::try_from(size).unwrap_or(u32::MAX);
            out.extend_from_slice(&size.to_be_bytes());
        }
        out.extend_from_slice(self.text.as_bytes());
        for span in &self.spans {
            // No value is that long, so it can stand for none.
            let (start, len) = span.map_or((0, u16::MAX), |span| (span.start, span.len));
            out.extend_from_slice(&start.to_be_bytes());
            out.extend_from_slice(&len.to_be_bytes());
        }
    }

    /// Reads what [`encode`](Self::encode) wrote of a conversation whose participants have `fields` fields.
    #[cfg(feature = "cache")]
    pub(crate) fn decode(bytes: &[u8], fields: usize) -> Option<Self> {
        let size = |bytes: &[u8; 4]| usize::try_from(u32::from_be_bytes(*bytes)).ok();
        let (width, rest) = bytes.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        if size(width)? != fields + 1 {
            return None;
        }
        let (text, spans) = rest.split_at_checked(size(length)?)?;
        let text = std::str::from_utf8(text).ok()?;
        let (width, size) = (fields + 1, size_of::<u32>() + size_of::<u16>());
        if spans.is_empty() || spans.len() % (size * width) != 0 {
            return None;
        }
        let span = |bytes: &[u8]| {
            let (start, len) = bytes.split_first_chunk()?;
            let (start, len) = (
                u32::from_be_bytes(*start),
                u16::from_be_bytes(len.try_into().ok()?),
            );
            let span = (len != u16::MAX).then_some(Span { start, len });
            let end = usize::try_from(start).ok()?.checked_add(usize::from(len))?;
            let is_one = || usize::from(len) <= MAX_VALUE && end <= text.len();
            (span.is_none() || is_one()).then_some(span)
        };
        let spans: Option<Box<[_]>> = spans.chunks_exact(size).map(span).collect();
        Some(Self {
            text: text.into(),
            spans: spans?,
            width,
        })
    }

    fn slice(&self, span: Option<Span>) -> Option<&str> {
        let Span { start, len } = span?;
        let start = start as usize;
        self.text.get(start..start + usize::from(len))
    }
}

/// One participant of a [`Conversation`].
#[derive(Clone, Copy, Debug)]
pub struct Participant<'c> {
    conversation: &'c Conversation,
    spans: &'c [Option<Span>],
}

impl<'c> Participant<'c> {
    /// The value of a field, by its index in the source.
    pub fn value(&self, field: usize) -> Option<&'c str> {
        self.conversation
            .slice(self.spans.get(field + 1).copied().flatten())
    }
}

/// Collects participants.
#[derive(Debug)]
pub(crate) struct ConversationBuilder {
    text: String,
    spans: Vec<Option<Span>>,
    width: usize,
}

impl ConversationBuilder {
    /// Adds a participant; the values stand in the order of the source's fields.
    pub(crate) fn participant<'v>(
        &mut self,
        id: &str,
        values: impl IntoIterator<Item = Option<&'v str>>,
    ) {
        let id = self.span(id);
        self.spans.push(id);
        let fields = self.width - 1;
        let values = values
            .into_iter()
            .chain(std::iter::repeat(None))
            .take(fields);
        for value in values {
            let span = value.and_then(|value| self.span(value));
            self.spans.push(span);
        }
    }

    fn span(&mut self, value: &str) -> Option<Span> {
        let span = Span {
            start: u32::try_from(self.text.len()).ok()?,
            len: u16::try_from(value.len()).ok()?,
        };
        self.text.push_str(value);
        Some(span)
    }

    pub(crate) fn build(self) -> Conversation {
        Conversation {
            text: self.text.into(),
            spans: self.spans.into(),
            width: self.width,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_participant_and_field() {
        let mut builder = Conversation::builder(2);
        builder.participant("p1", [Some("connected"), None]);
        builder.participant("p2", [None, Some("q")]);
        builder.participant("p3", [Some("too"), Some("many"), Some("values")]);
        let conversation = builder.build();
        assert_eq!(conversation.len(), 3);
        let values = |id| {
            let participant = conversation.participant(id).unwrap();
            [
                participant.value(0),
                participant.value(1),
                participant.value(2),
            ]
        };
        assert_eq!(values("p1"), [Some("connected"), None, None]);
        assert_eq!(values("p2"), [None, Some("q"), None]);
        assert_eq!(values("p3"), [Some("too"), Some("many"), None]);
        assert!(conversation.participant("connected").is_none());
        assert!(conversation.weight() < 300);
    }
}
