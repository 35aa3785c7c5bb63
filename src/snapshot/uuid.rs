//! Ids in the shape of a UUID (RFC 9562 section 4), in lower case as the API writes them: 16 bytes instead of 36.

use crate::hex;

const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// Where each byte's two digits are.
const BYTES: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];

/// What no digit is worth.
const NONE: u8 = 0xff;

/// What each character is worth.
const DIGITS: [u8; 256] = digits();

#[expect(clippy::indexing_slicing, reason = "when it is compiled")]
const fn digits() -> [u8; 256] {
    let mut digits = [NONE; 256];
    let mut worth = 0;
    while worth < 16 {
        digits[b"0123456789abcdef"[worth as usize] as usize] = worth;
        worth += 1;
    }
    digits
}

/// The id that has these bytes.
pub(super) fn unpack(packed: &[u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    let (halves, _) = packed.as_chunks::<8>();
    for half in halves {
        text.push_str(hex::text(&hex::digits(u64::from_be_bytes(*half))));
    }
    for at in HYPHENS {
        text.insert(at, '-');
    }
    text
}

/// The bytes of an id that is written in just that way, so that no other text has the same bytes.
pub(super) fn pack(text: &str) -> Option<[u8; 16]> {
    let text: &[u8; 36] = text.as_bytes().try_into().ok()?;
    let digit = |at: usize| {
        let character = text.get(at).copied().unwrap_or_default();
        DIGITS.get(usize::from(character)).copied().unwrap_or(NONE)
    };
    let mut packed = [0; 16];
    let mut worst = 0;
    for (byte, at) in packed.iter_mut().zip(BYTES) {
        let (high, low) = (digit(at), digit(at + 1));
        worst |= high | low;
        *byte = high << 4 | low;
    }
    let is_one = worst != NONE && HYPHENS.iter().all(|&at| text.get(at) == Some(&b'-'));
    is_one.then_some(packed)
}
