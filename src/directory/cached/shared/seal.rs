use bytes::{Buf, BufMut as _, Bytes};

use super::Mark;
use crate::directory::cached::Key;
use crate::snapshot::Conversation;

/// Of what is kept, and of how a conversation is read from an answer: with either, another number.
const VERSION: u8 = 3;

/// Largest value that is kept. It has a thousand participants; what is larger is looked up by each replica.
const MOST: usize = 64 << 10;

const MAC: usize = blake3::OUT_LEN;

/// Closes values so that only replicas with the same key can have made them: whoever may write to the store
/// must not decide what is filled.
#[derive(Clone)]
pub(in crate::directory::cached) struct Seal {
    hasher: blake3::Hasher,
}

/// When a conversation was read, and under what mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sealed {
    /// In ms, on the store's clock, before the GET was sent.
    pub(super) at: u64,
    pub(super) mark: Mark,
}

impl Seal {
    pub(in crate::directory::cached) fn new(key: &[u8; 32]) -> Self {
        Self {
            hasher: blake3::Hasher::new_keyed(key),
        }
    }

    /// `None`: it is too large.
    pub(super) fn close(
        &self,
        key: Key,
        sealed: &Sealed,
        conversation: &Conversation,
    ) -> Option<Bytes> {
        let mut out = vec![0; 1 + MAC];
        out.put_u64(sealed.at);
        for text in [&sealed.mark.epoch, &sealed.mark.generation] {
            out.put_u8(u8::try_from(text.len()).ok()?);
            out.put_slice(text);
        }
        conversation.encode(&mut out);
        if out.len() > MOST {
            return None;
        }
        let mac = self.mac(key, out.get(1 + MAC..)?);
        if let Some(head) = out.first_chunk_mut::<{ 1 + MAC }>() {
            head[0] = VERSION;
            head[1..].copy_from_slice(mac.as_bytes());
        }
        Some(out.into())
    }

    /// `None`: it is none of ours, or another version's.
    pub(super) fn open(
        &self,
        key: Key,
        value: &[u8],
        fields: usize,
    ) -> Option<(Sealed, Conversation)> {
        let (head, mut rest) = value.split_first_chunk::<{ 1 + MAC }>()?;
        let (version, mac) = head.split_first()?;
        // blake3 compares in constant time.
        if *version != VERSION || self.mac(key, rest) != <[u8; MAC]>::try_from(mac).ok()? {
            return None;
        }
        let at = rest.try_get_u64().ok()?;
        let mut text = || {
            let length = usize::from(rest.try_get_u8().ok()?);
            let (text, after) = rest.split_at_checked(length)?;
            rest = after;
            Some(Bytes::copy_from_slice(text))
        };
        let mark = Mark {
            epoch: text()?,
            generation: text()?,
        };
        let conversation = Conversation::decode(rest, fields)?;
        Some((Sealed { at, mark }, conversation))
    }

    fn mac(&self, key: Key, rest: &[u8]) -> blake3::Hash {
        let mut hasher = self.hasher.clone();
        hasher.update(key.as_bytes());
        hasher.update(rest);
        hasher.finalize()
    }
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conversation() -> Conversation {
        let mut builder = Conversation::builder(2);
        builder.participant("p1", [Some("connected"), None]);
        builder.participant("p2", [None, Some("q")]);
        builder.build()
    }

    fn sealed() -> Sealed {
        let mark = Mark {
            epoch: Bytes::from_static(b"epoch"),
            generation: Bytes::from_static(b"generation"),
        };
        Sealed { at: 7, mark }
    }

    #[test]
    fn what_was_closed_opens_as_it_was_and_nothing_else_does() {
        let (seal, key) = (Seal::new(&[1; 32]), Key::new([2; 16]));
        let value = seal.close(key, &sealed(), &conversation()).unwrap();
        assert_eq!(seal.open(key, &value, 2), Some((sealed(), conversation())));
        assert_eq!(seal.open(key, &value, 1), None, "another source");
        assert_eq!(
            seal.open(Key::new([3; 16]), &value, 2),
            None,
            "another place"
        );
        assert_eq!(
            Seal::new(&[9; 32]).open(key, &value, 2),
            None,
            "another key"
        );
        for at in 0..value.len() {
            let mut other = value.to_vec();
            other[at] ^= 1;
            assert_eq!(seal.open(key, &other, 2), None, "changed at {at}");
            assert_eq!(seal.open(key, &value[..at], 2), None, "cut off at {at}");
        }
    }

    #[test]
    fn what_is_too_large_is_not_closed() {
        let mut builder = Conversation::builder(1);
        for n in 0..4000 {
            builder.participant(&format!("participant-{n}"), [Some("connected")]);
        }
        let seal = Seal::new(&[1; 32]);
        assert_eq!(
            seal.close(Key::new([2; 16]), &sealed(), &builder.build()),
            None
        );
    }
}
