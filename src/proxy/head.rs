//! Is this a request that may be forwarded? hyper has parsed it; what follows it leaves to us.

use std::time::Duration;

use http::header::{self, HeaderMap, HeaderValue};
use http::uri::Authority;
use http::{Method, Request, Response, StatusCode, Version};

use crate::answer::{Answer, OwnAnswer, RequestId};
use crate::fields::Fields;

/// Own `Via` entries that a request may carry. A few proxies in a row are a deployment, this many are a
/// loop: it would go on until something runs out.
const MAX_HOPS: usize = 8;
/// What is forwarded at all, for `Allow`.
const ALLOW: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");

/// A request that ends here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The message is not valid HTTP.
    Malformed(&'static str),
    /// It expects what nobody here can do.
    Expectation,
    /// `TRACE` would show the caller's credentials to whoever made it send one.
    Method,
    /// `CONNECT`: this is no tunnel, for no resource at all, so 501 and not 405.
    Connect,
    /// `OPTIONS` addressed to the server itself.
    Options,
    /// It has been here too often.
    Loop,
}

/// Checks what RFC 9110 and 9112 ask of an intermediary before it forwards, and counts down
/// `Max-Forwards`.
pub(super) fn check<B>(request: &mut Request<B>, fields: Fields) -> Result<(), Refusal> {
    host(request)?;
    if fields.has(Fields::TRANSFER_ENCODING) {
        framing(request.version(), request.headers())?;
    }
    method(request)?;
    if fields.has(Fields::EXPECT) {
        expectation(request.headers())?;
    }
    if fields.has(Fields::VIA) {
        hops(request.headers())?;
    }
    Ok(())
}

/// RFC 9110 section 10.1.1: there is only one.
fn expectation(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut expected = headers.get_all(header::EXPECT).iter();
    let is_known = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"100-continue");
    expected
        .all(is_known)
        .then_some(())
        .ok_or(Refusal::Expectation)
}

fn hops(headers: &HeaderMap) -> Result<(), Refusal> {
    let hops = headers.get_all(header::VIA).iter().map(own_hops);
    let few = hops.sum::<usize>() < MAX_HOPS;
    few.then_some(()).ok_or(Refusal::Loop)
}

/// RFC 9112 section 3.2: exactly one valid `Host` on HTTP/1.1. With an absolute target its authority
/// counts in place of `Host` (section 3.2.2), and on HTTP/2 `:authority` does; neither is ever dialled.
fn host<B>(request: &Request<B>) -> Result<(), Refusal> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let (first, second) = (hosts.next(), hosts.next());
    if second.is_some() {
        return Err(Refusal::Malformed("more than one Host"));
    }
    if let Some(host) = first
        && !is_host(host)
    {
        return Err(Refusal::Malformed("Host is not a host"));
    }
    // RFC 9113 section 8.3.1. On HTTP/1.1 the target wins whatever `Host` says.
    if let (Version::HTTP_2, Some(host), Some(authority)) =
        (request.version(), first, request.uri().authority())
        && !host
            .as_bytes()
            .eq_ignore_ascii_case(authority.as_str().as_bytes())
    {
        return Err(Refusal::Malformed("Host and :authority differ"));
    }
    // h2 lets an empty one through.
    if request.version() == Version::HTTP_2 && request.uri().scheme_str() == Some("") {
        return Err(Refusal::Malformed(":scheme is empty"));
    }
    let named = first.is_some() || request.uri().authority().is_some();
    match request.version() {
        Version::HTTP_11 if first.is_none() => Err(Refusal::Malformed("Host is missing")),
        Version::HTTP_2 if !named => Err(Refusal::Malformed(":authority is missing")),
        _ => Ok(()),
    }
}

fn is_host(value: &HeaderValue) -> bool {
    // Nearly all are, and to see that takes no copy of it.
    if is_plain_host(value.as_bytes()) {
        return true;
    }
    let Ok(authority) = Authority::try_from(value.as_bytes()) else {
        return false;
    };
    // RFC 9110 section 4.2: an empty host is invalid, and user information has no place here.
    !authority.host().is_empty() && !authority.as_str().contains('@')
}

/// A name or an IPv4 address, and if anything a port.
fn is_plain_host(host: &[u8]) -> bool {
    let colon = host.iter().rposition(|byte| *byte == b':');
    let (name, port) = match colon.and_then(|at| host.split_at_checked(at)) {
        Some((name, port)) => (name, port.get(1..)),
        None => (host, None),
    };
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let is_port = |port: &[u8]| {
        let digits = port.iter().all(u8::is_ascii_digit);
        digits && str::from_utf8(port).is_ok_and(|port| port.parse::<u16>().is_ok())
    };
    (1..=255).contains(&name.len()) && name.iter().all(plain) && port.is_none_or(is_port)
}

/// RFC 9112 section 6.1: `Transfer-Encoding` is exactly one `chunked`, and not on HTTP/1.0. hyper decodes
/// one layer of `chunked, chunked` and would leave the next server to decode the other. With both
/// `Transfer-Encoding` and `Content-Length` hyper drops the latter, as section 6.3 has it, and closes the
/// connection after the answer.
fn framing(version: Version, headers: &HeaderMap) -> Result<(), Refusal> {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next() else {
        return Ok(());
    };
    let chunked = coding.as_bytes().eq_ignore_ascii_case(b"chunked");
    if codings.next().is_some() || !chunked || version != Version::HTTP_11 {
        return Err(Refusal::Malformed(
            "Transfer-Encoding is not exactly one chunked on HTTP/1.1",
        ));
    }
    Ok(())
}

fn method<B>(request: &mut Request<B>) -> Result<(), Refusal> {
    let target = request.uri();
    let authority_only = target.authority().is_some() && target.scheme().is_none();
    match *request.method() {
        Method::CONNECT => Err(Refusal::Connect),
        Method::TRACE => Err(Refusal::Method),
        // RFC 9112 section 3.2.3: that form is for CONNECT alone.
        _ if authority_only => Err(Refusal::Malformed("the target is neither a path nor a URL")),
        // It asks about the server as a whole, and that is us: no route leads to `*`.
        Method::OPTIONS if request.uri().path() == "*" => Err(Refusal::Options),
        Method::OPTIONS => max_forwards(request.headers_mut()),
        _ if request.uri().path() == "*" => Err(Refusal::Malformed("only OPTIONS may ask for *")),
        _ => Ok(()),
    }
}

/// RFC 9110 section 7.6.2: at zero, whoever gets it is the final recipient.
fn max_forwards(headers: &mut HeaderMap) -> Result<(), Refusal> {
    let Some(value) = headers.get_mut(header::MAX_FORWARDS) else {
        return Ok(());
    };
    let digits = value.as_bytes();
    // Not a number: it is not for us to mend.
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Ok(());
    }
    // Of more than we can count, as much as we can.
    let left: Option<u64> = value.to_str().ok().and_then(|text| text.parse().ok());
    match left.map_or(Some(u64::MAX), |left| left.checked_sub(1)) {
        Some(left) => {
            *value = HeaderValue::from(left);
            Ok(())
        }
        None => Err(Refusal::Options),
    }
}

fn own_hops(via: &HeaderValue) -> usize {
    via.as_bytes()
        .split(|byte| *byte == b',')
        .filter(|hop| hop.trim_ascii().ends_with(b" patchwright"))
        .count()
}

impl Refusal {
    /// What the caller gets.
    pub(super) fn into_response(
        self,
        id: RequestId,
    ) -> Response<http_body_util::Full<bytes::Bytes>> {
        if self == Self::Options {
            let mut response = Response::new(http_body_util::Full::default());
            *response.status_mut() = StatusCode::NO_CONTENT;
            response
                .extensions_mut()
                .insert(OwnAnswer("patchwright.options"));
            response.headers_mut().insert(header::ALLOW, ALLOW);
            return response;
        }
        let mut response = self.answer().into_response(id);
        let headers = response.headers_mut();
        match self {
            // What else stands on this connection can't be trusted to begin where we think it does.
            Self::Malformed(_) => {
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Self::Method => {
                headers.insert(header::ALLOW, ALLOW);
            }
            _ => {}
        }
        response
    }

    fn answer(self) -> Answer {
        match self {
            Self::Malformed(why) => Answer::new(
                StatusCode::BAD_REQUEST,
                "patchwright.request.malformed",
                why,
            ),
            Self::Expectation => Answer::new(
                StatusCode::EXPECTATION_FAILED,
                "patchwright.request.expectation",
                "the only expectation that can be met is 100-continue",
            ),
            Self::Connect => Answer::new(
                StatusCode::NOT_IMPLEMENTED,
                "patchwright.method.not.implemented",
                "CONNECT is not served",
            ),
            Self::Method | Self::Options => Answer::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "patchwright.method.not.allowed",
                "TRACE is not forwarded: it would show the request's credentials",
            ),
            Self::Loop => Answer::new(
                StatusCode::LOOP_DETECTED,
                "patchwright.loop",
                "the request has passed here too often: does the upstream lead back to patchwright?",
            ),
        }
    }
}

/// The answer to a request that comes while too many others are in flight.
pub(super) fn overloaded() -> Answer {
    Answer::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "patchwright.overloaded",
        "too many requests are in flight",
    )
    .retry_after(Duration::from_secs(1))
}

#[cfg(test)]
mod tests;
