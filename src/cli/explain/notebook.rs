//! The proxy's own layer, with the upstream replaced by a notebook.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Full};
use tower::{ServiceExt as _, service_fn};
use tower_layer::Layer as _;

use crate::BoxError;
use crate::cli::Failure;
use crate::config::Config;
use crate::directory::Uncached;
use crate::layer::body::RequestBody;
use crate::layer::options::Options;
use crate::layer::{PATCHWRIGHT, RepairLayer};

/// What the API answers.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// To a lookup.
    pub(super) conversation: Option<Bytes>,
    /// To the request as it is sent first; with none it is accepted.
    pub(super) refusal: Option<Bytes>,
}

/// A request's method, target, header fields and body.
#[derive(Clone, Debug, Default)]
pub(super) struct Message {
    pub(super) method: Method,
    pub(super) target: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

type Notebook = Arc<Mutex<Vec<Message>>>;

/// What would be sent in the end, and the outcome header.
pub(super) async fn send(
    config: &Config,
    request: Request<Full<Bytes>>,
    answers: Answers,
) -> Result<(Vec<Message>, Option<HeaderValue>), Failure> {
    let Answers {
        conversation,
        refusal,
    } = answers;
    let had_refusal = refusal.is_some();
    let api = service_fn(move |_: Request<Empty<Bytes>>| {
        let mut answer = Response::new(Full::from(conversation.clone().unwrap_or_default()));
        if conversation.is_none() {
            *answer.status_mut() = StatusCode::NOT_FOUND;
        }
        std::future::ready(Ok::<_, BoxError>(answer))
    });
    let directory = Uncached::new(api, config.fetch_limits());
    let options = Options {
        report: true,
        ..config.repair.clone()
    };
    let layer = RepairLayer::new(Arc::clone(&config.compiled), directory, options, ());
    let notebook = Notebook::default();
    let noted = Arc::clone(&notebook);
    let refusal = Arc::new(Mutex::new(refusal));
    let upstream = service_fn(move |mut request: Request<RequestBody<Full<Bytes>>>| {
        let (noted, refusal) = (Arc::clone(&noted), Arc::clone(&refusal));
        async move {
            let message = message(&mut request).await;
            let refusal = refusal
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
            noted.push(message);
            let mut answer = Response::new(Full::new(Bytes::new()));
            if let Some(refusal) = refusal {
                *answer.status_mut() = status(&refusal);
                *answer.body_mut() = Full::new(refusal);
            }
            Ok::<_, Infallible>(answer)
        }
    });
    let answer = layer
        .layer(upstream)
        .oneshot(request)
        .await
        .unwrap_or_else(|never| match never {});
    let report = answer.headers().get(PATCHWRIGHT).cloned();
    let report = report.map(|report| {
        if had_refusal {
            report
        } else {
            unjudged(report)
        }
    });
    let mut sent = std::mem::take(&mut *notebook.lock().unwrap_or_else(PoisonError::into_inner));
    if sent.is_empty() {
        let problem = format!("the proxy would answer {} itself", answer.status());
        return Err(Failure::Runtime(problem));
    }
    // What was refused is not what would be sent in the end, where something follows.
    if answer.status().is_success() && sent.len() > 1 && had_refusal {
        sent.remove(0);
    }
    Ok((sent, report))
}

/// A report without its verdict: nobody has accepted anything here.
fn unjudged(report: HeaderValue) -> HeaderValue {
    let text = report.to_str().unwrap_or_default();
    match text.rsplit_once(", verdict=") {
        Some((rest, _)) => HeaderValue::from_str(rest).unwrap_or(report),
        None => report,
    }
}

/// The status that an error body says; 400 where it says none.
fn status(refusal: &[u8]) -> StatusCode {
    let body: Option<serde_json::Value> = serde_json::from_slice(refusal).ok();
    let status = body.as_ref().and_then(|body| body.get("status")?.as_u64());
    let status = status.and_then(|status| StatusCode::from_u16(u16::try_from(status).ok()?).ok());
    status
        .filter(StatusCode::is_client_error)
        .unwrap_or(StatusCode::BAD_REQUEST)
}

pub(super) async fn message<B>(request: &mut Request<B>) -> Message
where
    B: http_body::Body<Data = Bytes, Error = Infallible> + Unpin,
{
    let body = request
        .body_mut()
        .collect()
        .await
        .unwrap_or_else(|never| match never {});
    Message {
        method: request.method().clone(),
        target: request.uri().clone(),
        headers: request.headers().clone(),
        body: body.to_bytes(),
    }
}
