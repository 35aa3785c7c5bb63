//! The API's `ErrorBody`, always complete.

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::Full;
use serde_json::json;

/// The API's sentence for a body that it cannot read.
const MALFORMED: &str =
    "The request could not be understood by the server due to malformed syntax.";

/// An answer other than success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ApiError {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
    /// `errorCode` and `fieldName` of each entry in `details`.
    pub(super) details: Vec<(&'static str, String)>,
    /// Seconds until it is worth another try.
    pub(super) retry_after: Option<u64>,
    /// The methods that the path has, when this one is not among them.
    pub(super) allow: Option<String>,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let (message, details) = (message.into(), Vec::new());
        Self {
            status,
            code,
            message,
            details,
            retry_after: None,
            allow: None,
        }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad.request", message)
    }

    pub(super) fn malformed() -> Self {
        Self::bad_request(MALFORMED)
    }

    /// A body member of a type that the endpoint has no use for.
    pub(super) fn invalid_member(name: &str, expected: &str) -> Self {
        let message = format!("Invalid request body. Property '{name}' must be {expected}.");
        Self::bad_request(message).detail("invalid", name)
    }

    pub(super) fn conflict(field: &str) -> Self {
        let message = "The request conflicts with the current state of the target resource.";
        Self::new(StatusCode::CONFLICT, "general.conflict", message).detail("conflict", field)
    }

    pub(super) fn unauthenticated() -> Self {
        let message = "No authentication bearer token specified in authorization header.";
        Self::new(StatusCode::UNAUTHORIZED, "authentication.required", message)
    }

    /// The conversation is there, but not for this token.
    pub(super) fn forbidden(conversation: &str) -> Self {
        let message = format!("Access to Conversation {conversation} is forbidden.");
        Self::new(StatusCode::FORBIDDEN, "not.authorized", message)
    }

    pub(super) fn method_not_allowed(allow: String) -> Self {
        let message = "HTTP 405 Method Not Allowed";
        let status = StatusCode::METHOD_NOT_ALLOWED;
        let refusal = Self::new(status, "method.not.allowed", message);
        Self {
            allow: Some(allow),
            ..refusal
        }
    }

    pub(super) fn not_found() -> Self {
        let message = "The requested resource was not found.";
        Self::new(StatusCode::NOT_FOUND, "not.found", message)
    }

    /// Adds an entry to `details`.
    pub(super) fn detail(mut self, code: &'static str, field: impl Into<String>) -> Self {
        self.details.push((code, field.into()));
        self
    }

    /// The response to the request that `context` names.
    pub(super) fn into_response(self, context: &str) -> Response<Full<Bytes>> {
        let details = self.details.iter().map(|(code, field)| {
            json!({ "errorCode": code, "fieldName": field, "entityId": null, "entityName": null })
        });
        let body = json!({
            "message": self.message,
            "code": self.code,
            "status": self.status.as_u16(),
            "contextId": context,
            "details": details.collect::<Vec<_>>(),
            "errors": [],
        });
        let mut response = super::reply::json(self.status, &body);
        if let Some(seconds) = self.retry_after {
            let headers = response.headers_mut();
            headers.insert(http::header::RETRY_AFTER, seconds.into());
        }
        // RFC 9110 section 15.5.6 demands it.
        let allow = self.allow.and_then(|allow| allow.try_into().ok());
        if let Some(allow) = allow {
            let headers = response.headers_mut();
            headers.insert(http::header::ALLOW, allow);
        }
        response
    }
}
