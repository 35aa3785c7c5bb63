//! Answers to requests that no service sees, because there is no request yet.

use std::time::Duration;

use http::StatusCode;

use crate::answer::Answer;

/// To a head that comes too slowly.
pub(super) fn timeout() -> Answer {
    Answer::new(
        StatusCode::REQUEST_TIMEOUT,
        "patchwright.request.timeout",
        "the request head took too long",
    )
}

/// To a connection that the end of the listener left without a place.
pub(super) fn stopping() -> Answer {
    Answer::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "patchwright.overloaded",
        "patchwright is stopping and has no place for another connection",
    )
    .retry_after(Duration::from_secs(1))
}

/// To what hyper refuses with `head`. On HTTP/2 nothing begins like that.
pub(super) fn of(head: &[u8]) -> Option<Answer> {
    // Its minor version is that of the request before.
    let answer = match head.strip_prefix(b"HTTP/1.")?.get(2..5)? {
        b"400" => Answer::new(
            StatusCode::BAD_REQUEST,
            "patchwright.request.malformed",
            "the request is not valid HTTP/1.1",
        ),
        b"414" => Answer::new(
            StatusCode::URI_TOO_LONG,
            "patchwright.request.target.too.long",
            "the request target is too long",
        ),
        b"431" => Answer::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "patchwright.request.head.too.large",
            "the request head is larger than limits.header_bytes or has more than 100 fields",
        ),
        _ => return None,
    };
    Some(answer)
}
