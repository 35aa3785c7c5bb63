//! An upstream in memory: it answers lookups with one conversation and PATCHes as it is told.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Empty, Full};
use patchwright::RepairLayer;
use patchwright::directory::cached::{Cached, Settings, Store};
use patchwright::directory::fetch::FetchLimits;
use patchwright::layer::BoxError;
use patchwright::layer::body::RequestBody;
use patchwright::layer::options::Options;
use patchwright::layer::record::NoAnswer;
use patchwright::rule::Rules;
use tower::{Layer, Service, ServiceExt};

pub(crate) const C: &str = "/api/v2/conversations/c1";
pub(crate) const P: &str = "/api/v2/conversations/c1/participants/p1";
pub(crate) const WEB: &str = "/api/v2/conversations/web/instances/c1/participants/p1";

/// A request as the upstream saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) trailers: Option<HeaderMap>,
    pub(crate) body: String,
    pub(crate) bytes: Bytes,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Fake(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    conversation: Option<(StatusCode, Bytes)>,
    after_a_write: Option<Bytes>,
    retry_after: Option<&'static str>,
    coding: Option<&'static str>,
    only_path: Option<&'static str>,
    answers: VecDeque<(StatusCode, Bytes, Option<&'static str>)>,
    no_answer: bool,
    lookups_hang: bool,
    writes_hang: bool,
    seen: Vec<Seen>,
}

impl Fake {
    /// An upstream where participant `p1` is in this state, in queue `q1`.
    pub(crate) fn new(state: &str) -> Self {
        let fake = Self::default();
        fake.state(state);
        fake
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(crate) fn state(&self, state: &str) {
        let communications = format!(r#"[{{"state":"disconnected"}},{{"state":"{state}"}}]"#);
        self.conversation(&format!(
            r#"{{"participants":[{{"id":"p1","queueId":"q1","messages":{communications}}}]}}"#
        ));
    }

    pub(crate) fn conversation(&self, body: &str) {
        self.lock().conversation = Some((StatusCode::OK, body.to_owned().into()));
    }

    /// What the conversation is from the next write on.
    pub(crate) fn changes_with_a_write(&self, body: &str) {
        self.lock().after_a_write = Some(body.to_owned().into());
    }

    /// Reads are answered these bytes, said to be in this coding.
    #[cfg(feature = "coding")]
    pub(crate) fn reads_are_coded(&self, coding: &'static str, body: impl Into<Bytes>) {
        let mut state = self.lock();
        state.conversation = Some((StatusCode::OK, body.into()));
        state.coding = Some(coding);
    }

    pub(crate) fn lookups_answer(&self, status: u16, retry_after: Option<&'static str>) {
        let mut state = self.lock();
        state.conversation = Some((StatusCode::from_u16(status).unwrap(), Bytes::new()));
        state.retry_after = retry_after;
    }

    /// Reads are answered well again.
    pub(crate) fn recovers(&self, state: &str) {
        self.state(state);
        self.lock().retry_after = None;
    }

    /// Reads are answered the conversation with this status, said to be in this coding.
    pub(crate) fn reads_are(&self, status: u16, coding: Option<&'static str>) {
        let mut state = self.lock();
        if let Some((old, _)) = &mut state.conversation {
            *old = StatusCode::from_u16(status).unwrap();
        }
        state.coding = coding;
    }

    pub(crate) fn clone_conversation(&self) -> Bytes {
        let conversation = self.lock().conversation.clone();
        conversation.unwrap().1
    }

    /// Lookups of other paths are answered 404.
    pub(crate) fn only_at(&self, path: &'static str) {
        self.lock().only_path = Some(path);
    }

    pub(crate) fn lookups_hang(&self) {
        self.lock().lookups_hang = true;
    }

    pub(crate) fn writes_hang(&self) {
        self.lock().writes_hang = true;
    }

    /// What the next write is answered; without any it is 202.
    pub(crate) fn answers(&self, status: u16, body: &str) {
        self.answers_coded(status, None, body.to_owned());
    }

    /// As [`answers`](Self::answers), in a coding.
    pub(crate) fn answers_coded(
        &self,
        status: u16,
        coding: Option<&'static str>,
        body: impl Into<Bytes>,
    ) {
        let status = StatusCode::from_u16(status).unwrap();
        self.lock().answers.push_back((status, body.into(), coding));
    }

    /// Every write is answered as if the upstream had broken off.
    pub(crate) fn gives_no_answer(&self) {
        self.lock().no_answer = true;
    }

    pub(crate) fn lookups(&self) -> usize {
        self.lock()
            .seen
            .iter()
            .filter(|seen| seen.method == Method::GET)
            .count()
    }

    /// Every request, in order.
    pub(crate) fn all(&self) -> Vec<Seen> {
        self.lock().seen.clone()
    }

    /// The writes, in order.
    pub(crate) fn writes(&self) -> Vec<Seen> {
        self.lock()
            .seen
            .iter()
            .filter(|seen| seen.method != Method::GET)
            .cloned()
            .collect()
    }

    pub(crate) fn bodies(&self) -> Vec<String> {
        self.writes().into_iter().map(|seen| seen.body).collect()
    }

    async fn handle<B>(self, request: Request<B>) -> Result<Response<Full<Bytes>>, Infallible>
    where
        B: Body<Data = Bytes, Error: std::fmt::Debug>,
    {
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap();
        let trailers = body.trailers().cloned();
        let bytes = body.to_bytes();
        let seen = Seen {
            method: head.method.clone(),
            path: head.uri.to_string(),
            headers: head.headers,
            trailers,
            body: String::from_utf8_lossy(&bytes).into_owned(),
            bytes,
        };
        let is_lookup = head
            .extensions
            .get::<patchwright::directory::fetch::Lookup>()
            .is_some();
        let (hangs, answer) = {
            let mut state = self.lock();
            state.seen.push(seen);
            (
                state.hangs(&head.method, is_lookup),
                state.answer(&head.method, head.uri.path()),
            )
        };
        if hangs {
            std::future::pending::<()>().await;
        }
        Ok(answer)
    }
}

impl State {
    fn hangs(&self, method: &Method, is_lookup: bool) -> bool {
        if method == Method::GET {
            self.lookups_hang && is_lookup
        } else {
            self.writes_hang
        }
    }

    fn answer(&mut self, method: &Method, path: &str) -> Response<Full<Bytes>> {
        let is_read = method == Method::GET;
        let (status, body, coding) = if !is_read {
            if let Some(body) = self.after_a_write.take() {
                self.conversation = Some((StatusCode::OK, body));
            }
            let answer = self.answers.pop_front();
            answer.unwrap_or((StatusCode::ACCEPTED, Bytes::new(), None))
        } else if self.only_path.is_some_and(|only| only != path) {
            (StatusCode::NOT_FOUND, Bytes::new(), self.coding)
        } else {
            let answer = self.conversation.clone();
            let (status, body) = answer.unwrap_or((StatusCode::NOT_FOUND, Bytes::new()));
            (status, body, self.coding)
        };
        let mut response = Response::new(Full::from(body));
        *response.status_mut() = status;
        if let Some(wait) = self.retry_after.filter(|_| is_read) {
            response
                .headers_mut()
                .insert("retry-after", wait.parse().unwrap());
        }
        if let Some(coding) = coding {
            let coding = coding.parse().unwrap();
            response.headers_mut().insert("content-encoding", coding);
        }
        if self.no_answer && !is_read {
            *response.status_mut() = StatusCode::BAD_GATEWAY;
            response.extensions_mut().insert(NoAnswer);
        }
        response
    }
}

/// The upstream as the layer's inner service, and as the transport of its lookups.
impl<B> Service<Request<B>> for Fake
where
    B: Body<Data = Bytes, Error: std::fmt::Debug> + Send + 'static,
{
    type Response = Response<Full<Bytes>>;
    type Error = BoxError;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move { this.handle(request).await.map_err(|never| match never {}) })
    }
}

/// The layer in front of a [`Fake`], for one test.
#[derive(Clone)]
pub(crate) struct Proxy {
    pub(crate) fake: Fake,
    layer: RepairLayer<Cached<Fake>>,
}

impl Proxy {
    pub(crate) fn new(fake: &Fake) -> Self {
        Self::with(fake, Rules::strict(), Options::default())
    }

    pub(crate) fn with(fake: &Fake, rules: Rules, options: Options) -> Self {
        Self::within(fake, rules, options, FetchLimits::default())
    }

    pub(crate) fn within(fake: &Fake, rules: Rules, options: Options, limits: FetchLimits) -> Self {
        let settings = Settings {
            max_age: Duration::from_secs(60),
            ..Settings::default()
        };
        let directory = Cached::new(Store::new(&settings), "api", fake.clone(), limits);
        Self {
            fake: fake.clone(),
            layer: RepairLayer::new(Arc::new(rules), directory, options, ()),
        }
    }

    pub(crate) async fn send<B>(&self, request: Request<B>) -> Answer
    where
        B: Body<Data = Bytes, Error: std::fmt::Debug + Into<BoxError> + Send>
            + Send
            + Unpin
            + 'static,
    {
        let response = self
            .layer
            .layer(self.fake.clone())
            .oneshot(request)
            .await
            .unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let report = head
            .headers
            .get("patchwright")
            .map(|value| value.to_str().unwrap().to_owned());
        Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            report: report.unwrap_or_default(),
            body,
        }
    }

    /// A PATCH by `Bearer a`, as JSON.
    pub(crate) async fn patch(&self, path: &str, body: &str) -> Answer {
        self.send(patch(path, body)).await
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) report: String,
    pub(crate) body: Bytes,
}

impl Answer {
    /// What the header says of a key.
    pub(crate) fn says(&self, word: &str) -> bool {
        self.report.split(", ").any(|part| part == word)
    }

    pub(crate) fn code(&self) -> String {
        let body: serde_json::Value = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(body["status"], self.status);
        body["code"].as_str().unwrap().to_owned()
    }
}

pub(crate) fn patch(path: &str, body: &str) -> Request<Full<Bytes>> {
    request(Method::PATCH, path, body)
}

pub(crate) fn request(method: Method, path: &str, body: &str) -> Request<Full<Bytes>> {
    Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", "Bearer a")
        .header("content-type", "application/json")
        .header("content-length", body.len())
        .body(Full::from(body.to_owned()))
        .unwrap()
}

/// An inner service that must not be called.
#[derive(Clone, Debug)]
pub(crate) struct Never;

impl Service<Request<Empty<Bytes>>> for Never {
    type Response = Response<Full<Bytes>>;
    type Error = BoxError;
    type Future = Ready<Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Empty<Bytes>>) -> Self::Future {
        ready(Err(format!("unexpected lookup of {}", request.uri()).into()))
    }
}

pub(crate) type Inner<B> = Request<RequestBody<B>>;
