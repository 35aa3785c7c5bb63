//! One request that a rule matched, from its head to its answer.

use std::mem;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, USER_AGENT};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body::Body;
use tokio::time::timeout;
use tower_service::Service;

use super::Shared;
use super::body::{Filled, Replay, RequestBody, ResponseBody};
use super::decode::{NoText, decode};
use super::demand::{Asked, Demand, Refused};
use super::options::{Mode, TooLarge};
use super::record::{ClientName, NoAnswer, Outcome, Reason};
use super::write::may_change_state;
use crate::answer::RequestId;
use crate::directory::Directory;
use crate::repair::coding::DecodeError;
use crate::repair::plan::PlanError;
use crate::repair::reshape::unreadable;
use crate::rule::spec::Timing;
use crate::rule::{ConversationId, Mark, Match, Rule};
use crate::trace::Context;
use crate::trace::journal::Journal;

mod diagnose;
mod draft;
mod edit;
mod enforce;
mod language;
mod lookup;
mod note;
mod observe;
mod refusal;
mod rejection;
mod sender;
mod verdict;

use draft::{Came, Sheet};
use language::Language;
use note::Note;
use sender::Sender;

/// Times that a body's text may be held at once: as it was read, as it is sent, and as it is sent once more
/// after a rejection. (Sent in two requests, each has its members.)
const COPIES: usize = 3;

/// The same where its members are given their places, before what is sent is made of it each time.
const RESHAPED_COPIES: usize = 5;

/// Answers a matched request.
pub(super) async fn exchange<S, D, B, R>(
    shared: Arc<Shared<D>>,
    inner: S,
    request: Request<B>,
    mark: Mark,
) -> Result<Response<ResponseBody<R>>, S::Error>
where
    S: Service<Request<RequestBody<B>>, Response = Response<R>>,
    D: Directory,
    B: Body<Data = Bytes> + Unpin,
    R: Body<Data = Bytes> + Unpin,
{
    let mut sender = Sender::new(inner);
    let (head, body) = request.into_parts();
    let uri = head.uri.clone();
    let Some(found) = shared.rules.marked(&mark, uri.path()) else {
        let request = Request::from_parts(head, RequestBody::original(body));
        return Ok(sender.send(request).await?.map(ResponseBody::inner));
    };
    let id = head.extensions.get::<RequestId>().copied();
    let id = id.unwrap_or_else(RequestId::next);
    let case = Case {
        shared: &shared,
        found: &found,
        mode: shared.options.mode_of(&found),
        caller: Caller::of(&head),
        head,
        id,
    };
    let mut exchange = Exchange {
        case,
        sender,
        note: Note::default(),
    };
    let result = exchange.answer(body).await;
    exchange.note.report(&exchange.case, result)
}

/// A matched request but for its body.
struct Case<'a, D> {
    shared: &'a Shared<D>,
    found: &'a Match<'a, 'a>,
    mode: Mode,
    head: Parts,
    caller: Caller,
    id: RequestId,
}

/// Who sent a request, and what it belongs to. Of the head itself some is gone once it was sent for the last time.
struct Caller {
    client: Option<ClientName>,
    user_agent: Option<HeaderValue>,
    trace: Option<Context>,
    journal: Option<Arc<Journal>>,
}

impl Caller {
    fn of(head: &Parts) -> Self {
        Self {
            client: head.extensions.get().cloned(),
            user_agent: head.headers.get(USER_AGENT).cloned(),
            // Whoever wrote the field may have left what it says beside it.
            trace: head
                .extensions
                .get()
                .copied()
                .or_else(|| Context::of(&head.headers)),
            journal: head.extensions.get().cloned(),
        }
    }

    fn user_agent(&self) -> Option<&str> {
        self.user_agent.as_ref()?.to_str().ok()
    }
}

/// A case on its way, with what is said of it at the end.
struct Exchange<'a, D, S, B, R> {
    case: Case<'a, D>,
    sender: Sender<S, B, R>,
    note: Note<'a>,
}

/// An answer for the caller, or the inner service's error.
type Answered<R, E> = Result<Response<ResponseBody<R>>, E>;

impl<D, S, B, R> Exchange<'_, D, S, B, R>
where
    D: Directory,
    S: Service<Request<RequestBody<B>>, Response = Response<R>>,
    B: Body<Data = Bytes> + Unpin,
    R: Body<Data = Bytes> + Unpin,
{
    async fn answer(&mut self, body: B) -> Answered<R, S::Error> {
        let language = match self.case.language() {
            Ok(language) => language,
            Err(reason) => {
                return Box::pin(self.forward(RequestBody::original(body), reason)).await;
            }
        };
        let options = &self.case.shared.options;
        let share = options.buffered.share();
        let mut replay = Replay::new(body, Arc::clone(&share));
        let filled = if self.case.announces_more_than(options.body_limit) {
            Filled::OverLimit
        } else {
            match timeout(options.body_timeout, replay.fill(options.body_limit)).await {
                Ok(filled) => filled,
                Err(_) => return Ok(self.refuse(refusal::late(), None)),
            }
        };
        match filled {
            Filled::Whole => {}
            Filled::OverLimit => {
                return Box::pin(self.too_large(RequestBody::replay(replay))).await;
            }
            Filled::Crowded => return Box::pin(self.crowded(RequestBody::replay(replay))).await,
            Filled::Broken => return Ok(self.refuse(refusal::broken(), None)),
        }
        let (bytes, trailers) = replay.into_bytes();
        let came = Came {
            bytes,
            trailers,
            share,
        };
        let text = if language.codings.is_identity() {
            self.case.text(&came)
        } else {
            Box::pin(self.case.decoded(&came, language)).await
        };
        match text {
            Ok(text) if language.charset.agrees_on(&text) => {
                let sheet = Sheet::new(&came, &text, language);
                match self.case.mode {
                    Mode::Observe => Box::pin(self.observe(&sheet)).await,
                    _ => self.enforce(&sheet).await,
                }
            }
            text => Box::pin(self.unread(&came, text.err())).await,
        }
    }

    /// There is no text that could be repaired.
    async fn unread(&mut self, came: &Came, why: Option<NoText>) -> Answered<R, S::Error> {
        match why {
            Some(NoText::Crowded) => self.crowded(came.body()).await,
            Some(NoText::Fault(DecodeError::OverBound)) => self.too_large(came.body()).await,
            None | Some(NoText::Fault(_)) => self.forward(came.body(), Reason::Coding).await,
        }
    }

    async fn too_large(&mut self, body: RequestBody<B>) -> Answered<R, S::Error> {
        if self.case.rejects_too_large() {
            let answer = refusal::too_large(self.case.shared.options.body_limit);
            return Ok(self.refuse(answer, Some(Reason::TooLarge)));
        }
        self.forward(body, Reason::TooLarge).await
    }

    /// There is no room for another body. It may need a repair, so it must come back.
    async fn crowded(&mut self, body: RequestBody<B>) -> Answered<R, S::Error> {
        if self.case.mode == Mode::Observe {
            return self.forward(body, Reason::Overloaded).await;
        }
        Ok(self.refuse(refusal::overloaded(), Some(Reason::Overloaded)))
    }

    /// Sends the original, about which nothing is known: it may change anything.
    async fn forward(&mut self, body: RequestBody<B>, reason: Reason) -> Answered<R, S::Error> {
        self.note.conclude(Outcome::Forwarded, reason);
        let request = Request::from_parts(self.case.take_head(), body);
        let answer = self.sender.send_case(&self.case, request, true).await?;
        Ok(answer.map(ResponseBody::inner))
    }
}

impl<'a, D: Directory> Case<'a, D> {
    fn rule(&self) -> &'a Rule {
        self.found.rule()
    }

    /// How often the text of a body may be held.
    fn copies(&self) -> usize {
        if self.rule().recipe.is_empty() {
            COPIES
        } else {
            RESHAPED_COPIES
        }
    }

    /// The text of a body without a coding, which is charged once already.
    fn text(&self, came: &Came) -> Result<Bytes, NoText> {
        let more = came.bytes.len().saturating_mul(self.copies() - 1);
        let fits = came.share.take(more);
        fits.then(|| came.bytes.clone()).ok_or(NoText::Crowded)
    }

    /// The same of one with codings.
    async fn decoded(&self, came: &Came, language: Language) -> Result<Bytes, NoText> {
        let (bound, copies) = (self.shared.options.body_limit, self.copies());
        decode(language.codings, &came.bytes, bound, copies, &came.share).await
    }

    /// Where the request is recorded, if it is.
    fn journal(&self) -> Option<&Journal> {
        self.caller.journal.as_deref()
    }

    /// The head, to be sent and kept. What is added to it has its room in what came; a copy has none to spare.
    fn lend_head(&mut self) -> Parts {
        let kept = self.head.headers.clone();
        let extensions = self.head.extensions.clone();
        let head = self.take_head();
        (self.head.headers, self.head.extensions) = (kept, extensions);
        head
    }

    /// The head, to be sent for the last time. What stays is the method and the target.
    fn take_head(&mut self) -> Parts {
        let (mut head, ()) = Request::new(()).into_parts();
        head.method.clone_from(&self.head.method);
        head.uri.clone_from(&self.head.uri);
        head.version = self.head.version;
        head.headers = mem::take(&mut self.head.headers);
        head.extensions = mem::take(&mut self.head.extensions);
        head
    }

    fn announces_more_than(&self, limit: usize) -> bool {
        let length = self
            .head
            .headers
            .get(CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok());
        let length = length.and_then(|length| length.trim().parse::<u64>().ok());
        length.is_some_and(|length| length > limit as u64)
    }

    fn rejects_too_large(&self) -> bool {
        self.shared.options.on_too_large == TooLarge::Reject && self.mode == Mode::Enforce
    }

    /// What is to be repaired before the first send.
    fn demand(&self, rule: &Rule) -> Demand {
        self.shared.demands.at_once(rule)
    }

    /// The same after a rejection.
    fn asked_after(&self, rule: &Rule, refused: Refused<'_>) -> Asked {
        Asked::by(refused, rule).besides(self.demand(rule))
    }

    /// The conversation whose snapshots a request makes unusable, if it `changes` anything there.
    fn written(&self, request: &Method, path: &str, changes: bool) -> Option<ConversationId> {
        let here = || self.found.conversation();
        let conversation = if path == self.head.uri.path() {
            here().or_else(|| self.shared.rules.conversation_at(path))
        } else {
            self.shared.rules.conversation_at(path)
        };
        conversation.filter(|_| changes && may_change_state(request, path))
    }

    /// Whether any answer may ask for a step that waits for it.
    fn may_wait(&self, rule: &Rule) -> bool {
        let headers = &self.head.headers;
        rule.timing == Timing::OnReject
            || rule.recipe.has_waiting()
            || self.found.has_another_path()
            || rule
                .drop_headers
                .iter()
                .any(|name| headers.contains_key(name))
    }

    /// Whether this answer does. `is_elsewhere`: the request went to another path
    /// than its own already.
    fn may_have_waited<R>(&self, rule: &Rule, is_elsewhere: bool, answer: &Response<R>) -> bool {
        if self.is_rejection(rule, answer) {
            return rule.timing == Timing::OnReject || rule.recipe.has_waiting();
        }
        let headers = &self.head.headers;
        let waits = match answer.status() {
            StatusCode::NOT_FOUND => self.found.has_another_path() && !is_elsewhere,
            StatusCode::PRECONDITION_FAILED => {
                let mut names = rule.drop_headers.iter();
                names.any(|name| headers.contains_key(name))
            }
            _ => false,
        };
        waits && !is_no_answer(answer)
    }

    /// Whether another body may fare better after an answer.
    fn is_rejection<R>(&self, rule: &Rule, answer: &Response<R>) -> bool {
        let resend_on = rule
            .resend_on
            .as_ref()
            .unwrap_or(&self.shared.options.resend_on);
        resend_on.contains(&answer.status()) && !is_no_answer(answer)
    }
}

fn is_no_answer<R>(answer: &Response<R>) -> bool {
    answer.extensions().get::<NoAnswer>().is_some()
}

fn unplanned(error: PlanError) -> Reason {
    unreadable(error).flaw.into()
}
