//! Zstandard (RFC 8878).

use std::io::Read;

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::DecodeError;
use super::output::{CHUNK, Output};

/// RFC 8878 section 3.1.1.1.2 recommends decoders to support this much, and encoders to ask for no more.
const MOST_WINDOW: u64 = 8 << 20;

/// RFC 8878 section 3.1.1.1: behind the magic number stands the descriptor, and in it the flag of a frame
/// that is a single segment: its window is as large as its content.
const DESCRIPTOR: usize = 4;
const SINGLE_SEGMENT: u8 = 1 << 5;

/// Frames of one body, skippable ones included. Any number is allowed; starting each costs as much as
/// decoding some KiB.
const MOST_FRAMES: usize = 1024;

/// Any number of frames, up to the end of the input: their checksums and lengths must be right.
pub(super) fn decode(mut coded: &[u8], out: &mut Output) -> Result<(), DecodeError> {
    let mut decoder = FrameDecoder::new();
    // Where a frame is its own window, the bound on what comes out of it is that on the window.
    decoder.set_max_window_size(MOST_WINDOW.max(out.room() as u64));
    let mut frames = 0;
    while !coded.is_empty() || frames == 0 {
        frames += 1;
        if frames > MOST_FRAMES {
            return Err(DecodeError::Undecodable);
        }
        let is_own_window = coded
            .get(DESCRIPTOR)
            .is_some_and(|descriptor| descriptor & SINGLE_SEGMENT != 0);
        match decoder.reset(&mut coded) {
            Ok(()) => frame(&mut decoder, &mut coded, out)?,
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length,
                ..
            })) => {
                let length = usize::try_from(length).map_err(|_| DecodeError::Undecodable)?;
                coded = coded.get(length..).ok_or(DecodeError::Undecodable)?;
            }
            Err(FrameDecoderError::WindowSizeTooBig { .. }) if is_own_window => {
                return Err(DecodeError::OverBound);
            }
            Err(_) => return Err(DecodeError::Undecodable),
        }
    }
    Ok(())
}

fn frame(
    decoder: &mut FrameDecoder,
    coded: &mut &[u8],
    out: &mut Output,
) -> Result<(), DecodeError> {
    let before = out.room();
    // Where the frame says how large it is, a bomb is known by its head.
    let announced = decoder.content_size();
    if announced > before as u64 {
        return Err(DecodeError::OverBound);
    }
    let mut chunk = [0; CHUNK];
    loop {
        // One block is at most 128 KiB. The decoder keeps its window back until the frame ends.
        let ended = decoder
            .decode_blocks(&mut *coded, BlockDecodingStrategy::UptoBlocks(1))
            .map_err(|_| DecodeError::Undecodable)?;
        loop {
            let read = decoder
                .read(&mut chunk)
                .map_err(|_| DecodeError::Undecodable)?;
            if read == 0 {
                break;
            }
            out.push(chunk.get(..read).unwrap_or_default())?;
        }
        if ended {
            break;
        }
    }
    let given = (before - out.room()) as u64;
    let is_right = decoder
        .get_checksum_from_data()
        .is_none_or(|sum| decoder.get_calculated_checksum() == Some(sum));
    if is_right && (announced == 0 || announced == given) {
        Ok(())
    } else {
        Err(DecodeError::Undecodable)
    }
}
