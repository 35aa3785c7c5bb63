//! An upstream in memory that answers as a case says, and what became of each request.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use patchwright::RepairLayer;
use patchwright::directory::cached::{Cached, Settings, Store};
use patchwright::directory::fetch::FetchLimits;
use patchwright::layer::options::Options;
use patchwright::layer::record::NoAnswer;
use patchwright::rule::Rules;
use proptest::prelude::*;
use tower::{Layer as _, Service, ServiceExt as _};

use crate::support::Report;

/// What an upstream says: to lookups in turn (the last goes on for ever), and to writes.
#[derive(Clone, Debug)]
pub(super) struct Situation {
    pub(super) lookups: Vec<Lookup>,
    pub(super) writes: Vec<u16>,
}

#[derive(Clone, Debug)]
pub(super) enum Lookup {
    /// A participant with this state and queue, as JSON, among others.
    Is(String, String),
    Fails(u16, &'static str),
}

/// One request that went through the layer.
#[derive(Debug)]
pub(super) struct Passage {
    pub(super) writes: Vec<Write>,
    pub(super) report: Report,
}

/// A write as the upstream got it, and what it answered.
#[derive(Clone, Debug)]
pub(super) struct Write {
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    pub(super) status: u16,
}

#[derive(Clone, Default)]
struct Upstream(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    lookups: VecDeque<Lookup>,
    answers: VecDeque<u16>,
    writes: Vec<Write>,
}

/// JSON in the place of a state or queue.
fn value() -> impl Strategy<Value = String> {
    let texts = vec![
        "connected",
        "alerting",
        "disconnected",
        "q\"1\\",
        "é\u{1f980}\u{7}",
    ];
    let text = prop::sample::select(texts).prop_map(str::to_owned);
    let long = Just("x".repeat(257));
    let text = prop_oneof![8 => text, 1 => "[ -~]{1,8}", 1 => long];
    let quoted = text.prop_map(|text| serde_json::Value::from(text).to_string());
    prop_oneof![8 => quoted, 1 => Just("null".to_owned()), 1 => Just("7".to_owned()), 1 => Just("\"\"".to_owned())]
}

pub(super) fn situation() -> impl Strategy<Value = Situation> {
    let failures = vec![
        Lookup::Fails(404, ""),
        Lookup::Fails(401, ""),
        Lookup::Fails(403, "{}"),
        Lookup::Fails(429, ""),
        Lookup::Fails(503, ""),
        Lookup::Fails(204, ""),
        Lookup::Fails(302, ""),
        Lookup::Fails(200, "<html>"),
        Lookup::Fails(200, r#"{"participants":[]}"#),
    ];
    let is = (value(), value()).prop_map(|(state, queue)| Lookup::Is(state, queue));
    let lookup = prop_oneof![5 => is, 2 => prop::sample::select(failures)];
    let statuses = vec![202, 202, 400, 409, 400, 409, 412, 422, 500, 502, NO_ANSWER];
    let writes = prop::collection::vec(prop::sample::select(statuses), 0..4);
    (prop::collection::vec(lookup, 1..4), writes)
        .prop_map(|(lookups, writes)| Situation { lookups, writes })
}

/// Stands for an upstream that broke off.
const NO_ANSWER: u16 = 599;

/// Sends the requests one after the other through one layer.
pub(super) fn passages(
    rules: &Arc<Rules>,
    options: Options,
    situation: &Situation,
    requests: Vec<Request<Full<Bytes>>>,
) -> Vec<Passage> {
    let upstream = Upstream::default();
    let state = State {
        lookups: situation.lookups.clone().into(),
        answers: situation.writes.clone().into(),
        writes: Vec::new(),
    };
    *upstream.0.lock().unwrap() = state;
    let settings = Settings {
        capacity: 16,
        ..Settings::default()
    };
    let store = Store::new(&settings);
    let directory = Cached::new(store, "api", upstream.clone(), FetchLimits::default());
    let layer = RepairLayer::new(Arc::clone(rules), directory, options, ());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.unwrap().block_on(async {
        let mut passages = Vec::new();
        for request in requests {
            let answer = layer
                .layer(upstream.clone())
                .oneshot(request)
                .await
                .unwrap();
            let report = Report::of(&answer);
            let writes = std::mem::take(&mut upstream.0.lock().unwrap().writes);
            passages.push(Passage { writes, report });
        }
        passages
    })
}

impl<B> Service<Request<B>> for Upstream
where
    B: http_body::Body<Data = Bytes, Error: std::fmt::Debug> + Send + 'static,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes().to_vec();
            let mut state = this.0.lock().unwrap();
            if head.method == Method::GET {
                return Ok(state.look_up());
            }
            let status = state.answers.pop_front().unwrap_or(202);
            state.writes.push(Write {
                headers: head.headers,
                body,
                status,
            });
            Ok(answer(status, REJECTION))
        })
    }
}

/// Names everything that a rule could fill.
const REJECTION: &str = r#"{"message":"Missing required property: 'state'.","code":"bad.request",
    "details":[{"errorCode":"missing","fieldName":"routing"}]}"#;

impl State {
    fn look_up(&mut self) -> Response<Full<Bytes>> {
        let lookup = self.lookups.front().unwrap().clone();
        if self.lookups.len() > 1 {
            self.lookups.pop_front();
        }
        match lookup {
            Lookup::Fails(status, body) => answer(status, body),
            Lookup::Is(state, queue) => answer(
                200,
                &format!(
                    r#"{{"participants":[
                        {{"id":"p0","state":"another's state","queueId":"another's queue"}},
                        {{"id":"p1","state":{state},"queueId":{queue}}}]}}"#
                ),
            ),
        }
    }
}

fn answer(status: u16, body: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body.to_owned()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    if status == NO_ANSWER {
        response.extensions_mut().insert(NoAnswer);
    }
    response
}
