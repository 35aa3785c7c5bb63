//! The simulated API behind the rules, and what became of each request.

use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use patchwright::RepairLayer;
use patchwright::directory::Uncached;
use patchwright::directory::fetch::FetchLimits;
use patchwright::layer::options::Options;
use patchwright::rule::Rules;
use patchwright::rule::pack::{Pack, Specs};
use patchwright::simulator::{self, Dropped, Effect, Simulator};
use tower::{Layer as _, Service, ServiceExt as _};

use super::requests::Asked;
use crate::support::Report;

static RULES: LazyLock<Arc<Rules>> = LazyLock::new(|| {
    let text = include_str!("../../../config/rules/official.toml");
    let specs = Specs::parse("official.toml", text).unwrap();
    Arc::new(Rules::compile(specs.sources(), specs.rules(), specs.diagnoses()).unwrap())
});

/// A request through the rules, and the same straight to an API in the same state.
#[derive(Debug)]
pub(super) struct Passage {
    /// What the API got to write.
    pub(super) writes: Vec<Write>,
    pub(super) answer: Answered,
    pub(super) straight: Answered,
    /// The `Patchwright` header; empty where no rule matched.
    pub(super) report: Report,
}

#[derive(Debug)]
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) effects: Vec<Effect>,
}

impl Answered {
    pub(super) fn is_accepted(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// What was done, but for the numbers of requests.
    pub(super) fn done(&self) -> Vec<Effect> {
        let effects = self.effects.iter().cloned().map(|mut effect| {
            (effect.seq, effect.request) = (0, 0);
            effect
        });
        effects.collect()
    }
}

#[derive(Clone, Debug)]
pub(super) struct Write {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// The API, and what it got.
#[derive(Clone)]
struct Upstream {
    simulator: Simulator,
    writes: Arc<Mutex<Vec<Write>>>,
}

impl Upstream {
    fn new() -> Self {
        let options = simulator::Options {
            rules: Pack::Official,
            ..simulator::Options::default()
        };
        Self {
            simulator: Simulator::new(options),
            writes: Arc::default(),
        }
    }

    fn writes(&self) -> Vec<Write> {
        self.writes.lock().unwrap().clone()
    }

    /// Another one to which the same has happened.
    async fn twin(&self) -> Self {
        let twin = Self::new();
        for write in self.writes() {
            let mut request = Request::new(Full::new(write.body));
            *request.method_mut() = write.method;
            *request.uri_mut() = write.path.parse().unwrap();
            *request.headers_mut() = write.headers;
            twin.clone().oneshot(request).await.unwrap();
        }
        twin
    }
}

impl<B> Service<Request<B>> for Upstream
where
    B: http_body::Body<Data = Bytes, Error: std::fmt::Debug> + Send + 'static,
{
    type Response = Response<Full<Bytes>>;
    type Error = Dropped;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Dropped>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Dropped>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            if head.method != Method::GET {
                this.writes.lock().unwrap().push(Write {
                    method: head.method.clone(),
                    path: head.uri.path().to_owned(),
                    headers: head.headers.clone(),
                    body: body.clone(),
                });
            }
            let request = Request::from_parts(head, Full::new(body));
            this.simulator.clone().oneshot(request).await
        })
    }
}

/// Sends the requests one after the other, each both ways.
pub(super) fn passages(requests: &[Asked]) -> Vec<Passage> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.unwrap().block_on(async {
        let upstream = Upstream::new();
        let directory = Uncached::new(upstream.clone(), FetchLimits::default());
        let layer = RepairLayer::new(Arc::clone(&RULES), directory, Options::default(), ());
        let mut passages = Vec::new();
        for asked in requests {
            let twin = upstream.twin().await;
            let straight = send(&twin, twin.clone(), asked).await.0;
            let before = upstream.writes().len();
            let (answer, report) = send(&upstream, layer.layer(upstream.clone()), asked).await;
            passages.push(Passage {
                writes: upstream.writes().split_off(before),
                answer,
                straight,
                report,
            });
        }
        passages
    })
}

async fn send<S, R>(upstream: &Upstream, service: S, asked: &Asked) -> (Answered, Report)
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>, Error = Dropped>,
    R: http_body::Body<Data = Bytes, Error: std::fmt::Debug>,
{
    let done = upstream.simulator.effects().len();
    let request = Request::builder().method(&asked.method).uri(&asked.path);
    let lines = asked.headers.iter();
    let request = lines.fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    let request = request.body(Full::from(asked.text())).unwrap();
    let answer = service.oneshot(request).await.unwrap();
    let report = Report::of(&answer);
    let (head, body) = answer.into_parts();
    body.collect().await.unwrap();
    let answered = Answered {
        status: head.status.as_u16(),
        effects: upstream.simulator.effects().split_off(done),
    };
    (answered, report)
}
