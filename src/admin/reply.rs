//! Answers of the admin listener.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;

use super::events::Events;
use crate::answer::{Answer, RequestId};

pub(super) const TEXT: &str = "text/plain; charset=utf-8";
pub(super) const JSON: &str = "application/json";

/// What an operator is sent.
#[derive(Debug)]
pub enum Content {
    /// All of it.
    Whole(Full<Bytes>),
    /// What happens, as it happens.
    Events(Box<Events>),
}

impl From<Bytes> for Content {
    fn from(bytes: Bytes) -> Self {
        Self::Whole(Full::new(bytes))
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Whole(whole) => Pin::new(whole).poll_frame(cx),
            Self::Events(events) => events
                .poll_next(cx)
                .map(|next| next.map(|text| Ok(Frame::data(text)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(whole) => whole.is_end_stream(),
            Self::Events(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(whole) => whole.size_hint(),
            Self::Events(_) => SizeHint::default(),
        }
    }
}

pub(super) type Reply = Response<Content>;

/// A whole answer. Nobody may keep it: it is what was so when it was asked for.
pub(super) fn whole(
    status: StatusCode,
    content_type: &'static str,
    text: impl Into<Bytes>,
) -> Reply {
    let mut response = Response::new(Content::from(text.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

pub(super) fn ok(content_type: &'static str, text: impl Into<Bytes>) -> Reply {
    whole(StatusCode::OK, content_type, text)
}

pub(super) fn refusal(status: StatusCode, code: &'static str, message: &str) -> Reply {
    refuse(Answer::new(status, code, message))
}

pub(super) fn refuse(answer: Answer) -> Reply {
    answer.into_response(RequestId::next()).map(Content::Whole)
}

pub(super) fn unknown() -> Reply {
    refusal(
        StatusCode::NOT_FOUND,
        "patchwright.admin.unknown",
        "no such page; / lists them",
    )
}

pub(super) fn not_allowed(allow: &'static str) -> Reply {
    let mut response = refusal(
        StatusCode::METHOD_NOT_ALLOWED,
        "patchwright.method.not.allowed",
        "the Allow field says what can be done here",
    );
    response
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static(allow));
    response
}

/// What browsers are told about every answer: whatever callers managed to have shown in it is no program,
/// no frame of somebody's page, and nobody's image or script.
pub(super) fn guard(response: &mut Reply) {
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (OPENER_POLICY, "same-origin"),
        (RESOURCE_POLICY, "same-origin"),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
}

/// <https://www.w3.org/TR/CSP3/>: what the page itself needs comes from here, and nothing else is let in.
/// Strings can't be made markup at all (<https://www.w3.org/TR/trusted-types/>).
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
