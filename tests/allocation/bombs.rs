//! Zip bombs: what would become large is left alone at the bound, in time and memory.

use allocation_counter::measure;
use http::{HeaderMap, HeaderValue, header::CONTENT_ENCODING};
use patchwright::repair::coding::{Codings, DecodeError};

use super::coder::{bombs, gzip};

const MIB: u64 = 1 << 20;
/// The bound on a body as it is by default.
const BOUND: usize = 1 << 20;

fn codings(line: &str) -> Codings {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_ENCODING, HeaderValue::from_str(line).unwrap());
    Codings::of(&headers).unwrap()
}

#[test]
fn the_bombs_are_real() {
    for (name, bomb) in bombs(3) {
        let text = codings(name).decode(&bomb, 4 * BOUND).unwrap();
        assert!(
            text.len() == 3 * BOUND && text.iter().all(|&byte| byte == 0),
            "{name}"
        );
    }
}

#[test]
fn a_gibibyte_of_zeros_takes_a_few_mebibytes() {
    for (name, bomb) in bombs(1024) {
        let codings = codings(name);
        let mut decoded = None;
        let cost = measure(|| decoded = Some(codings.decode(&bomb, BOUND)));
        assert_eq!(decoded, Some(Err(DecodeError::OverBound)), "{name}");
        // The window of zstd is what RFC 8878 recommends decoders to have, and grows by being moved.
        let most = if name == "zstd" { 16 } else { 4 };
        assert!(cost.bytes_max < most * MIB, "{name}: {cost:?}");
        // All that was ever asked for, given back or not: decoding stopped at the bound.
        assert!(cost.bytes_total < 2 * most * MIB, "{name}: {cost:?}");
    }
}

#[test]
fn a_bomb_in_a_bomb_takes_no_more() {
    for (name, bomb) in bombs(1024) {
        let twice = gzip(&bomb);
        let codings = codings(&format!("{name}, gzip"));
        let cost = measure(|| {
            assert_eq!(
                codings.decode(&twice, BOUND),
                Err(DecodeError::OverBound),
                "{name}"
            );
        });
        assert!(cost.bytes_max < 20 * MIB, "{name}: {cost:?}");
    }
}

#[test]
fn a_window_that_is_only_announced_is_not_made() {
    // Brotli: a window of 16 MiB and a block that would fill it, in a few bytes.
    let announced = [0x0f, 0xff, 0xff, 0x7f, 0, 0, 0, 0];
    // zstd: a window of 8 MiB, twice, as a decoder keeps what it has from one frame to the next.
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0, 13 << 3, 9, 0, 0, b'x'];
    // And one that says it is 4 MiB long, and is.
    let blocks = [2, 0, 16, b'x'].repeat(32);
    let long = [
        &[0x28, 0xb5, 0x2f, 0xfd, 0x80, 13 << 3, 0, 0, 64, 0][..],
        &blocks,
    ]
    .concat();
    for (name, coded, most) in [
        ("br", announced.to_vec(), 4),
        ("zstd", frame.repeat(2), 10),
        ("zstd", long, 1),
    ] {
        let codings = codings(name);
        let cost = measure(|| {
            let _ = std::hint::black_box(codings.decode(&coded, BOUND));
        });
        assert!(cost.bytes_max < most * MIB, "{name}: {cost:?}");
    }
}
