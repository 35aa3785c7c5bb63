//! gzip (RFC 1952), and `deflate`: zlib (RFC 1950), or raw (RFC 1951) as some clients send it.

use std::io::Read;

use flate2::bufread::GzDecoder;
use flate2::{Decompress, FlushDecompress, Status};

use super::DecodeError;
use super::output::{CHUNK, Output};

/// Members of one gzip body. RFC 1952 section 2.2 allows any number; but starting one costs as much as
/// decoding some KiB, and an empty one takes 20 bytes.
const MOST_MEMBERS: usize = 1024;

/// Any number of members, up to the end of the input: their checksums and lengths must be right.
pub(super) fn gzip(coded: &[u8], out: &mut Output) -> Result<(), DecodeError> {
    let mut rest = coded;
    for _ in 0..MOST_MEMBERS {
        rest = member(rest, out)?;
        if rest.is_empty() {
            return Ok(());
        }
    }
    Err(DecodeError::Undecodable)
}

/// Decodes one member, and gives what stands behind it.
fn member<'a>(coded: &'a [u8], out: &mut Output) -> Result<&'a [u8], DecodeError> {
    let mut decoder = GzDecoder::new(coded);
    let mut chunk = [0; CHUNK];
    loop {
        let read = decoder.read(&mut chunk);
        let read = read.map_err(|_| DecodeError::Undecodable)?;
        if read == 0 {
            return Ok(decoder.into_inner());
        }
        out.push(chunk.get(..read).unwrap_or_default())?;
    }
}

/// RFC 9110 section 8.4.1.2: the zlib format; but some leave its wrapper out.
pub(super) fn deflate(coded: &[u8], out: &mut Output) -> Result<(), DecodeError> {
    let mut decoder = Decompress::new(has_zlib_head(coded));
    let mut chunk = [0; CHUNK];
    loop {
        let (read, given) = (decoder.total_in(), decoder.total_out());
        let rest = usize::try_from(read).ok().and_then(|at| coded.get(at..));
        let rest = rest.ok_or(DecodeError::Undecodable)?;
        let status = decoder.decompress(rest, &mut chunk, FlushDecompress::None);
        let status = status.map_err(|_| DecodeError::Undecodable)?;
        let new = usize::try_from(decoder.total_out() - given).unwrap_or(usize::MAX);
        out.push(chunk.get(..new).ok_or(DecodeError::Undecodable)?)?;
        match status {
            // The checksum of the zlib format was right, or this would be an error.
            Status::StreamEnd if decoder.total_in() == coded.len() as u64 => return Ok(()),
            // Something stands behind the end.
            Status::StreamEnd => return Err(DecodeError::Undecodable),
            // Neither read nor given: the input is cut off.
            _ if new == 0 && decoder.total_in() == read => return Err(DecodeError::Undecodable),
            _ => {}
        }
    }
}

/// RFC 1950 section 2.2: method 8, a window of at most 32 KiB, and a multiple of 31. As the beginning of
/// a raw stream these bytes would be a stored block with bits set that no encoder sets.
fn has_zlib_head(coded: &[u8]) -> bool {
    let &[method, flags, ..] = coded else {
        return false;
    };
    method & 0x0f == 8 && method >> 4 <= 7 && u16::from_be_bytes([method, flags]) % 31 == 0
}
