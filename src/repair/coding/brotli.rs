//! Brotli (RFC 7932), without its large-window extension.

use brotli_decompressor::{
    Allocator, BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc,
};

use super::DecodeError;
use super::output::{CHUNK, Output};

type Bytes = <StandardAlloc as Allocator<u8>>::AllocatedMemory;

/// Gives the decoder no window that is larger than everything it may decode.
///
/// A stream of a few bytes can announce 16 MiB, and the window is made for what is announced.
struct Frugal {
    most: usize,
    refused: bool,
    alloc: StandardAlloc,
}

impl Allocator<u8> for Frugal {
    type AllocatedMemory = Bytes;

    fn alloc_cell(&mut self, len: usize) -> Bytes {
        if len > self.most {
            // The decoder takes memory that is too short for out of memory.
            self.refused = true;
            return Bytes::default();
        }
        self.alloc.alloc_cell(len)
    }

    fn free_cell(&mut self, cell: Bytes) {
        <StandardAlloc as Allocator<u8>>::free_cell(&mut self.alloc, cell);
    }
}

pub(super) fn decode(coded: &[u8], out: &mut Output) -> Result<(), DecodeError> {
    let alloc = Frugal {
        // The window's size is a power of two; beside it stands room for one copy and a word's end.
        most: (out.room().max(64 << 10))
            .saturating_mul(2)
            .saturating_add(CHUNK),
        refused: false,
        alloc: StandardAlloc::default(),
    };
    // `new` would accept windows of 1 GiB.
    let mut state =
        BrotliState::new_strict(alloc, StandardAlloc::default(), StandardAlloc::default());
    let mut chunk = [0; CHUNK];
    let (mut rest, mut read, mut total) = (coded.len(), 0, 0);
    loop {
        let (mut room, mut given) = (chunk.len(), 0);
        let result = BrotliDecompressStream(
            &mut rest, &mut read, coded, &mut room, &mut given, &mut chunk, &mut total, &mut state,
        );
        out.push(chunk.get(..given).unwrap_or_default())?;
        match result {
            BrotliResult::NeedsMoreOutput => {}
            BrotliResult::ResultSuccess if rest == 0 => return Ok(()),
            // Only what would become larger than the bound wants a larger window than that.
            BrotliResult::ResultFailure if state.alloc_u8.refused => {
                return Err(DecodeError::OverBound);
            }
            // Cut off, damaged, or with something behind the end.
            _ => return Err(DecodeError::Undecodable),
        }
    }
}
