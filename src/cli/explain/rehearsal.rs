//! One request through the proxy's own routes and layer.

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request};
use http_body_util::Full;

use super::diff;
use super::ending::Ending;
use super::notebook::{self, Answers, Message, Refusal, Told, message};
use super::seen::{Applies, Seen};
use crate::cli::Failure;
use crate::config::Config;
use crate::layer::options::Mode;
use crate::layer::record::Span;
use crate::proxy::{Route, Routes, host};
use crate::repair::coding::{Codings, DecodeError};
use crate::repair::diagnosis::Diagnosis;

/// What became of a request.
#[derive(Debug)]
pub(super) struct Explained {
    pub(super) came: Message,
    /// The body that came without its codings, where it can be read.
    pub(super) text: Result<Bytes, DecodeError>,
    /// What would be sent last: one request, or one for each resource that the body belongs to.
    pub(super) sent: Vec<Message>,
    /// What would be sent once more after a rejection that asks for it.
    pub(super) after_rejection: Vec<Message>,
    /// Name of the upstream that it is routed to.
    pub(super) upstream: String,
    pub(super) rule: Option<Applies>,
    /// How far that rule goes.
    pub(super) mode: Mode,
    /// What the proxy's observers would be told of it.
    pub(super) told: Option<Told>,
    /// The outcome header.
    pub(super) report: Option<String>,
    /// What is wrong with the request, with the parameters of its path in the advice.
    pub(super) diagnosis: Option<Diagnosis>,
    pub(super) assumed_credential: bool,
    had_conversation: bool,
}

impl Explained {
    /// Whether the result hangs on an answer that was not given.
    pub(super) fn misses_conversation(&self) -> bool {
        let hangs = self.rule.as_ref().is_some_and(|rule| {
            let gaps = rule.gaps.as_ref().ok();
            gaps.is_some_and(|gaps| !gaps.is_empty()) || !rule.current.is_empty()
        });
        hangs && !self.had_conversation
    }

    /// The spans that make what is sent of what came. None where several requests are sent, as they don't say
    /// whose they are, nor where another repair came first: they are about its bytes then.
    pub(super) fn spans(&self) -> &[Span] {
        let (Some(told), [sent]) = (&self.told, &*self.sent) else {
            return &[];
        };
        let came = self.text.as_ref().unwrap_or(&self.came.body);
        let (came, sent) = (
            String::from_utf8_lossy(came),
            String::from_utf8_lossy(&sent.body),
        );
        let all = diff::by_spans(&came, &sent, &told.spans);
        all.map_or(&[], |_| &told.spans)
    }

    /// What it comes to.
    pub(super) fn ending(&self) -> Ending {
        if self.misses_conversation() {
            return Ending::Unknown;
        }
        let told = self.told.as_ref();
        let waits = !self.after_rejection.is_empty() && self.mode == Mode::Enforce;
        Ending::of(
            told.map(|told| (told.outcome, told.reason)),
            self.diagnosis.is_some(),
            waits,
        )
    }
}

/// Names of the upstreams by what leads to them.
fn routes(config: &Config) -> Routes<String> {
    let upstreams = config.upstreams.iter();
    upstreams.fold(Routes::default(), |routes, upstream| {
        routes.with(Route::of(upstream, upstream.name.clone()))
    })
}

/// Whether a rule is about the request.
pub(super) fn is_matched<B>(config: &Config, request: &Request<B>) -> bool {
    let routes = routes(config);
    let Some((_, target)) = routes.find(host(request), request.uri()) else {
        return false;
    };
    let target = target.as_ref().unwrap_or(request.uri());
    config
        .compiled
        .find(request.method(), target.path())
        .is_some()
}

/// Sends `request` nowhere and notes what would have been sent.
pub(super) async fn rehearse(
    config: &Config,
    mut request: Request<Full<Bytes>>,
    answers: Answers,
) -> Result<Explained, Failure> {
    let names = routes(config);
    let came = message(&mut request).await;
    *request.body_mut() = Full::new(came.body.clone());
    let (upstream, target) = names.find(host(&request), &came.target).ok_or_else(|| {
        Failure::Usage(
            "no upstream has this path and host: the proxy would answer 404 patchwright.route.unknown"
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
    let path = request.uri().path().to_owned();
    let text = text(&came, config.repair.body_limit);
    let readable = text.as_deref().map_err(ToString::to_string);
    let seen = Seen::new(&config.compiled, &came.method, &path, readable);
    let refusal = answers.refusal.clone();
    let mut answers = answers;
    if seen.as_ref().is_some_and(Seen::is_flawed) {
        // So that the report is the one that it would get.
        answers.refusal.get_or_insert_with(Refusal::default);
    }
    let had_conversation = answers.conversation.is_some();
    let mut noted = notebook::send(config, request, answers).await?;
    if assumed_credential {
        for message in &mut noted.sent {
            message.headers.remove(AUTHORIZATION);
        }
    }
    let sent = noted.sent;
    let rule = seen.as_ref().map(Seen::applies);
    let own = seen.as_ref().and_then(Seen::mode);
    let after_rejection = match (&seen, &refusal) {
        (Some(seen), None) => seen.after_rejection(&came.method, &sent),
        _ => Vec::new(),
    };
    let refusal = refusal.as_ref().map(|refusal| &*refusal.body);
    let diagnosis = seen.and_then(|seen| seen.diagnosis(refusal, &sent));
    Ok(Explained {
        came,
        text,
        sent,
        upstream: upstream.clone(),
        rule,
        mode: own.unwrap_or(config.repair.mode),
        told: noted.record,
        report: noted
            .report
            .and_then(|report| report.to_str().ok().map(str::to_owned)),
        after_rejection,
        diagnosis,
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
