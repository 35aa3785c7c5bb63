use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

/// Makes tokens that nobody has ever used.
///
/// They are no secrets, so one random number for each process and a count behind it will do.
#[derive(Debug)]
pub(super) struct Tokens {
    process: [u8; 16],
    count: AtomicU64,
}

impl Tokens {
    /// # Panics
    /// When the system has no randomness to give: two replicas could take each other's generations for theirs.
    #[expect(
        clippy::expect_used,
        reason = "at start-up; a token used twice would be worse"
    )]
    pub(super) fn new() -> Self {
        let mut process = [0; 16];
        getrandom::fill(&mut process).expect("the system gives no random numbers");
        Self {
            process,
            count: AtomicU64::new(0),
        }
    }

    pub(super) fn next(&self) -> Bytes {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let mut token = [0; 24];
        token[..16].copy_from_slice(&self.process);
        token[16..].copy_from_slice(&count.to_be_bytes());
        Bytes::copy_from_slice(&token)
    }
}
