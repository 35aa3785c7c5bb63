use std::fmt;

use http::{HeaderValue, Uri};

use super::shared::Seal;
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
    hasher: blake3::Hasher,
}

impl fmt::Debug for Partitions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Partitions(***)")
    }
}

impl Partitions {
    pub(super) fn new(key: &PartitionKey) -> Self {
        Self {
            hasher: blake3::Hasher::new_keyed(&key.key),
        }
    }

    pub(super) fn key(&self, upstream: &str, credential: &HeaderValue, address: &Uri) -> Key {
        let address = [
            address.scheme_str().unwrap_or_default(),
            address
                .authority()
                .map_or("", |authority| authority.as_str()),
            address.path(),
        ];
        self.digest(upstream, credential, &address)
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

    /// Key under which a credential's rate is counted, whatever it asks for.
    pub(super) fn payer(&self, upstream: &str, credential: &HeaderValue) -> Key {
        self.digest(upstream, credential, &[])
    }

    fn digest(&self, upstream: &str, credential: &HeaderValue, rest: &[&str]) -> Key {
        let parts = [upstream.as_bytes(), credential.as_bytes()];
        let rest = rest.iter().map(|part| part.as_bytes());
        self.hash(parts.into_iter().chain(rest))
    }

    fn hash<'p>(&self, parts: impl IntoIterator<Item = &'p [u8]>) -> Key {
        let mut hasher = self.hasher.clone();
        for part in parts {
            // The length keeps ("ab", "c") and ("a", "bc") apart.
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        let mut key = [0; 16];
        hasher.finalize_xof().fill(&mut key);
        Key(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(
        partitions: &Partitions,
        upstream: &str,
        credential: &'static str,
        address: &'static str,
    ) -> Key {
        partitions.key(
            upstream,
            &HeaderValue::from_static(credential),
            &Uri::from_static(address),
        )
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
            key(
                &Partitions::new(&PartitionKey::from_secret("t")),
                "api",
                "Bearer a",
                "/c/1",
            ),
            partitions.payer("api", &HeaderValue::from_static("Bearer a")),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn the_key_is_not_shown() {
        let shown = format!(
            "{:?} {:?}",
            PartitionKey::from_secret("s"),
            Partitions::new(&PartitionKey::from_secret("s"))
        );
        assert_eq!(shown, "PartitionKey(***) Partitions(***)");
    }
}
