//! Numbers as hexadecimal digits, in lower case: the ids of requests and traces.

/// Eight lanes of a byte, each with this in it.
pub(crate) const fn lanes(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// All digits of a number. Ids are written with each request: this takes no loop and no table.
pub(crate) fn digits(number: u64) -> [u8; 16] {
    let mut digits = [0; 16];
    let (high, low) = digits.split_at_mut(8);
    high.copy_from_slice(&eight(number >> 32));
    low.copy_from_slice(&eight(number & 0xffff_ffff));
    digits
}

/// Digits as the text that they are.
pub(crate) fn text(digits: &[u8]) -> &str {
    std::str::from_utf8(digits).unwrap_or_default()
}

/// The digits of a number below 2³², the first one for its highest four bits.
fn eight(number: u64) -> [u8; 8] {
    // Four bits to a lane: halves, then quarters, then eighths move apart.
    let apart = (number | number << 16) & 0x0000_ffff_0000_ffff;
    let apart = (apart | apart << 8) & 0x00ff_00ff_00ff_00ff;
    let apart = (apart | apart << 4) & lanes(0x0f);
    // From ten on the digits are letters, which ASCII has elsewhere.
    let letters = (apart + lanes(6)) >> 4 & lanes(1);
    let digits = apart + lanes(b'0') + letters * u64::from(b'a' - b'9' - 1);
    digits.to_be_bytes()
}

/// The number that sixteen digits are, in lower case.
pub(crate) fn number(digits: &[u8; 16]) -> Option<u64> {
    let (high, low) = digits.split_at(8);
    Some(of_eight(high.try_into().ok()?)? << 32 | of_eight(low.try_into().ok()?)?)
}

fn of_eight(digits: [u8; 8]) -> Option<u64> {
    let apart = u64::from_be_bytes(digits);
    // Of all digits letters alone have this bit.
    let letters = apart >> 6 & lanes(1);
    let fours = (apart & lanes(0x0f)) + letters * 9;
    let number = (fours | fours >> 4) & 0x00ff_00ff_00ff_00ff;
    let number = (number | number >> 8) & 0x0000_ffff_0000_ffff;
    let number = (number | number >> 16) & 0xffff_ffff;
    // What is no digit was taken for one, which is not the same.
    (eight(number) == digits).then_some(number)
}

/// Appends the digits of an id.
#[cfg(feature = "proxy")]
pub(crate) fn append(line: &mut Vec<u8>, id: &[u8]) {
    let (words, rest) = id.as_chunks::<8>();
    for word in words {
        line.extend_from_slice(&digits(u64::from_be_bytes(*word)));
    }
    for byte in rest {
        let digits = digits(u64::from(*byte));
        line.extend(digits.last_chunk::<2>().into_iter().flatten());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn digits_are_those_of_the_standard_library(number: u64) {
            let digits = digits(number);
            prop_assert_eq!(text(&digits), format!("{number:016x}"));
            prop_assert_eq!(super::number(&digits), Some(number));
        }
    }

    #[cfg(feature = "proxy")]
    #[test]
    fn an_id_of_any_length_has_two_digits_for_a_byte() {
        let id: Vec<u8> = (0..=u8::MAX).collect();
        for length in 0..=id.len() {
            let mut line = Vec::new();
            append(&mut line, &id[..length]);
            let pairs = id[..length].iter().map(|byte| format!("{byte:02x}"));
            assert_eq!(text(&line), pairs.collect::<Vec<_>>().concat());
        }
    }

    #[test]
    fn what_is_no_digit_makes_no_number() {
        for place in 0..16 {
            for byte in 0..=u8::MAX {
                let mut digits = *b"0123456789abcdef";
                digits[place] = byte;
                let is_digit = matches!(byte, b'0'..=b'9' | b'a'..=b'f');
                let expected = u64::from_str_radix(text(&digits), 16).ok();
                assert_eq!(number(&digits), expected.filter(|_| is_digit), "{digits:?}");
            }
        }
    }

    #[test]
    fn every_digit_is_written_at_either_end() {
        for digit in 0..16_u64 {
            for number in [digit, digit << 28, digit << 32, digit << 60, !digit] {
                assert_eq!(
                    digits(number).as_slice(),
                    format!("{number:016x}").as_bytes()
                );
            }
        }
    }
}
