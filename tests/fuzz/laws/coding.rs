//! What comes out of a coded body: no more than the bound, the same each time, and nothing at all of what is
//! not exactly one.
//!
//! A case is the value of `Content-Encoding`, an empty line, and the body.

use http::header::{CONTENT_ENCODING, HeaderMap, HeaderValue};
use patchwright::repair::coding::{Codings, DecodeError};

use super::head_and_body;

/// Small, so that bombs are no more work than other inputs.
const BOUND: usize = 64 << 10;

/// See the module.
pub fn check(data: &[u8]) -> Option<()> {
    let (lines, coded) = head_and_body(data)?;
    let [value] = lines[..] else { return None };
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_ENCODING, HeaderValue::from_str(value).ok()?);
    let Ok(codings) = Codings::of(&headers) else {
        return Some(());
    };
    let text = match codings.decode(coded, BOUND) {
        Ok(text) => text,
        // Whatever is no body stays none with more room.
        Err(DecodeError::Undecodable) => {
            let again = codings.decode(coded, 2 * BOUND);
            assert_eq!(again, Err(DecodeError::Undecodable));
            return Some(());
        }
        Err(DecodeError::OverBound) => return Some(()),
        Err(DecodeError::Unknown) => panic!("the codings were known"),
    };
    assert!(text.len() <= BOUND);
    assert_eq!(codings.decode(coded, 2 * BOUND).as_ref(), Ok(&text));
    if let Some(less) = text.len().checked_sub(1) {
        assert_eq!(codings.decode(coded, less), Err(DecodeError::OverBound));
    }
    if codings.is_identity() {
        assert_eq!(text, coded);
        return Some(());
    }
    if let Some((_, cut)) = coded.split_last() {
        assert_ne!(codings.decode(cut, BOUND).as_ref(), Ok(&text), "cut off");
    }
    let longer = [coded, b"{"].concat();
    let longer = codings.decode(&longer, BOUND);
    assert!(longer.is_err(), "something is behind its end");
    Some(())
}
