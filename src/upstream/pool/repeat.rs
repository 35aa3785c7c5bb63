//! What may be sent again.

use std::error::Error as _;

use http::{Method, Request};
use hyper::client::conn::TrySendError;

use super::replay::Outgoing;

/// Whether the upstream said that it did nothing with a request.
pub(super) fn was_not_processed(
    error: &TrySendError<Request<Outgoing>>,
    method: &Method,
    had_body: bool,
) -> bool {
    let error = error.error().source();
    let Some(error) = error.and_then(|error| error.downcast_ref::<h2::Error>()) else {
        return false;
    };
    if error.is_reset() {
        return error.is_remote() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
    }
    // h2 ends those streams alone that are beyond the last one that the upstream has seen. But hyper looks
    // at the state of the connection once more just after it has handed a head over, and reports what it
    // finds for that request: were the head written, seen and counted in between, it would be taken for
    // one that was not. The body comes after that look, so that a request with one is incomplete then.
    let complete_at_once = !had_body && !is_idempotent(method);
    error.is_go_away() && error.is_remote() && !complete_at_once
}

/// RFC 9110 section 9.2.2.
fn is_idempotent(method: &Method) -> bool {
    method.is_safe() || matches!(*method, Method::PUT | Method::DELETE)
}
