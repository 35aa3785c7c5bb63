//! Content codings (RFC 9110 section 8.4): from the bytes on the wire to the text that they stand for.
//!
//! What is decoded comes from strangers, so every step is bounded: no more comes out of any layer than
//! the bound, no decoder's window is larger than 16 MiB, and no more than two layers are undone. A bomb
//! costs the time to fill the bound once per layer, whatever it would have become.
//!
//! The decoders are behind the feature `coding`. Without it every coding but `identity` is unknown.

use http::header::{CONTENT_ENCODING, HeaderMap};
use thiserror::Error;

#[cfg(feature = "coding")]
mod brotli;
#[cfg(feature = "coding")]
mod deflate;
#[cfg(feature = "coding")]
mod output;
#[cfg(feature = "coding")]
mod zstd;

#[cfg(feature = "coding")]
use output::Output;

/// Most codings on top of each other that are undone. No client uses more than one; a second may come
/// from something in between.
pub const MOST_LAYERS: usize = 2;

/// Why a coded body could not be read.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum DecodeError {
    /// A coding that is not known here, or too many of them.
    #[error("the body has a content coding that is not undone here")]
    Unknown,
    /// The bytes are not what the coding says: damaged, cut off, or with something behind their end.
    #[error("the body is not what its content coding says")]
    Undecodable,
    /// Decoded, it is larger than the bound.
    #[error("the decoded body is over the limit")]
    OverBound,
}

/// A coding that can be undone: none without the decoders.
#[cfg(not(feature = "coding"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {}

/// A coding that can be undone.
#[cfg(feature = "coding")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Coding {
    /// RFC 9110 section 8.4.1: names are case-insensitive, and `x-gzip` is `gzip`.
    #[cfg(feature = "coding")]
    fn named(name: &str) -> Option<Self> {
        let names = [
            ("gzip", Self::Gzip),
            ("x-gzip", Self::Gzip),
            ("deflate", Self::Deflate),
            ("br", Self::Brotli),
            ("zstd", Self::Zstd),
        ];
        let known = names
            .into_iter()
            .find(|(known, _)| name.eq_ignore_ascii_case(known));
        known.map(|(_, coding)| coding)
    }

    #[cfg(not(feature = "coding"))]
    fn named(_: &str) -> Option<Self> {
        None
    }

    #[cfg(feature = "coding")]
    fn decode(self, coded: &[u8], bound: usize) -> Result<Vec<u8>, DecodeError> {
        let mut out = Output::new(bound);
        match self {
            Self::Gzip => deflate::gzip(coded, &mut out),
            Self::Deflate => deflate::deflate(coded, &mut out),
            Self::Brotli => brotli::decode(coded, &mut out),
            Self::Zstd => zstd::decode(coded, &mut out),
        }?;
        Ok(out.into_bytes())
    }

    #[cfg(not(feature = "coding"))]
    fn decode(self, _: &[u8], _: usize) -> Result<Vec<u8>, DecodeError> {
        match self {}
    }
}

/// The codings that a body was given, in the order in which they are undone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Codings([Option<Coding>; MOST_LAYERS]);

impl Codings {
    /// Reads `Content-Encoding`: all its lines, without `identity`, the last coding first.
    pub fn of(headers: &HeaderMap) -> Result<Self, DecodeError> {
        let mut codings = Self::default();
        for line in headers.get_all(CONTENT_ENCODING) {
            let line = line.to_str().map_err(|_| DecodeError::Unknown)?;
            for name in line.split(',').map(str::trim) {
                if !(name.is_empty() || name.eq_ignore_ascii_case("identity")) {
                    codings.push(Coding::named(name).ok_or(DecodeError::Unknown)?)?;
                }
            }
        }
        Ok(codings)
    }

    fn push(&mut self, coding: Coding) -> Result<(), DecodeError> {
        let [outer, inner] = self.0;
        if inner.is_some() {
            return Err(DecodeError::Unknown);
        }
        self.0 = [Some(coding), outer];
        Ok(())
    }

    /// Whether the bytes are the text already.
    pub fn is_identity(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// Undoes the codings. No layer may give more than `bound` bytes, the text in the end included.
    ///
    /// ```
    /// # #[cfg(feature = "coding")] {
    /// use http::{HeaderMap, HeaderValue, header::CONTENT_ENCODING};
    /// use patchwright::repair::coding::{Codings, DecodeError};
    ///
    /// let mut headers = HeaderMap::new();
    /// headers.insert(CONTENT_ENCODING, HeaderValue::from_static("deflate"));
    /// let codings = Codings::of(&headers).unwrap();
    /// let coded = [0x4b, 0x4c, 0x4a, 0x06, 0x00];
    /// assert_eq!(codings.decode(&coded, 3).unwrap(), b"abc");
    /// assert_eq!(codings.decode(&coded, 2), Err(DecodeError::OverBound));
    /// # }
    /// ```
    pub fn decode(&self, coded: &[u8], bound: usize) -> Result<Vec<u8>, DecodeError> {
        let mut layers = self.0.iter().flatten();
        let Some(first) = layers.next() else {
            return if coded.len() > bound {
                Err(DecodeError::OverBound)
            } else {
                Ok(coded.to_vec())
            };
        };
        layers.try_fold(first.decode(coded, bound)?, |coded, layer| {
            layer.decode(&coded, bound)
        })
    }
}

#[cfg(test)]
#[cfg(feature = "coding")]
mod tests;
