//! One request through the proxy's own routes and layer, with the upstream replaced by a notebook.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::AUTHORIZATION;
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
use crate::proxy::Routes;
use crate::repair::coding::{Codings, DecodeError};
use crate::repair::diagnosis::Diagnosis;
use crate::repair::plan::Plan;
use crate::repair::scan::BOM;
use crate::rule::{Match, Rules};

/// What became of a request.
#[derive(Debug)]
pub(super) struct Explained {
    pub(super) came: Message,
    /// The body that came without its codings, where it can be read.
    pub(super) text: Result<Bytes, DecodeError>,
    /// What would be sent last: one request, or one for each resource that the body belongs to.
    pub(super) sent: Vec<Message>,
    /// Name of the upstream that it is routed to.
    pub(super) upstream: String,
    pub(super) rule: Option<Applies>,
    /// The outcome header.
    pub(super) report: Option<String>,
    /// What is wrong with the request, with the parameters of its path in the advice.
    pub(super) diagnosis: Option<Diagnosis>,
    pub(super) assumed_credential: bool,
    had_conversation: bool,
}

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

/// The rule that applies, and what it sees.
#[derive(Debug)]
pub(super) struct Applies {
    pub(super) name: String,
    /// Whether it fills anything.
    pub(super) fills: bool,
    /// JSON pointers of the gaps, or why there can be none.
    pub(super) gaps: Result<Vec<String>, String>,
    /// Paths of the lookups, in the order in which they would be tried.
    pub(super) lookups: Vec<String>,
}

impl Explained {
    /// Whether the result hangs on an answer that was not given.
    pub(super) fn misses_conversation(&self) -> bool {
        let gaps = self.rule.as_ref().and_then(|rule| rule.gaps.as_ref().ok());
        !self.had_conversation && gaps.is_some_and(|gaps| !gaps.is_empty())
    }
}

/// Sends `request` nowhere and notes what would have been sent.
pub(super) async fn rehearse(
    config: &Config,
    mut request: Request<Full<Bytes>>,
    answers: Answers,
) -> Result<Explained, Failure> {
    let names = config
        .upstreams
        .iter()
        .fold(Routes::default(), |routes, upstream| {
            routes.add(
                &upstream.prefix,
                upstream.strip_prefix,
                upstream.name.clone(),
            )
        });
    let came = message(&mut request).await;
    *request.body_mut() = Full::new(came.body.clone());
    let (upstream, target) = names.find(&came.target).ok_or_else(|| {
        Failure::Usage(
            "no upstream has this path: the proxy would answer 404 patchwright.route.unknown"
                .to_owned(),
        )
    })?;
    *request.uri_mut() = target.unwrap_or_else(|| came.target.clone());
    // A rehearsal needs no secret: any credential stands for the caller's.
    let assumed_credential = !came.headers.contains_key(AUTHORIZATION);
    if assumed_credential {
        request
            .headers_mut()
            .insert(AUTHORIZATION, HeaderValue::from_static("Bearer assumed"));
    }
    let found = config.compiled.find(request.method(), request.uri().path());
    let text = text(&came, config.repair.body_limit);
    let plain = text.as_deref().ok();
    let diagnosis = found.as_ref().zip(plain).and_then(|(found, text)| {
        diagnosis(
            &config.compiled,
            found,
            &came.method,
            text,
            answers.refusal.as_deref(),
        )
    });
    let rule = found.map(|found| applies(&found, text.as_deref()));
    let had_conversation = answers.conversation.is_some();
    let (mut sent, report) = send(config, request, answers).await?;
    if assumed_credential {
        for message in &mut sent {
            message.headers.remove(AUTHORIZATION);
        }
    }
    Ok(Explained {
        came,
        text,
        sent,
        upstream: upstream.clone(),
        rule,
        report: report.and_then(|report| report.to_str().ok().map(str::to_owned)),
        diagnosis,
        assumed_credential,
        had_conversation,
    })
}

/// What is wrong with a request: by what the refusal says, or else by what can be seen of it.
fn diagnosis(
    rules: &Rules,
    found: &Match<'_, '_>,
    method: &Method,
    text: &[u8],
    refusal: Option<&[u8]>,
) -> Option<Diagnosis> {
    let text = text.strip_prefix(BOM).unwrap_or(text);
    let seen = || match rules.meant(found, method, text, |_, _| true) {
        Err(diagnosis) => Some(diagnosis),
        Ok(meant) => meant.doubt,
    };
    let known = refusal.and_then(|refusal| rules.diagnose(refusal)).cloned();
    let mut diagnosis = known.or_else(seen)?;
    for (name, value) in found.params() {
        diagnosis.advice = diagnosis.advice.replace(&format!("{{{name}}}"), value);
    }
    Some(diagnosis)
}

fn text(came: &Message, limit: usize) -> Result<Bytes, DecodeError> {
    let codings = Codings::of(&came.headers)?;
    if codings.is_identity() {
        return Ok(came.body.clone());
    }
    codings.decode(&came.body, limit).map(Bytes::from)
}

fn applies(found: &Match<'_, '_>, text: Result<&[u8], &DecodeError>) -> Applies {
    let rule = found.rule();
    let pointer = |target: usize| rule.pointers().get(target).cloned().unwrap_or_default();
    Applies {
        name: rule.name().to_owned(),
        fills: !rule.targets().is_empty(),
        gaps: text.map_err(ToString::to_string).and_then(|text| {
            Plan::new(text, rule.targets())
                .map(|plan| plan.gaps().map(pointer).collect())
                .map_err(|error| error.to_string())
        }),
        lookups: found.places().map(|place| place.path).collect(),
    }
}

type Notebook = Arc<Mutex<Vec<Message>>>;

async fn send(
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

/// The status that an error body says; 400 where it says none.
fn status(refusal: &[u8]) -> StatusCode {
    let body: Option<serde_json::Value> = serde_json::from_slice(refusal).ok();
    let status = body.as_ref().and_then(|body| body.get("status")?.as_u64());
    let status = status.and_then(|status| StatusCode::from_u16(u16::try_from(status).ok()?).ok());
    status
        .filter(StatusCode::is_client_error)
        .unwrap_or(StatusCode::BAD_REQUEST)
}

async fn message<B>(request: &mut Request<B>) -> Message
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
