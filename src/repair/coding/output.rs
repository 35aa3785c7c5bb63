use super::DecodeError;

/// Bytes that a decoder gives at once.
pub(super) const CHUNK: usize = 16 << 10;

/// Where decoded bytes go, up to a bound.
pub(super) struct Output {
    bytes: Vec<u8>,
    bound: usize,
}

impl Output {
    pub(super) fn new(bound: usize) -> Self {
        Self {
            bytes: Vec::new(),
            bound,
        }
    }

    pub(super) fn push(&mut self, chunk: &[u8]) -> Result<(), DecodeError> {
        if chunk.len() > self.room() {
            return Err(DecodeError::OverBound);
        }
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }

    /// How much more is allowed.
    pub(super) fn room(&self) -> usize {
        self.bound.saturating_sub(self.bytes.len())
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
