use crate::rule::{Match, fnv1a};

/// The path parameter that names a conversation.
const CONVERSATION: &str = "conversationId";

/// The share of the conversations whose requests are repaired in mode enforce; those of the others are
/// observed.
///
/// A hash of the conversation's id decides, without a key: a conversation falls on the same side on every
/// replica, after every restart and by whatever path it is reached, and a larger share has every conversation
/// of a smaller one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EnforceShare(f64);

/// It is never NaN.
impl Eq for EnforceShare {}

impl Default for EnforceShare {
    fn default() -> Self {
        Self::ALL
    }
}

impl EnforceShare {
    /// Every conversation.
    pub const ALL: Self = Self(1.0);

    /// `None` unless it is from 0 to 1.
    pub fn new(share: f64) -> Option<Self> {
        // Zero has a sign, which nobody wants to see written.
        (0.0..=1.0).contains(&share).then_some(Self(share.abs()))
    }

    /// The share as a number.
    pub fn get(self) -> f64 {
        self.0
    }

    /// Whether the conversation with this id is in it.
    pub fn has(self, conversation: &str) -> bool {
        self.has_one_of([conversation])
    }

    /// Whether a request is in it: by its conversation, or else by the parameters of its path, or else never,
    /// unless all are.
    pub(crate) fn takes(self, found: &Match<'_, '_>) -> bool {
        if self == Self::ALL {
            return true;
        }
        let mut conversation = found.params().filter(|(name, _)| *name == CONVERSATION);
        if let Some((_, id)) = conversation.next() {
            return self.has(id);
        }
        let mut values = found.params().map(|(_, value)| value).peekable();
        values.peek().is_some() && self.has_one_of(values)
    }

    fn has_one_of<'v>(self, values: impl IntoIterator<Item = &'v str>) -> bool {
        // UUIDs are the same in capitals (RFC 9562 section 4).
        let bytes = |value: &'v str| value.bytes().map(|byte| byte.to_ascii_lowercase());
        // What no text holds ends each.
        let bytes = values
            .into_iter()
            .flat_map(|value| bytes(value).chain([0xff]));
        fraction(fnv1a(bytes)) < self.0
    }
}

/// A hash as a number from 0 up to, and without, 1.
#[expect(clippy::cast_precision_loss, reason = "53 bits are what a float holds")]
fn fraction(hash: u64) -> f64 {
    // FNV-1a leaves the ids of a sequence close to each other in its upper bits: they are mixed, as the last
    // step of splitmix64 does.
    let mut mixed = hash;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    (mixed >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests;
