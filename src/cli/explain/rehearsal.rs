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
use crate::repair::plan::Plan;
use crate::rule::Match;

/// What became of a request.
#[derive(Debug)]
pub(super) struct Explained {
    pub(super) came: Message,
    /// The body that came without its codings, where it can be read.
    pub(super) text: Result<Bytes, DecodeError>,
    pub(super) sent: Message,
    /// Name of the upstream that it is routed to.
    pub(super) upstream: String,
    pub(super) rule: Option<Applies>,
    /// The outcome header.
    pub(super) report: Option<String>,
    pub(super) assumed_credential: bool,
    had_conversation: bool,
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
    conversation: Option<Bytes>,
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
    let rule = found.map(|found| applies(&found, text.as_deref()));
    let had_conversation = conversation.is_some();
    let (mut sent, report) = send(config, request, conversation).await?;
    if assumed_credential {
        sent.headers.remove(AUTHORIZATION);
    }
    Ok(Explained {
        came,
        text,
        sent,
        upstream: upstream.clone(),
        rule,
        report: report.and_then(|report| report.to_str().ok().map(str::to_owned)),
        assumed_credential,
        had_conversation,
    })
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
        gaps: text.map_err(ToString::to_string).and_then(|text| {
            Plan::new(text, rule.targets())
                .map(|plan| plan.gaps().map(pointer).collect())
                .map_err(|error| error.to_string())
        }),
        lookups: found.places().map(|place| place.path).collect(),
    }
}

type Notebook = Arc<Mutex<Option<Message>>>;

async fn send(
    config: &Config,
    request: Request<Full<Bytes>>,
    conversation: Option<Bytes>,
) -> Result<(Message, Option<HeaderValue>), Failure> {
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
    let upstream = service_fn(move |mut request: Request<RequestBody<Full<Bytes>>>| {
        let noted = Arc::clone(&noted);
        async move {
            let message = message(&mut request).await;
            *noted.lock().unwrap_or_else(PoisonError::into_inner) = Some(message);
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }
    });
    let answer = layer
        .layer(upstream)
        .oneshot(request)
        .await
        .unwrap_or_else(|never| match never {});
    let report = answer.headers().get(PATCHWRIGHT).cloned();
    let sent = notebook
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    let refused = || Failure::Runtime(format!("the proxy would answer {} itself", answer.status()));
    Ok((sent.ok_or_else(refused)?, report))
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
