//! The layer's own answers about a request's body.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use tower_service::Service;

use super::Exchange;
use crate::answer::Answer;
use crate::directory::Directory;
use crate::layer::body::{RequestBody, ResponseBody};
use crate::layer::record::{Outcome, Reason};

impl<D, S, B, R> Exchange<'_, D, S, B, R>
where
    D: Directory,
    S: Service<Request<RequestBody<B>>, Response = Response<R>>,
    B: Body<Data = Bytes> + Unpin,
    R: Body<Data = Bytes> + Unpin,
{
    pub(super) fn refuse(
        &mut self,
        answer: Answer,
        reason: Option<Reason>,
    ) -> Response<ResponseBody<R>> {
        (self.note.outcome, self.note.reason) = (Outcome::Rejected, reason);
        answer.into_response(self.case.id).map(ResponseBody::own)
    }
}

pub(super) fn late() -> Answer {
    let message = "The request body came too slowly.";
    Answer::new(
        StatusCode::REQUEST_TIMEOUT,
        "patchwright.request.timeout",
        message,
    )
}

/// Nobody may be left to read it; but a caller that only miscounted its body is.
pub(super) fn broken() -> Answer {
    let message = "The request body broke off.";
    Answer::new(
        StatusCode::BAD_REQUEST,
        "patchwright.request.incomplete",
        message,
    )
}

/// Bodies are held for as long as a request takes, so there is room again soon.
pub(super) fn overloaded() -> Answer {
    let message = "Too much is being repaired at once, and nothing was sent (limits.buffered).";
    Answer::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "patchwright.overloaded",
        message,
    )
    .retry_after(Duration::from_secs(1))
}

pub(super) fn too_large(limit: usize) -> Answer {
    let message = format!(
        "The request body is over {limit} bytes, the largest that is repaired here (limits.body)."
    );
    Answer::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "patchwright.body.too.large",
        message,
    )
}
