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
use crate::layer::record::{Observer, Outcome, Reason, Record, Span};
use crate::layer::{PATCHWRIGHT, RepairLayer};

/// What the API answers.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// To a lookup.
    pub(super) conversation: Option<Bytes>,
    /// To the request as it is sent first; with none it is accepted.
    pub(super) refusal: Option<Refusal>,
}

/// An answer 4xx.
#[derive(Clone, Debug, Default)]
pub(super) struct Refusal {
    /// Where it is known; else its body may say it.
    pub(super) status: Option<StatusCode>,
    pub(super) body: Bytes,
}

/// What was sent in the end, and what was said of it.
#[derive(Debug, Default)]
pub(super) struct Noted {
    pub(super) sent: Vec<Message>,
    /// The outcome header.
    pub(super) report: Option<HeaderValue>,
    /// `None`: no rule is about it.
    pub(super) record: Option<Told>,
}

/// What the proxy's observers would be told.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) outcome: Outcome,
    pub(super) reason: Option<Reason>,
    pub(super) repairs: Vec<&'static str>,
    pub(super) filled: Vec<String>,
    pub(super) dropped: Vec<String>,
    pub(super) spans: Vec<Span>,
}

/// Keeps the last record.
#[derive(Clone, Debug, Default)]
struct Listener(Arc<Mutex<Option<Told>>>);

impl Observer for Listener {
    fn observe(&self, record: &Record<'_>) {
        let told = Told {
            outcome: record.outcome,
            reason: record.reason,
            repairs: record.repairs.iter().map(|it| it.as_str()).collect(),
            filled: record.filled.iter().map(ToString::to_string).collect(),
            dropped: record.dropped.to_vec(),
            spans: record.spans.to_vec(),
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(told);
    }
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

/// Sends a request to nobody.
pub(super) async fn send(
    config: &Config,
    request: Request<Full<Bytes>>,
    answers: Answers,
) -> Result<Noted, Failure> {
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
    let listener = Listener::default();
    let layer = RepairLayer::new(
        Arc::clone(&config.compiled),
        directory,
        options,
        listener.clone(),
    );
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
                *answer.body_mut() = Full::new(refusal.body);
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
    let record = listener
        .0
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    Ok(Noted {
        sent,
        report,
        record,
    })
}

/// A report without its verdict: nobody has accepted anything here.
fn unjudged(report: HeaderValue) -> HeaderValue {
    let text = report.to_str().unwrap_or_default();
    match text.rsplit_once(", verdict=") {
        Some((rest, _)) => HeaderValue::from_str(rest).unwrap_or(report),
        None => report,
    }
}

/// The status of a refusal; where nothing says it, 400.
fn status(refusal: &Refusal) -> StatusCode {
    let said = || {
        let body: serde_json::Value = serde_json::from_slice(&refusal.body).ok()?;
        let status = u16::try_from(body.get("status")?.as_u64()?).ok()?;
        StatusCode::from_u16(status).ok()
    };
    let status = refusal.status.or_else(said);
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
