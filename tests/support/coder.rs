//! Bodies in content codings. Several test binaries include this file.

#![allow(dead_code, reason = "not every test binary needs every helper")]

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

/// A coding as `Content-Encoding` names it, and what makes it.
pub(crate) type Coder = (&'static str, fn(&[u8]) -> Vec<u8>);

pub(crate) const CODERS: [Coder; 6] = [
    ("gzip", gzip),
    ("x-gzip", gzip),
    ("deflate", zlib),
    ("Deflate", raw_deflate),
    ("br", br),
    ("zstd", zstd),
];

pub(crate) fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zlib(text: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn raw_deflate(text: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn br(text: &[u8]) -> Vec<u8> {
    let mut coded = Vec::new();
    let mut encoder = brotli::CompressorWriter::new(&mut coded, 4096, 5, 24);
    encoder.write_all(text).unwrap();
    drop(encoder);
    coded
}

pub(crate) fn zstd(text: &[u8]) -> Vec<u8> {
    compress_to_vec(text, CompressionLevel::Fastest)
}

/// So many mebibytes of zeros in each coding, at least two: put together from what one of them becomes, as
/// to code a gibibyte takes a minute.
pub(crate) fn bombs(mebibytes: usize) -> [(&'static str, Vec<u8>); 4] {
    [
        ("gzip", gzip(&MEBIBYTE).repeat(mebibytes)),
        ("deflate", deflate_bomb(mebibytes)),
        ("br", br_bomb(mebibytes)),
        ("zstd", zstd_bomb(mebibytes)),
    ]
}

static MEBIBYTE: [u8; 1 << 20] = [0; 1 << 20];

/// One stream: what a flush ends, ends on a whole byte.
fn deflate_bomb(mebibytes: usize) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&MEBIBYTE).unwrap();
    encoder.flush().unwrap();
    let mut coded = encoder.get_ref().repeat(mebibytes);
    // A last block, which holds nothing.
    coded.extend([3, 0]);
    coded
}

fn br_bomb(mebibytes: usize) -> Vec<u8> {
    let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 1, 24);
    encoder.write_all(&MEBIBYTE).unwrap();
    encoder.flush().unwrap();
    let mut coded = encoder.get_ref().clone();
    encoder.write_all(&MEBIBYTE).unwrap();
    encoder.flush().unwrap();
    let (_, second) = encoder.get_ref().split_at(coded.len());
    coded.extend(second.repeat(mebibytes - 1));
    coded.push(3);
    coded
}

/// One frame with a window of 8 MiB, in blocks that are one byte 128 Ki times over.
fn zstd_bomb(mebibytes: usize) -> Vec<u8> {
    let block = |last: u32| {
        let [a, b, c, _] = ((128 << 10) << 3 | 1 << 1 | last).to_le_bytes();
        [a, b, c, 0]
    };
    let mut coded = vec![0x28, 0xb5, 0x2f, 0xfd, 0, 13 << 3];
    coded.extend(block(0).repeat(8 * mebibytes - 1));
    coded.extend(block(1));
    coded
}
