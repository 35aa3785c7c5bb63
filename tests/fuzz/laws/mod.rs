//! What must hold whatever comes in: the laws of the parts that read what others wrote.
//!
//! Each law takes bytes, makes a case of them and panics when the case breaks it. `None` means that the
//! bytes are no case at all. The fuzz targets (`./run`) feed them what libFuzzer makes up; `main.rs` feeds
//! them the corpus and every input that once broke one, as a part of `cargo test`. Cases are text, so that
//! a corpus can be read and written by hand; each law says what its text means.
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a law that panics is a law that broke; the fuzz targets use this as a crate"
)]

pub mod coding;
pub mod config;
pub mod headers;
pub mod http;
mod json;
pub mod path;
pub mod snapshot;
pub mod splice;

/// A law: whether the bytes are a case of it. Panics when it is broken.
pub type Law = fn(&[u8]) -> Option<()>;

/// Every law with the name of its target.
pub const LAWS: [(&str, Law); 7] = [
    ("coding", coding::check),
    ("config", config::check),
    ("headers", headers::check),
    ("http", http::check),
    ("path", path::check),
    ("snapshot", snapshot::check),
    ("splice", splice::check),
];

/// Lines up to an empty one, and the bytes behind it.
fn head_and_body(data: &[u8]) -> Option<(Vec<&str>, &[u8])> {
    let end = data.windows(2).position(|pair| pair == b"\n\n")?;
    let head = str::from_utf8(&data[..end]).ok()?;
    Some((head.split('\n').collect(), &data[end + 2..]))
}
