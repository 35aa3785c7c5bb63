use std::fmt;
use std::hash::Hasher as _;
use std::iter;

use http::HeaderValue;
use siphasher::sip128::{Hasher128 as _, SipHasher24};

use super::shared::Seal;
use crate::directory::Address;
use crate::rule::{ConversationId, Source};

/// Key of the digest that stands for a credential. The credential itself is never stored.
#[derive(Clone, PartialEq, Eq)]
pub struct PartitionKey {
    key: [u8; 32],
    random: bool,
}

impl PartitionKey {
    /// A key that only this process knows.
    ///
    /// # Panics
    /// When the system has no randomness to give: nothing could be kept apart then.
    #[expect(
        clippy::expect_used,
        reason = "at start-up; a guessable key would be worse"
    )]
    pub fn random() -> Self {
        let mut key = [0; 32];
        getrandom::fill(&mut key).expect("the system gives no random numbers");
        Self { key, random: true }
    }

    /// The key that seals what replicas keep for each other.
    pub(super) fn seal(&self) -> Seal {
        Seal::new(&blake3::derive_key(
            "patchwright shared snapshot v1",
            &self.key,
        ))
    }

    /// A key that replicas share.
    pub fn from_secret(secret: &str) -> Self {
        let context = "patchwright credential partition v1";
        Self {
            key: blake3::derive_key(context, secret.as_bytes()),
            random: false,
        }
    }

    /// This one, or `other` where both are random: nobody asked for a new one then.
    pub(super) fn or_as_random_as(&self, other: &Self) -> Self {
        let chosen = if self.random && other.random {
            other
        } else {
            self
        };
        chosen.clone()
    }
}

impl fmt::Debug for PartitionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PartitionKey(***)")
    }
}

/// Stands for (upstream, partition, address), or for a conversation. 128 bits of a keyed hash: a collision can
/// neither be hoped for nor, without the key, looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key([u8; 16]);

impl Key {
    /// The key that these are the bytes of.
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The half of it, where that will do.
    pub(super) fn number(self) -> u64 {
        u64::try_from(u128::from_be_bytes(self.0) >> 64).unwrap_or_default()
    }
}

#[derive(Clone)]
pub(super) struct Partitions {
    key: [u8; 32],
}

impl fmt::Debug for Partitions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Partitions(***)")
    }
}

impl Partitions {
    pub(super) fn new(key: &PartitionKey) -> Self {
        Self { key: key.key }
    }

    /// Key of what replicas keep for each other under `key`, as a source reads it. One that is configured
    /// otherwise would take its fields for others.
    pub(super) fn shared_key(&self, key: Key, source: &Source) -> Key {
        self.hash([&b"shared"[..], &key.0, source.meaning().as_bytes()])
    }

    /// Key of a conversation, the same in all replicas. Its id shows nowhere.
    pub(super) fn conversation(&self, conversation: ConversationId) -> Key {
        self.hash([&b"conversation"[..], &conversation.0.to_be_bytes()])
    }

    /// What tells the credentials of one upstream apart.
    pub(super) fn of(&self, upstream: &str) -> Callers {
        let key = self.hash([&b"upstream"[..], upstream.as_bytes()]);
        Callers {
            hasher: SipHasher24::new_with_key(&key.0),
        }
    }

    fn hash<'p>(&self, parts: impl IntoIterator<Item = &'p [u8]>) -> Key {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        for part in parts {
            hasher.update(&length(part)).update(part);
        }
        let hash = hasher.finalize();
        Key(hash.as_bytes().first_chunk().copied().unwrap_or_default())
    }
}

/// Digests of the credentials of one upstream, and of what they ask for. Its key never leaves it, nor do digests
/// that were not hashed once more, so that nobody can look for two that are the same.
#[derive(Clone)]
pub(crate) struct Callers {
    hasher: SipHasher24,
}

impl fmt::Debug for Callers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Callers(***)")
    }
}

impl Callers {
    /// Key of what a source reads at an address. Another source would take its fields for others.
    pub(super) fn key(&self, credential: &HeaderValue, address: &Address, source: &Source) -> Key {
        self.digest(
            credential,
            &[
                address.scheme().as_bytes(),
                address.authority().as_bytes(),
                address.path().as_bytes(),
                &source.number().to_le_bytes(),
            ],
        )
    }

    /// Key under which a credential's rate is counted, whatever it asks for.
    pub(crate) fn payer(&self, credential: &HeaderValue) -> Key {
        self.digest(credential, &[])
    }

    /// In one piece where that is short.
    fn digest(&self, credential: &HeaderValue, rest: &[&[u8]]) -> Key {
        let parts = iter::once(credential.as_bytes()).chain(rest.iter().copied());
        let mut piece = [0; SHORT];
        let hash = if let Some(piece) = write(parts.clone(), &mut piece) {
            self.hasher.hash(piece)
        } else {
            let mut hasher = self.hasher;
            for part in parts {
                hasher.write(&length(part));
                hasher.write(part);
            }
            hasher.finish128()
        };
        Key(hash.as_bytes())
    }
}

/// Token and address together are 150 bytes.
const SHORT: usize = 384;

/// The length keeps ("ab", "c") and ("a", "bc") apart.
fn length(part: &[u8]) -> [u8; 8] {
    (part.len() as u64).to_le_bytes()
}

/// The parts one behind the other, if they fit.
fn write<'p, 'o>(
    parts: impl Iterator<Item = &'p [u8]>,
    out: &'o mut [u8; SHORT],
) -> Option<&'o [u8]> {
    let mut at = 0;
    for part in parts {
        for bytes in [&length(part)[..], part] {
            let end = at + bytes.len();
            out.get_mut(at..end)?.copy_from_slice(bytes);
            at = end;
        }
    }
    out.get(..at)
}

#[cfg(test)]
mod tests {
    use http::Uri;

    use super::*;
    use crate::rule::spec::SourceSpec;

    fn key(
        partitions: &Partitions,
        upstream: &str,
        credential: &'static str,
        address: &'static str,
    ) -> Key {
        partitions.of(upstream).key(
            &HeaderValue::from_static(credential),
            &Uri::from_static(address).into(),
            &source("$.state"),
        )
    }

    fn source(state: &str) -> Source {
        let spec = SourceSpec {
            learn: true,
            name: "c".into(),
            get: "/c/{c}".into(),
            participants: "$.participants[*]".into(),
            id: "$.id".into(),
            fields: vec![("state".into(), vec![state.into()])],
        };
        Source::compile(&spec, |key, problem| panic!("{key}: {problem}")).unwrap()
    }

    #[test]
    fn every_part_of_a_key_counts() {
        let partitions = Partitions::new(&PartitionKey::from_secret("s"));
        let base = key(&partitions, "api", "Bearer a", "/c/1");
        assert_eq!(base, key(&partitions.clone(), "api", "Bearer a", "/c/1"));
        for other in [
            key(&partitions, "api2", "Bearer a", "/c/1"),
            key(&partitions, "api", "Bearer b", "/c/1"),
            key(&partitions, "api", "Bearer a", "/c/2"),
            key(&partitions, "api", "Bearer a", "http://other/c/1"),
            key(&partitions, "apiB", "earer a", "/c/1"),
            key(&partitions, "api", "Bearer a/", "/c/1"),
            key(&partitions, "api", "Bearer a", "//c/1"),
            key(
                &Partitions::new(&PartitionKey::from_secret("t")),
                "api",
                "Bearer a",
                "/c/1",
            ),
            partitions.of("api").key(
                &HeaderValue::from_static("Bearer a"),
                &Uri::from_static("/c/1").into(),
                &source("$.status"),
            ),
            partitions
                .of("api")
                .payer(&HeaderValue::from_static("Bearer a")),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn what_is_long_is_no_different_from_what_is_short() {
        let callers = Partitions::new(&PartitionKey::from_secret("s")).of("api");
        let mut seen = std::collections::HashSet::new();
        for length in SHORT - 60..SHORT + 60 {
            let credential = HeaderValue::try_from("x".repeat(length)).unwrap();
            for path in ["/c/1", "/c/2"] {
                assert!(seen.insert(callers.key(
                    &credential,
                    &Uri::from_static(path).into(),
                    &source("$.state")
                )));
            }
            let mut hasher = callers.hasher;
            let source = source("$.state");
            let number = source.number().to_le_bytes();
            for part in [credential.as_bytes(), b"", b"", b"/c/1", &number] {
                hasher.write(&super::length(part));
                hasher.write(part);
            }
            let streamed = Key(hasher.finish128().as_bytes());
            assert!(seen.contains(&streamed), "{length}");
        }
    }

    #[test]
    fn the_key_is_not_shown() {
        let partitions = Partitions::new(&PartitionKey::from_secret("s"));
        let shown = format!(
            "{:?} {partitions:?} {:?}",
            PartitionKey::from_secret("s"),
            partitions.of("api")
        );
        assert_eq!(shown, "PartitionKey(***) Partitions(***) Callers(***)");
    }
}
