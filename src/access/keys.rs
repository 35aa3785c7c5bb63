//! Keys, compared without telling how near a wrong one is.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use http::HeaderValue;

use crate::config::KeyDigest;

/// Longest key that is looked at: digesting more would be a stranger's way to keep us busy.
const LONGEST: usize = 1024;

/// The digest of the key that a caller presents.
pub(super) struct Presented(Option<KeyDigest>);

impl Presented {
    pub(super) fn new(key: Option<&HeaderValue>) -> Self {
        let key = key.filter(|key| (1..=LONGEST).contains(&key.len()));
        let digest = key.map(|key| digest(&SHA256, key.as_bytes()));
        Self(digest.and_then(|digest| digest.as_ref().try_into().ok().map(KeyDigest)))
    }

    /// Whether it is one of `keys`.
    pub(super) fn is_among(&self, keys: &[KeyDigest]) -> bool {
        self.is_among_by(keys, same)
    }

    /// Each is compared, also behind the one that is the same.
    pub(super) fn is_among_by(
        &self,
        keys: &[KeyDigest],
        mut same: impl FnMut(&KeyDigest, &KeyDigest) -> bool,
    ) -> bool {
        let Some(presented) = &self.0 else {
            return false;
        };
        keys.iter()
            .fold(false, |found, key| found | same(key, presented))
    }
}

/// In a time that depends on neither.
fn same(one: &KeyDigest, other: &KeyDigest) -> bool {
    verify_slices_are_equal(&one.0, &other.0).is_ok()
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;
    use std::time::{Duration, Instant};

    use super::*;

    fn key(text: &str) -> HeaderValue {
        HeaderValue::from_str(text).unwrap()
    }

    fn digest_of(text: &str) -> KeyDigest {
        Presented::new(Some(&key(text))).0.unwrap()
    }

    #[test]
    fn the_digest_is_sha_256() {
        // FIPS 180-4's own example.
        let hex: String = digest_of("abc")
            .0
            .map(|byte| format!("{byte:02x}"))
            .concat();
        assert_eq!(
            hex,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn no_key_an_empty_one_and_one_of_any_length_are_none() {
        let keys = [digest_of("a"), KeyDigest([0; 32])];
        assert!(Presented::new(Some(&key("a"))).is_among(&keys));
        let long = "a".repeat(LONGEST + 1);
        for wrong in [None, Some(&key("")), Some(&key("b")), Some(&key(&long))] {
            assert!(!Presented::new(wrong).is_among(&keys), "{wrong:?}");
        }
    }

    #[test]
    fn whatever_is_presented_every_key_is_compared() {
        let keys = ["first", "middle", "last"].map(digest_of);
        for presented in ["first", "middle", "last", "wrong"] {
            let mut compared = 0;
            let found = Presented::new(Some(&key(presented))).is_among_by(&keys, |one, other| {
                compared += 1;
                same(one, other)
            });
            assert_eq!(compared, keys.len(), "{presented}");
            assert_eq!(found, presented != "wrong");
        }
    }

    /// Coarse: what an early end of the comparison would show is far beyond these bounds, and what a busy
    /// machine shows within them.
    #[test]
    fn a_wrong_first_byte_takes_as_long_as_a_wrong_last_one() {
        let right = digest_of("right");
        let wrong = |place: usize| {
            let mut digest = right;
            digest.0[place] ^= 1;
            Presented(Some(digest))
        };
        let digests = ratio(&[right; 64], || wrong(0), || wrong(31));
        let text = "k".repeat(64);
        let wrong = |first: &str, last: &str| {
            let text = format!("{first}{}{last}", "k".repeat(62));
            Presented::new(Some(&key(&text)))
        };
        let keys = [digest_of(&text); 64];
        let keys = ratio(&keys, || wrong("x", "k"), || wrong("k", "x"));
        for ratio in [digests, keys] {
            assert!((0.5..2.0).contains(&ratio), "{digests} {keys}");
        }
    }

    /// Of the medians of what two presented keys take.
    fn ratio(
        keys: &[KeyDigest],
        one: impl Fn() -> Presented,
        other: impl Fn() -> Presented,
    ) -> f64 {
        let time = |presented: &dyn Fn() -> Presented| {
            let started = Instant::now();
            for _ in 0..20 {
                assert!(!black_box(presented()).is_among(black_box(keys)));
            }
            started.elapsed()
        };
        // In turns, so that both meet the same machine.
        let pairs = (0..500).map(|_| (time(&one), time(&other)));
        let (ones, others): (Vec<_>, Vec<_>) = pairs.unzip();
        median(ones) / median(others)
    }

    fn median(mut times: Vec<Duration>) -> f64 {
        times.sort();
        times[times.len() / 2].as_secs_f64()
    }
}
