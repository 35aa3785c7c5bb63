//! Numbers as hexadecimal digits, in lower case: the ids of requests and traces.

/// Eight lanes of a byte, each with this in it.
const fn lanes(byte: u8) -> u64 {
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

/// The digits of a byte.
#[cfg(feature = "proxy")]
pub(crate) fn pair(byte: u8) -> [u8; 2] {
    let digit = |four: u8| four + if four < 10 { b'0' } else { b'a' - 10 };
    [digit(byte >> 4), digit(byte & 0x0f)]
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
        }
    }

    #[cfg(feature = "proxy")]
    #[test]
    fn a_byte_has_two_digits() {
        for byte in 0..=u8::MAX {
            assert_eq!(pair(byte).as_slice(), format!("{byte:02x}").as_bytes());
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
