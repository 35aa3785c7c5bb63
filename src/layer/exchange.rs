//! One request that a rule matched, from its head to its answer.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::request::Parts;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Body;
use tokio::time::timeout;
use tower_service::Service;

use super::Shared;
use super::body::{Filled, Replay, RequestBody, ResponseBody};
use super::demand::Demand;
use super::options::{LookupFailure, Mode, TooLarge};
use super::record::{NoAnswer, Origin, Outcome, Reason, Record};
use super::report::{PATCHWRIGHT, header};
use super::write::{WriteGuard, may_change_state};
use crate::answer::{Answer, RequestId};
use crate::directory::Directory;
use crate::repair::header::{is_coded, misses_content_type, signs_the_content};
use crate::repair::plan::{Plan, PlanError};
use crate::repair::scan::ScanError;
use crate::rule::spec::Timing;
use crate::rule::{Match, Rule};

mod draft;
mod lookup;

use draft::{Draft, Edit};
use lookup::{Known, Miss};

/// Most bytes of a rejection that are read before it is passed on instead: error bodies are short.
const REJECTION_LIMIT: usize = 64 << 10;

/// Answers a matched request.
pub(super) async fn exchange<S, D, B, R>(
    shared: Arc<Shared<D>>,
    inner: S,
    request: Request<B>,
) -> Result<Response<ResponseBody<R>>, S::Error>
where
    S: Service<Request<RequestBody<B>>, Response = Response<R>>,
    D: Directory,
    B: Body<Data = Bytes> + Unpin,
    R: Body<Data = Bytes> + Unpin,
{
    let mut sender = Sender {
        inner,
        is_ready: true,
    };
    let (head, body) = request.into_parts();
    let (method, uri) = (head.method.clone(), head.uri.clone());
    let Some(found) = shared.rules.find(&method, uri.path()) else {
        let request = Request::from_parts(head, RequestBody::original(body));
        return Ok(sender.send(request).await?.map(ResponseBody::inner));
    };
    let mut exchange = Exchange::new(&shared, &found, head);
    let result = exchange.answer(&mut sender, body).await;
    exchange.report(result)
}

/// The inner service, which was polled ready once.
struct Sender<S> {
    inner: S,
    is_ready: bool,
}

impl<S> Sender<S> {
    async fn send<B>(&mut self, request: Request<B>) -> Result<S::Response, S::Error>
    where
        S: Service<Request<B>>,
    {
        if !std::mem::take(&mut self.is_ready) {
            poll_fn(|cx| self.inner.poll_ready(cx)).await?;
        }
        self.inner.call(request).await
    }
}

struct Exchange<'a, D> {
    shared: &'a Shared<D>,
    found: &'a Match<'a, 'a>,
    head: Parts,
    note: Note,
}

/// What goes into the record at the end.
#[derive(Debug)]
struct Note {
    outcome: Outcome,
    reason: Option<Reason>,
    edit: Edit,
    origin: Option<Origin>,
    age: Option<Duration>,
}

/// Outcome of a send: the answer, or the inner service's error.
type Answered<R, E> = Result<Response<ResponseBody<R>>, E>;

impl<'a, D: Directory> Exchange<'a, D> {
    fn new(shared: &'a Shared<D>, found: &'a Match<'a, 'a>, head: Parts) -> Self {
        let note = Note {
            outcome: Outcome::Complete,
            reason: None,
            edit: Edit::default(),
            origin: None,
            age: None,
        };
        Self {
            shared,
            found,
            head,
            note,
        }
    }

    fn rule(&self) -> &'a Rule {
        self.found.rule()
    }

    fn mode(&self) -> Mode {
        self.rule().mode.unwrap_or(self.shared.options.mode)
    }

    async fn answer<S, B, R>(&mut self, sender: &mut Sender<S>, body: B) -> Answered<R, S::Error>
    where
        S: Service<Request<RequestBody<B>>, Response = Response<R>>,
        B: Body<Data = Bytes> + Unpin,
        R: Body<Data = Bytes> + Unpin,
    {
        if let Some(reason) = self.untouchable() {
            return self
                .forward(sender, RequestBody::original(body), reason)
                .await;
        }
        let limit = self.shared.options.body_limit;
        let mut replay = Replay::new(body);
        let filled = if self.announces_more_than(limit) {
            Filled::OverLimit
        } else {
            match timeout(self.shared.options.body_timeout, replay.fill(limit)).await {
                Ok(filled) => filled,
                Err(_) => return Ok(self.reject(late())),
            }
        };
        match filled {
            Filled::Whole => {
                let (bytes, trailers) = replay.into_bytes();
                self.repair(sender, &bytes, trailers).await
            }
            Filled::OverLimit if self.rejects_too_large() => {
                self.note.reason = Some(Reason::TooLarge);
                Ok(self.reject(too_large(limit)))
            }
            Filled::OverLimit => {
                self.forward(sender, RequestBody::replay(replay), Reason::TooLarge)
                    .await
            }
            Filled::Broken => Ok(self.reject(broken())),
        }
    }

    /// Why the body needs not even be looked at.
    fn untouchable(&self) -> Option<Reason> {
        if self.mode() == Mode::Off {
            Some(Reason::ModeOff)
        } else if is_coded(&self.head.headers) {
            Some(Reason::Coding)
        } else {
            signs_the_content(&self.head.headers).then_some(Reason::Signed)
        }
    }

    fn announces_more_than(&self, limit: usize) -> bool {
        let length = self
            .head
            .headers
            .get(CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok());
        length
            .and_then(|length| length.trim().parse::<u64>().ok())
            .is_some_and(|length| length > limit as u64)
    }

    fn rejects_too_large(&self) -> bool {
        self.shared.options.on_too_large == TooLarge::Reject && self.mode() == Mode::Enforce
    }

    async fn repair<S, B, R>(
        &mut self,
        sender: &mut Sender<S>,
        bytes: &Bytes,
        trailers: Option<HeaderMap>,
    ) -> Answered<R, S::Error>
    where
        S: Service<Request<RequestBody<B>>, Response = Response<R>>,
        B: Body<Data = Bytes> + Unpin,
        R: Body<Data = Bytes> + Unpin,
    {
        let plan = match Plan::new(bytes, self.rule().targets()) {
            Ok(plan) => plan,
            Err(error) => {
                let body = RequestBody::replay(Replay::whole(bytes.clone(), trailers));
                return self.forward(sender, body, unplanned(error)).await;
            }
        };
        let content_type = self.rule().content_type.clone();
        let content_type = content_type.filter(|_| misses_content_type(&self.head.headers));
        let draft = Draft {
            plan,
            bytes,
            trailers,
            content_type,
        };
        match self.mode() {
            Mode::Observe => self.observe(sender, &draft).await,
            _ => self.enforce(sender, &draft).await,
        }
    }

    async fn enforce<S, B, R>(
        &mut self,
        sender: &mut Sender<S>,
        draft: &Draft<'_>,
    ) -> Answered<R, S::Error>
    where
        S: Service<Request<RequestBody<B>>, Response = Response<R>>,
        B: Body<Data = Bytes> + Unpin,
        R: Body<Data = Bytes> + Unpin,
    {
        let demand = self.demand();
        let known = if draft.has_gap(demand) {
            match self.look_up(draft, demand, None).await {
                Ok(known) => Some(known),
                Err(miss) => return self.miss(sender, draft, miss).await,
            }
        } else {
            None
        };
        let edit = draft.edit(demand, known.as_ref());
        self.note_edit(&edit, known.as_ref());
        let sent = self.shared.directory.now();
        let answer = self
            .send(
                sender,
                draft.request(&self.head, &edit),
                draft.plan.sends_a_target(),
            )
            .await?;
        let fills = !edit.filled.is_empty();
        let may_resend = fills || self.rule().timing == Timing::OnReject;
        if !may_resend || !self.is_rejection(&answer) {
            if !edit.is_empty() && is_no_answer(&answer) {
                self.note.reason = Some(Reason::UpstreamFailed);
            }
            return Ok(answer.map(ResponseBody::inner));
        }
        let rejection = match Rejection::read(answer, self.shared.options.body_timeout).await {
            Ok(rejection) => rejection,
            Err(answer) => return Ok(answer),
        };
        let demand = demand.union(self.named(&rejection));
        let newer_than = fills.then_some(sent);
        match self.reconsider(draft, demand, &edit, newer_than).await {
            Some(second) => self.resend(sender, draft, second, demand).await,
            None => Ok(rejection.into_response()),
        }
    }

    /// After a definite rejection: what to send instead, if that is anything else.
    async fn reconsider(
        &mut self,
        draft: &Draft<'_>,
        demand: Demand,
        first: &Edit,
        newer_than: Option<crate::directory::Tick>,
    ) -> Option<Edit> {
        let known = if draft.has_gap(demand) {
            // When this lookup fails, the upstream's own rejection is the answer.
            match self.look_up(draft, demand, newer_than).await {
                Ok(known) => Some(known),
                Err(miss) => {
                    if first.is_empty() {
                        (self.note.outcome, self.note.reason) =
                            (Outcome::Forwarded, Some(miss.reason()));
                    }
                    return None;
                }
            }
        } else {
            None
        };
        let second = draft.edit(demand, known.as_ref());
        // The same body is never sent twice.
        if second == *first {
            return None;
        }
        self.note_edit(&second, known.as_ref());
        if newer_than.is_some() {
            self.note.origin = Some(Origin::Refetched);
        }
        Some(second)
    }

    async fn resend<S, B, R>(
        &mut self,
        sender: &mut Sender<S>,
        draft: &Draft<'_>,
        edit: Edit,
        demand: Demand,
    ) -> Answered<R, S::Error>
    where
        S: Service<Request<RequestBody<B>>, Response = Response<R>>,
        B: Body<Data = Bytes> + Unpin,
        R: Body<Data = Bytes> + Unpin,
    {
        let answer = self
            .send(
                sender,
                draft.request(&self.head, &edit),
                draft.plan.sends_a_target(),
            )
            .await?;
        if is_no_answer(&answer) {
            self.note.reason = Some(Reason::UpstreamFailed);
        } else if self.rule().timing == Timing::OnReject && !self.is_rejection(&answer) {
            self.shared.demands.remember(self.rule(), demand);
        }
        Ok(answer.map(ResponseBody::inner))
    }

    /// Mode observe: the original goes, whatever happens; the lookup runs beside it.
    async fn observe<S, B, R>(
        &mut self,
        sender: &mut Sender<S>,
        draft: &Draft<'_>,
    ) -> Answered<R, S::Error>
    where
        S: Service<Request<RequestBody<B>>, Response = Response<R>>,
        B: Body<Data = Bytes> + Unpin,
        R: Body<Data = Bytes> + Unpin,
    {
        let demand = self.demand();
        let original = draft.request(&self.head, &Edit::default());
        let send = self.send(sender, original, draft.plan.sends_a_target());
        let (known, answer) = if draft.has_gap(demand) {
            let (known, answer) = tokio::join!(self.look_up(draft, demand, None), send);
            (Some(known), answer?)
        } else {
            (None, send.await?)
        };
        if self.rule().timing == Timing::Eager || !self.is_rejection(&answer) {
            self.note_observed(draft, demand, known);
            return Ok(answer.map(ResponseBody::inner));
        }
        let rejection = match Rejection::read(answer, self.shared.options.body_timeout).await {
            Ok(rejection) => rejection,
            Err(answer) => return Ok(answer),
        };
        let demand = demand.union(self.named(&rejection));
        let known = if draft.has_gap(demand) {
            Some(self.look_up(draft, demand, None).await)
        } else {
            None
        };
        self.note_observed(draft, demand, known);
        Ok(rejection.into_response())
    }

    fn note_observed(
        &mut self,
        draft: &Draft<'_>,
        demand: Demand,
        known: Option<Result<Known<'_>, Miss>>,
    ) {
        let known = match known.transpose() {
            Ok(known) => known,
            Err(miss) => {
                (self.note.outcome, self.note.reason) = (Outcome::Observed, Some(miss.reason()));
                return;
            }
        };
        self.note_edit(&draft.edit(demand, known.as_ref()), known.as_ref());
        if self.note.outcome == Outcome::Repaired {
            self.note.outcome = Outcome::Observed;
        }
    }

    /// What is to be repaired before the first send.
    fn demand(&self) -> Demand {
        match self.rule().timing {
            Timing::Eager => Demand::all(),
            Timing::OnReject => self.shared.demands.remembered(self.rule()),
        }
    }

    fn named<R: Body<Data = Bytes>>(&self, rejection: &Rejection<R>) -> Demand {
        match self.rule().timing {
            Timing::Eager => Demand::all(),
            Timing::OnReject => Demand::named_in(&rejection.bytes, self.rule()),
        }
    }

    fn note_edit(&mut self, edit: &Edit, known: Option<&Known<'_>>) {
        self.note.edit = edit.clone();
        self.note.outcome = if edit.is_empty() {
            Outcome::Complete
        } else {
            Outcome::Repaired
        };
        if let Some(known) = known {
            self.note.origin = Some(known.reading.origin);
            self.note.age = Some(known.reading.age());
        }
    }

    /// A gap that the directory can't fill.
    async fn miss<S, B, R>(
        &mut self,
        sender: &mut Sender<S>,
        draft: &Draft<'_>,
        miss: Miss,
    ) -> Answered<R, S::Error>
    where
        S: Service<Request<RequestBody<B>>, Response = Response<R>>,
        B: Body<Data = Bytes> + Unpin,
        R: Body<Data = Bytes> + Unpin,
    {
        let policy = self
            .rule()
            .on_lookup_failure
            .unwrap_or(self.shared.options.on_lookup_failure);
        if let Some(answer) = miss.answer().filter(|_| policy == LookupFailure::Reject) {
            self.note.reason = Some(miss.reason());
            return Ok(self.reject(answer));
        }
        (self.note.outcome, self.note.reason) = (Outcome::Forwarded, Some(miss.reason()));
        let original = draft.request(&self.head, &Edit::default());
        let answer = self
            .send(sender, original, draft.plan.sends_a_target())
            .await?;
        Ok(answer.map(ResponseBody::inner))
    }

    /// Sends the original, about which nothing is known: it may change anything.
    async fn forward<S, B, R>(
        &mut self,
        sender: &mut Sender<S>,
        body: RequestBody<B>,
        reason: Reason,
    ) -> Answered<R, S::Error>
    where
        S: Service<Request<RequestBody<B>>, Response = Response<R>>,
        B: Body<Data = Bytes> + Unpin,
        R: Body<Data = Bytes> + Unpin,
    {
        (self.note.outcome, self.note.reason) = (Outcome::Forwarded, Some(reason));
        let request = Request::from_parts(self.head.clone(), body);
        let answer = self.send(sender, request, true).await?;
        Ok(answer.map(ResponseBody::inner))
    }

    /// Every request to the inner service goes through here; `changes` says whether it may change what
    /// the directory holds.
    async fn send<S, B, R>(
        &self,
        sender: &mut Sender<S>,
        request: Request<RequestBody<B>>,
        changes: bool,
    ) -> Result<Response<R>, S::Error>
    where
        S: Service<Request<RequestBody<B>>, Response = Response<R>>,
        B: Body,
    {
        let changes = changes && may_change_state(&self.head.method, self.head.uri.path());
        let path = self.head.uri.path();
        let conversation = self
            .found
            .conversation()
            .or_else(|| self.shared.rules.conversation_at(path));
        let _guard = conversation
            .filter(|_| changes)
            .map(|id| WriteGuard::new(&self.shared.directory, id));
        sender.send(request).await
    }

    fn is_rejection<R>(&self, answer: &Response<R>) -> bool {
        let resend_on = self
            .rule()
            .resend_on
            .as_ref()
            .unwrap_or(&self.shared.options.resend_on);
        resend_on.contains(&answer.status()) && !is_no_answer(answer)
    }

    fn id(&self) -> RequestId {
        self.head
            .extensions
            .get::<RequestId>()
            .copied()
            .unwrap_or_else(RequestId::next)
    }

    fn reject<R: Body>(&mut self, answer: Answer) -> Response<ResponseBody<R>> {
        self.note.outcome = Outcome::Rejected;
        answer.into_response(self.id()).map(ResponseBody::own)
    }

    /// Tells the observer, and the caller by the header.
    fn report<R: Body, E>(&self, result: Answered<R, E>) -> Answered<R, E> {
        let edit = &self.note.edit;
        let pointers = self.rule().pointers();
        let filled: Vec<&str> = edit
            .filled
            .iter()
            .filter_map(|&target| pointers.get(target))
            .map(String::as_str)
            .collect();
        let user_agent = self.head.headers.get(http::header::USER_AGENT);
        let reason = self
            .note
            .reason
            .or(result.is_err().then_some(Reason::UpstreamFailed));
        let record = Record {
            rule: self.rule().name(),
            outcome: self.note.outcome,
            reason,
            repairs: &edit.kinds(),
            filled: &filled,
            snapshot: self.note.origin,
            age: self.note.age,
            status: result.as_ref().ok().map(Response::status),
            user_agent: user_agent.and_then(|value| value.to_str().ok()),
            id: self.id(),
        };
        self.shared.observer.observe(&record);
        let mut response = result?;
        if let Some(value) = header(&record).filter(|_| self.shared.options.report) {
            response.headers_mut().insert(PATCHWRIGHT, value);
        }
        Ok(response)
    }
}

/// A definite rejection, read to its end.
struct Rejection<R: Body> {
    head: http::response::Parts,
    bytes: Bytes,
    trailers: Option<HeaderMap>,
    body: std::marker::PhantomData<R>,
}

impl<R: Body<Data = Bytes> + Unpin> Rejection<R> {
    /// `Err` passes on an answer that is too long, too slow or broken: then it is unknown what it said.
    async fn read(
        answer: Response<R>,
        deadline: Duration,
    ) -> Result<Self, Response<ResponseBody<R>>> {
        let (head, body) = answer.into_parts();
        let mut replay = Replay::new(body);
        match timeout(deadline, replay.fill(REJECTION_LIMIT)).await {
            Ok(Filled::Whole) => {
                let (bytes, trailers) = replay.into_bytes();
                Ok(Self {
                    head,
                    bytes,
                    trailers,
                    body: std::marker::PhantomData,
                })
            }
            _ => Err(Response::from_parts(head, ResponseBody::replay(replay))),
        }
    }

    fn into_response(self) -> Response<ResponseBody<R>> {
        Response::from_parts(
            self.head,
            ResponseBody::replay(Replay::whole(self.bytes, self.trailers)),
        )
    }
}

fn is_no_answer<R>(answer: &Response<R>) -> bool {
    answer.extensions().get::<NoAnswer>().is_some()
}

fn unplanned(error: PlanError) -> Reason {
    match error {
        PlanError::Scan(ScanError::NotJson) => Reason::NotJson,
        PlanError::Scan(ScanError::NotObject) => Reason::NotObject,
        PlanError::DuplicateMember => Reason::DuplicateMember,
        PlanError::TypeConflict => Reason::TypeConflict,
    }
}

fn late() -> Answer {
    Answer::new(
        StatusCode::REQUEST_TIMEOUT,
        "patchwright.request.timeout",
        "The request body came too slowly.",
    )
}

fn broken() -> Answer {
    Answer::new(
        StatusCode::BAD_REQUEST,
        "patchwright.request.broken",
        "The request body broke off.",
    )
}

fn too_large(limit: usize) -> Answer {
    let message = format!(
        "The request body is over {limit} bytes, the largest that is repaired here (limits.body)."
    );
    Answer::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "patchwright.body.too.large",
        message,
    )
}
