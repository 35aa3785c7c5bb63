//! Ids in the shape of a UUID (RFC 9562 section 4), in lower case as the API writes them: 16 bytes instead of 36.

const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// The bytes of an id that is written in just that way, so that no other text has the same bytes.
pub(super) fn pack(text: &str) -> Option<[u8; 16]> {
    let text: &[u8; 36] = text.as_bytes().try_into().ok()?;
    let mut packed = [0; 16];
    let mut digits = 0;
    for (at, &byte) in text.iter().enumerate() {
        if HYPHENS.contains(&at) {
            if byte != b'-' {
                return None;
            }
            continue;
        }
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => return None,
        };
        let slot = packed.get_mut(digits / 2)?;
        *slot = *slot << 4 | digit;
        digits += 1;
    }
    Some(packed)
}
