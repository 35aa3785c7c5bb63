//! One request from its bytes to its answer.

use std::error::Error;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::json;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::error::ApiError;
use super::faults::FaultKind;
use super::limit::Standing;
use super::model::View;
use super::path::{self, Endpoint, Part};
use super::reply::{self, Reply};
use super::store::Target;
use super::{Dropped, Received, Shared, control, lock, official, render, strict, token};
use crate::rule::pack::Pack;

/// Longest body that is read, well above what the API takes, so that a proxy's own limits show first.
const BODY_BYTES: usize = 16 << 20;

/// Longest time a held request waits to be released.
const HOLD: std::time::Duration = std::time::Duration::from_secs(60);

/// Where a request leads.
type Route<'a> = Option<(Endpoint<'a>, String)>;

pub(super) async fn handle<B>(shared: &Shared, request: Request<B>) -> Result<Reply, Dropped>
where
    B: Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let (head, body) = request.into_parts();
    let body = match Limited::new(body, BODY_BYTES).collect().await {
        Ok(body) => Some(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => None,
        // The caller went away in the middle: nothing to answer, nothing received.
        Err(_) => return Err(Dropped),
    };
    let control = match head.uri.path() {
        // Where `patchwright healthcheck` asks. The API has no such path.
        "/healthz" => Some("health"),
        // What tests ask for most.
        "/__effects" => Some("effects"),
        path => path.strip_prefix("/__control/"),
    };
    if let Some(control) = control {
        let body = body.unwrap_or_default();
        let query = head.uri.query().unwrap_or_default();
        return Ok(control::answer(shared, &head.method, control, query, &body));
    }
    exchange(shared, &head, body).await
}

async fn exchange(shared: &Shared, head: &Parts, body: Option<Bytes>) -> Result<Reply, Dropped> {
    let route = match shared.rules {
        Pack::Strict => path::parse(head.uri.path()),
        Pack::Official => official::route(&head.method, head.uri.path()),
    };
    let fault = lock(&shared.faults).strike(&head.method);
    // Before the request can be seen, or a release that waits for it would come too early.
    let released = shared.released.subscribe();
    let seq = shared.receive(received(head, &route, body.as_ref()));
    if fault == Some(FaultKind::DropBefore) {
        return Err(Dropped);
    }
    let (answer, standing) = match (fault, &body) {
        (Some(FaultKind::Status(status)), _) => (Err(trouble(status)), None),
        (_, None) => (Err(too_large()), None),
        (_, Some(body)) => answer(shared, head, seq, route, body),
    };
    let changes = lock(&shared.script).advance(&head.method);
    for change in changes {
        lock(&shared.store).set(&change);
    }
    linger(shared, fault, released).await;
    if fault == Some(FaultKind::DropAfter) {
        return Err(Dropped);
    }
    let context = format!("51a00000-0000-4000-8000-{seq:012x}");
    let mut reply = answer.unwrap_or_else(|error| error.into_response(&context));
    if let Some(standing) = standing {
        standing.announce(reply.headers_mut());
    }
    if let Ok(context) = HeaderValue::try_from(context) {
        let name = HeaderName::from_static("inin-correlation-id");
        reply.headers_mut().insert(name, context);
    }
    lock(&shared.journal).answered(seq, reply.status().as_u16());
    Ok(reply)
}

fn received(head: &Parts, route: &Route<'_>, body: Option<&Bytes>) -> Received {
    let mut received = Received::new(&head.method, &head.uri, &head.headers);
    received.token = token::bearer(&head.headers).map(token::digest);
    // Client secrets travel in the body of a login, also of one sent to a wrong path.
    if !head.uri.path().ends_with("/token") {
        received.body = body.cloned().unwrap_or_default();
    }
    if let Some((_, template)) = route {
        received.template.clone_from(template);
    }
    received
}

/// The answer, and where the token stands if it was counted.
fn answer(
    shared: &Shared,
    head: &Parts,
    seq: u64,
    route: Route<'_>,
    body: &Bytes,
) -> (Result<Reply, ApiError>, Option<Standing>) {
    let (endpoint, template) = match route {
        None => return (Err(ApiError::not_found()), None),
        Some((Endpoint::Token, _)) if head.method == Method::POST => {
            return (Ok(token::grant(&head.headers, body)), None);
        }
        Some((Endpoint::OtherMethod { allow }, _)) => {
            return (Err(ApiError::method_not_allowed(allow)), None);
        }
        Some(route) => route,
    };
    let Some(token) = token::bearer(&head.headers) else {
        return (Err(ApiError::unauthenticated()), None);
    };
    let standing = lock(&shared.limiter).count(&token::digest(token), Instant::now());
    let within = standing.map_or(Ok(()), Standing::check);
    let reply = within.and_then(|()| match endpoint {
        // The other methods are refused above.
        Endpoint::Token | Endpoint::OtherMethod { .. } => Err(ApiError::not_found()),
        Endpoint::Published(endpoint) => {
            let call = official::Call {
                endpoint,
                template: &template,
                uri: head.uri.path(),
                method: &head.method,
                headers: &head.headers,
                body,
                token,
                request: seq,
            };
            official::answer(&mut lock(&shared.store), &call)
        }
        Endpoint::Conversation {
            view,
            conversation,
            part,
        } => {
            let target = Target {
                view,
                template: &template,
                conversation,
                participant: "",
                request: seq,
            };
            serve(shared, head, token, target, part, body)
        }
    });
    (reply, standing)
}

fn serve(
    shared: &Shared,
    head: &Parts,
    token: &str,
    target: Target<'_>,
    part: Part<'_>,
    body: &[u8],
) -> Result<Reply, ApiError> {
    let Target {
        view, conversation, ..
    } = target;
    match (&head.method, part) {
        (&Method::GET, Part::Whole) => {
            let found = lock(&shared.store).find(conversation, view, token)?;
            let shape = render::conversation(&found, view, head.uri.path());
            Ok(reply::json(StatusCode::OK, &shape))
        }
        (&Method::PATCH, Part::Participant(participant)) => {
            let target = Target {
                participant,
                ..target
            };
            lock(&shared.store).write(target, token, |now| {
                strict::participant(now, &head.headers, body)
            })?;
            Ok(reply::empty(StatusCode::ACCEPTED))
        }
        (&Method::PATCH, Part::Attributes(participant)) => {
            let target = Target {
                participant,
                ..target
            };
            let mut store = lock(&shared.store);
            store.write(target, token, |_| {
                strict::attributes_only(&head.headers, body)
            })?;
            if view == View::General {
                return Ok(reply::empty(StatusCode::ACCEPTED));
            }
            // Only the media paths show what is there now.
            let found = store.find(conversation, view, token)?;
            let attributes = found.participant(view, participant).map(|p| &p.attributes);
            Ok(reply::json(
                StatusCode::ACCEPTED,
                &json!({ "attributes": attributes }),
            ))
        }
        _ => Err(ApiError::not_found()),
    }
}

async fn linger(shared: &Shared, fault: Option<FaultKind>, mut released: watch::Receiver<u64>) {
    if !shared.latency.is_zero() {
        sleep(shared.latency).await;
    }
    match fault {
        Some(FaultKind::Slow(wait)) => sleep(wait).await,
        // Either way the request goes on: released, or held long enough.
        Some(FaultKind::Hold) => drop(timeout(HOLD, released.changed()).await),
        _ => {}
    }
}

fn trouble(status: u16) -> ApiError {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let code = match status.as_u16() {
        400 => "bad.request",
        401 => "bad.credentials",
        403 => "not.authorized",
        404 => "not.found",
        408 => "client.timeout",
        409 => "general.conflict",
        429 => "too.many.requests.retry.after",
        500 => "internal.server.error",
        503 => "service.unavailable",
        504 => "request.timeout",
        _ => "simulated.fault",
    };
    let error = ApiError::new(status, code, "The simulator was told to answer this.");
    let retry_after = matches!(status.as_u16(), 429 | 503).then_some(1);
    ApiError {
        retry_after,
        ..error
    }
}

fn too_large() -> ApiError {
    let message = format!("Maximum bytes: {BODY_BYTES}");
    ApiError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "request.entity.too.large",
        message,
    )
}
