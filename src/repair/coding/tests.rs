use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use http::HeaderValue;
use proptest::prelude::*;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::*;

const TEXT: &[u8] = br#"{"attributes":{"note":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}}"#;
const MIB: usize = 1 << 20;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zlib(text: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn raw_deflate(text: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn br(text: &[u8]) -> Vec<u8> {
    brotli_with(text, 22)
}

fn brotli_with(text: &[u8], window: u32) -> Vec<u8> {
    let mut coded = Vec::new();
    let mut encoder = ::brotli::CompressorWriter::new(&mut coded, 4096, 5, window);
    encoder.write_all(text).unwrap();
    drop(encoder);
    coded
}

fn large_window_brotli(text: &[u8]) -> Vec<u8> {
    let params = ::brotli::enc::BrotliEncoderParams {
        large_window: true,
        lgwin: 28,
        ..Default::default()
    };
    let mut coded = Vec::new();
    let mut encoder = ::brotli::CompressorWriter::with_params(&mut coded, 4096, &params);
    encoder.write_all(text).unwrap();
    drop(encoder);
    coded
}

fn zstd(text: &[u8]) -> Vec<u8> {
    compress_to_vec(text, CompressionLevel::Fastest)
}

type Encoder = fn(&[u8]) -> Vec<u8>;

const ALL: [(&str, Encoder); 5] = [
    ("gzip", gzip),
    ("deflate", zlib),
    ("deflate", raw_deflate),
    ("br", br),
    ("zstd", zstd),
];

fn codings(lines: &[&str]) -> Result<Codings, DecodeError> {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(CONTENT_ENCODING, HeaderValue::from_str(line).unwrap());
    }
    Codings::of(&headers)
}

fn decode(lines: &[&str], coded: &[u8], bound: usize) -> Result<Vec<u8>, DecodeError> {
    codings(lines).unwrap().decode(coded, bound)
}

#[test]
fn every_coding_is_undone() {
    for (name, encode) in ALL {
        let long = TEXT.repeat(5000);
        for text in [TEXT, &long, b""] {
            let decoded = decode(&[name], &encode(text), MIB);
            assert_eq!(decoded.as_deref(), Ok(text), "{name}");
        }
        let upper = name.to_ascii_uppercase();
        assert_eq!(decode(&[&upper], &encode(TEXT), MIB).unwrap(), TEXT);
    }
    assert_eq!(decode(&["x-gzip"], &gzip(TEXT), MIB).unwrap(), TEXT);
}

#[test]
fn layers_are_undone_from_the_outside() {
    let twice = br(&gzip(TEXT));
    for lines in [
        &["gzip, br"][..],
        &["gzip", "br"],
        &["identity, gzip,, identity", " ", "BR , identity"],
    ] {
        assert_eq!(decode(lines, &twice, MIB).as_deref(), Ok(TEXT), "{lines:?}");
    }
    assert_eq!(
        decode(&["br, gzip"], &twice, MIB),
        Err(DecodeError::Undecodable)
    );
    for lines in [&["gzip, gzip, gzip"][..], &["gzip, br", "deflate"]] {
        assert_eq!(codings(lines), Err(DecodeError::Unknown));
    }
}

#[test]
fn unknown_codings_are_told_apart_from_none() {
    for name in [
        "compress", "made-up", "gzip;q=1", "gzip br", "\"gzip\"", "*", "br,x",
    ] {
        assert_eq!(codings(&[name]), Err(DecodeError::Unknown), "{name}");
    }
    let mut headers = HeaderMap::new();
    let odd = HeaderValue::from_bytes(b"gzip\xe9").unwrap();
    headers.insert(CONTENT_ENCODING, odd);
    assert_eq!(Codings::of(&headers), Err(DecodeError::Unknown));
    for lines in [&[][..], &["identity"], &["Identity, ", ""]] {
        assert!(codings(lines).unwrap().is_identity(), "{lines:?}");
        assert_eq!(decode(lines, b"abc", 3).unwrap(), b"abc");
        assert_eq!(decode(lines, b"abcd", 3), Err(DecodeError::OverBound));
    }
}

#[test]
fn what_is_cut_off_damaged_or_followed_by_anything_is_no_text() {
    for (name, encode) in ALL {
        let coded = encode(TEXT);
        for end in 0..coded.len() {
            let cut = decode(&[name], &coded[..end], MIB);
            assert_eq!(cut, Err(DecodeError::Undecodable), "{name} up to {end}");
        }
        for behind in [&b"\0"[..], b"x", b"\0\0\0\0\0\0\0\0\0\0\0\0", b"\x1f\x8b"] {
            let followed = [&coded, behind].concat();
            assert_eq!(
                decode(&[name], &followed, MIB),
                Err(DecodeError::Undecodable),
                "{name} {behind:?}"
            );
        }
    }
}

#[test]
fn checksums_count() {
    // The last bytes of gzip are its checksum and length, those of zlib and zstd their checksums.
    for (coded, name, sums) in [
        (gzip(TEXT), "gzip", 8),
        (zlib(TEXT), "deflate", 4),
        (zstd(TEXT), "zstd", 4),
    ] {
        for at in coded.len() - sums..coded.len() {
            let mut damaged = coded.clone();
            damaged[at] ^= 1;
            let decoded = decode(&[name], &damaged, MIB);
            assert_eq!(decoded, Err(DecodeError::Undecodable), "{name} {at}");
        }
    }
}

#[test]
fn a_body_in_several_pieces_is_one_text() {
    let two = [gzip(b"{\"a\":"), gzip(b""), gzip(b"1}")].concat();
    assert_eq!(decode(&["gzip"], &two, 7).unwrap(), b"{\"a\":1}");
    assert_eq!(decode(&["gzip"], &two, 6), Err(DecodeError::OverBound));
    // RFC 8878 section 3.1.2: frames that hold nothing of the text.
    let skippable = [&[0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
    let frames = [skippable.clone(), zstd(b"{\"a\":"), skippable, zstd(b"1}")].concat();
    assert_eq!(decode(&["zstd"], &frames, 7).unwrap(), b"{\"a\":1}");
    assert_eq!(decode(&["zstd"], &frames, 6), Err(DecodeError::OverBound));
    let overlong = [0x53, 0x2a, 0x4d, 0x18, 0xff, 0xff, 0xff, 0xff, 0];
    assert_eq!(
        decode(&["zstd"], &overlong, MIB),
        Err(DecodeError::Undecodable)
    );
}

#[test]
fn pieces_that_hold_nothing_are_not_opened_for_ever() {
    for (name, piece) in [
        ("gzip", gzip(b"")),
        ("zstd", zstd(b"")),
        ("zstd", vec![0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]),
    ] {
        assert_eq!(
            decode(&[name], &piece.repeat(1000), 0).unwrap(),
            b"",
            "{name}"
        );
        let many = decode(&[name], &piece.repeat(1025), 0);
        assert_eq!(many, Err(DecodeError::Undecodable), "{name}");
    }
}

#[test]
fn the_bound_is_exact() {
    for (name, encode) in ALL {
        for length in [1, 100, 70_000, MIB] {
            let coded = encode(&b"a".repeat(length));
            assert!(decode(&[name], &coded, length).is_ok(), "{name} {length}");
            assert_eq!(
                decode(&[name], &coded, length - 1),
                Err(DecodeError::OverBound),
                "{name} {length}"
            );
        }
    }
}

#[test]
fn no_layer_may_give_more_than_the_bound() {
    // A stored block without content is five bytes: a mebibyte of them is no text at all.
    let nothing = [
        [0, 0, 0, 0xff, 0xff].repeat(MIB / 5),
        vec![1, 0, 0, 0xff, 0xff],
    ]
    .concat();
    assert_eq!(decode(&["deflate"], &nothing, 10).unwrap(), b"");
    let twice = gzip(&nothing);
    assert_eq!(decode(&["deflate, gzip"], &twice, 2 * MIB).unwrap(), b"");
    assert_eq!(
        decode(&["deflate, gzip"], &twice, MIB / 2),
        Err(DecodeError::OverBound)
    );
}

#[test]
fn windows_are_bounded() {
    // A frame whose window is 8 MiB, with one byte in a raw block; then one of 16 MiB.
    let frame = |window: u8| vec![0x28, 0xb5, 0x2f, 0xfd, 0, window, 9, 0, 0, b'x'];
    assert_eq!(decode(&["zstd"], &frame(13 << 3), 10).unwrap(), b"x");
    assert_eq!(
        decode(&["zstd"], &frame(14 << 3), 10),
        Err(DecodeError::Undecodable)
    );
    // A single segment of 64 MiB: its content is as large.
    let single = [0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 4, 9, 0, 0, b'x'];
    assert_eq!(decode(&["zstd"], &single, MIB), Err(DecodeError::OverBound));
    // The extension of brotli for windows up to 1 GiB: 0x11, then the bits of the window's size.
    assert_eq!(brotli_with(b"x", 24).first().map(|byte| byte & 1), Some(1));
    let large = large_window_brotli(TEXT);
    assert_eq!(large[0], 0x11);
    assert_eq!(decode(&["br"], &large, MIB), Err(DecodeError::Undecodable));
    assert_eq!(decode(&["br"], &brotli_with(TEXT, 24), 100).unwrap(), TEXT);
}

#[test]
fn a_frame_is_as_long_as_it_announces() {
    for (announced, text) in [(1, Ok(b"x".to_vec())), (2, Err(DecodeError::Undecodable))] {
        let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x20, announced, 9, 0, 0, b'x'];
        assert_eq!(decode(&["zstd"], &frame, 10), text);
    }
}

#[test]
fn zlib_and_raw_deflate_are_told_apart_by_the_first_bytes() {
    let mut zlib_with_bad_sum = zlib(TEXT);
    let last = zlib_with_bad_sum.last_mut().unwrap();
    *last ^= 1;
    // It is not tried as a raw stream then.
    assert_eq!(
        decode(&["deflate"], &zlib_with_bad_sum, MIB),
        Err(DecodeError::Undecodable)
    );
    for level in 0..=9 {
        for text in [TEXT, b"{}", b""] {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(level));
            encoder.write_all(text).unwrap();
            assert_eq!(
                decode(&["deflate"], &encoder.finish().unwrap(), MIB).unwrap(),
                text
            );
        }
    }
}

proptest! {
    #[test]
    fn whatever_is_coded_is_decoded_as_it_was(
        text in prop::collection::vec(any::<u8>(), 0..3000), outer in 0..ALL.len(), inner in 0..ALL.len()
    ) {
        let ((outer, encode_outer), (inner, encode_inner)) = (ALL[outer], ALL[inner]);
        let once = encode_inner(&text);
        prop_assert_eq!(decode(&[inner], &once, MIB), Ok(text.clone()));
        let line = format!("{inner}, {outer}");
        prop_assert_eq!(decode(&[&line], &encode_outer(&once), MIB), Ok(text));
    }

    #[test]
    fn no_bytes_make_it_panic_or_give_more_than_the_bound(
        noise in prop::collection::vec(any::<u8>(), 0..300), at in any::<prop::sample::Index>(),
        byte in any::<u8>(), which in 0..ALL.len()
    ) {
        let (name, encode) = ALL[which];
        let _ = decode(&[name], &noise, 1000);
        let mut coded = encode(&TEXT.repeat(10));
        let at = at.index(coded.len());
        coded[at] = byte;
        if let Ok(text) = decode(&[name], &coded, 1000) {
            prop_assert!(text.len() <= 1000);
        }
    }
}
