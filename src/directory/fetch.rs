//! The lookup itself: one GET with the caller's own credential.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION};
use http::response::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body::Body;
use http_body_util::{BodyExt as _, Empty};
use tokio::time::Instant;
use tower_service::Service;

use super::{Ask, LookupError, retry_after};
use crate::layer::BoxError;
use crate::layer::body::{Filled, Replay};
use crate::layer::budget::Budget;
use crate::layer::decode::{NoText, decode};
use crate::layer::record::NoAnswer;
use crate::repair::coding::Codings;
use crate::snapshot::Conversation;

/// Marks a request that patchwright made for itself, in its extensions.
#[derive(Clone, Copy, Debug)]
pub struct Lookup;

/// Bounds of one lookup.
#[derive(Clone, Debug)]
pub struct FetchLimits {
    /// Longest time, connecting and a repeat included.
    pub timeout: Duration,
    /// Most bytes of an answer that are read: as it comes, and decoded where it is coded.
    pub bytes: usize,
    /// What all answers that are being read may take together. Give it a clone of
    /// [`Options::buffered`](crate::layer::options::Options::buffered) to bound both as one.
    pub buffered: Budget,
}

impl Default for FetchLimits {
    /// 3 s, well below the 16 s after which the JavaScript and Go SDKs give up a PATCH, and 8 MiB.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(3),
            bytes: 8 << 20,
            buffered: Budget::default(),
        }
    }
}

/// Where lookups go: any service that sends a bodyless request, such as a hyper-util client.
pub trait Transport:
    Service<Request<Empty<Bytes>>, Response = Response<Self::Body>, Future: Send, Error: Send>
    + Clone
    + Send
    + Sync
    + 'static
{
    /// Body of the answers.
    type Body: Body<Data = Bytes, Error: Into<BoxError>> + Send;
}

impl<T, R> Transport for T
where
    T: Service<Request<Empty<Bytes>>, Response = Response<R>, Future: Send, Error: Send>
        + Clone
        + Send
        + Sync
        + 'static,
    R: Body<Data = Bytes, Error: Into<BoxError>> + Send,
{
    type Body = R;
}

/// Reads the conversation that `ask` names. `hears` is shown the head of each answer of the upstream.
pub(crate) async fn fetch<T: Transport>(
    transport: T,
    ask: &Ask,
    limits: FetchLimits,
    hears: impl Fn(&Parts) + Send + Sync,
) -> Result<Conversation, LookupError> {
    let started = Instant::now();
    let work = async {
        match fetch_once(transport.clone(), ask, &limits, &hears).await {
            // Most often a pooled connection that the upstream had closed, which shows at once. A GET may
            // be repeated; what took its time to fail would only run out of it.
            Err(LookupError::Unreachable) if started.elapsed() < limits.timeout / 2 => {
                fetch_once(transport, ask, &limits, &hears).await
            }
            other => other,
        }
    };
    tokio::time::timeout(limits.timeout, work)
        .await
        .unwrap_or(Err(LookupError::Timeout))
}

async fn fetch_once<T: Transport>(
    mut transport: T,
    ask: &Ask,
    limits: &FetchLimits,
    hears: &(impl Fn(&Parts) + Send + Sync),
) -> Result<Conversation, LookupError> {
    // There can't be anything at what is no address.
    let uri = ask.address.uri().ok_or(LookupError::Unknown)?;
    let unreachable = |_| LookupError::Unreachable;
    poll_fn(|cx| transport.poll_ready(cx))
        .await
        .map_err(unreachable)?;
    let answer = transport
        .call(request(ask, uri))
        .await
        .map_err(unreachable)?;
    let (head, body) = answer.into_parts();
    if head.extensions.get::<NoAnswer>().is_some() {
        let timed_out = head.status == StatusCode::GATEWAY_TIMEOUT;
        return Err(if timed_out {
            LookupError::Timeout
        } else {
            LookupError::Unreachable
        });
    }
    hears(&head);
    let wait = || retry_after::read(&head.headers, SystemTime::now());
    match head.status {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND => return Err(LookupError::Unknown),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return Err(LookupError::Denied),
        // Without a figure a second is polite; the API counts per minute.
        StatusCode::TOO_MANY_REQUESTS => {
            return Err(LookupError::Throttled(
                wait().unwrap_or(Duration::from_secs(1)),
            ));
        }
        status => return Err(LookupError::Status(status.as_u16(), wait())),
    }
    // It was asked for as identity, but there are servers, and things in between, that do not listen.
    let codings = Codings::of(&head.headers).map_err(|_| LookupError::NoConversation)?;
    let text = read(body, codings, limits).await?;
    ask.source
        .extract(&text)
        .map_err(|_| LookupError::NoConversation)
}

async fn read<R: Body<Data = Bytes, Error: Into<BoxError>>>(
    body: R,
    codings: Codings,
    limits: &FetchLimits,
) -> Result<Bytes, LookupError> {
    let share = limits.buffered.share();
    let mut replay = Replay::new(
        Box::pin(body.map_err(Into::<BoxError>::into)),
        Arc::clone(&share),
    );
    match replay.fill(limits.bytes).await {
        Filled::Whole => {}
        Filled::Crowded => return Err(LookupError::Overloaded),
        Filled::OverLimit => return Err(LookupError::NoConversation),
        Filled::Broken => return Err(LookupError::Unreachable),
    }
    let (bytes, _) = replay.into_bytes();
    if codings.is_identity() {
        return Ok(bytes);
    }
    decode(codings, &bytes, limits.bytes, 1, &share)
        .await
        .map_err(|fault| match fault {
            NoText::Crowded => LookupError::Overloaded,
            NoText::Fault(_) => LookupError::NoConversation,
        })
}

/// The caller's `Authorization` and nothing else of the caller's request: no conditionals, which could
/// answer 304, no ranges, no cookies, and no coding that would have to be undone.
fn request(ask: &Ask, uri: Uri) -> Request<Empty<Bytes>> {
    let mut request = Request::new(Empty::new());
    *request.method_mut() = Method::GET;
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    headers.insert(AUTHORIZATION, ask.credential.clone());
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    request.extensions_mut().insert(Lookup);
    request
}
