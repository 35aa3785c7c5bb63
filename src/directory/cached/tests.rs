use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::{Empty, Full};
use tokio::sync::Semaphore;
use tower::ServiceExt as _;

use tokio::time::Instant;

use super::shared::Bond;
use super::*;
use crate::directory::fetch::Transport;
use crate::directory::{Directory, Learning, Lesson, LookupError, Reading, Snapshot, Tick};
use crate::layer::record::Origin;
use crate::rule::spec::SourceSpec;
use crate::rule::{ConversationId, Source};

/// An upstream whose answers wait for the test.
#[derive(Clone)]
struct Upstream(Arc<State>);

struct State {
    lookups: AtomicUsize,
    gate: Semaphore,
    answer: Mutex<(StatusCode, Option<u64>, String)>,
    /// What is left of sixty, where answers say so.
    left: Mutex<Option<u64>>,
    log: Mutex<Vec<String>>,
}

impl Upstream {
    fn new(state: &str) -> Self {
        let this = Self(Arc::new(State {
            lookups: AtomicUsize::new(0),
            gate: Semaphore::new(0),
            answer: Mutex::new((StatusCode::OK, None, String::new())),
            left: Mutex::default(),
            log: Mutex::default(),
        }));
        this.says(state);
        this.open();
        this
    }

    fn says(&self, state: &str) {
        let body = format!(r#"{{"participants":[{{"id":"p","state":"{state}"}}]}}"#);
        self.answers(StatusCode::OK, None, &body);
    }

    fn answers(&self, status: StatusCode, retry_after: Option<u64>, body: &str) {
        *self.0.answer.lock().unwrap() = (status, retry_after, body.to_owned());
    }

    fn open(&self) {
        self.0.gate.add_permits(Semaphore::MAX_PERMITS / 2);
    }

    fn close(&self) {
        self.0.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    fn let_through(&self, count: usize) {
        self.0.gate.add_permits(count);
    }

    fn lookups(&self) -> usize {
        self.0.lookups.load(Ordering::SeqCst)
    }

    /// Waits until so many lookups have arrived.
    async fn arrived(&self, count: usize) {
        while self.lookups() < count {
            tokio::task::yield_now().await;
        }
    }

    async fn handle(
        self,
        request: Request<Empty<Bytes>>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let credential = request.headers()["authorization"].to_str().unwrap();
        self.0
            .log
            .lock()
            .unwrap()
            .push(format!("{credential} {}", request.uri()));
        // The state is read before the gate: an answer that waits there grows old.
        let (status, retry_after, body) = self
            .0
            .answer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let left = self.0.left.lock().unwrap().as_mut().map(|left| {
            *left -= 1;
            *left
        });
        self.0.lookups.fetch_add(1, Ordering::SeqCst);
        self.0.gate.acquire().await.unwrap().forget();
        let mut response = Response::new(Full::from(body));
        *response.status_mut() = status;
        if let Some(seconds) = retry_after {
            response.headers_mut().insert("retry-after", seconds.into());
        }
        if let Some(left) = left {
            response.headers_mut().extend(rates::left(left));
        }
        Ok(response)
    }
}

fn directory(upstream: &Upstream, settings: &Settings) -> impl Directory + use<> {
    named("api", upstream, &Store::new(settings))
}

fn named(name: &str, upstream: &Upstream, store: &Arc<Store>) -> Cached<impl Transport + use<>> {
    let upstream = upstream.clone();
    let transport = tower::service_fn(move |request| upstream.clone().handle(request))
        .map_err(|never| match never {});
    let transport =
        transport.map_err(|never: Infallible| -> crate::layer::BoxError { match never {} });
    Cached::new(Arc::clone(store), name, transport, FetchLimits::default())
}

fn minute() -> Settings {
    Settings {
        max_age: Duration::from_secs(60),
        ..Settings::default()
    }
}

fn ask(credential: &'static str) -> Ask {
    let spec = SourceSpec {
        learn: true,
        name: "conversation".into(),
        get: "/c/{conversationId}".into(),
        participants: "$.participants[*]".into(),
        id: "$.id".into(),
        fields: vec![("state".into(), vec!["$.state".into()])],
    };
    Ask {
        source: Arc::new(
            Source::compile(&spec, |key, problem| panic!("{key}: {problem}")).unwrap(),
        ),
        address: Uri::from_static("/c/1").into(),
        conversation: ConversationId(1),
        credential: HeaderValue::from_static(credential),
        newer_than: None,
    }
}

/// What a passing GET teaches a store that is not shared.
fn lesson(directory: &impl Directory, ask: Ask) -> Lesson {
    match directory.learn(ask) {
        Some(Learning::Now(lesson)) => lesson,
        other => panic!("{other:?}"),
    }
}

fn state(reading: &Reading) -> String {
    let conversation = &reading.snapshot.conversation;
    let state = conversation.participant("p").unwrap().value(0);
    state.unwrap().into_owned()
}

async fn read(directory: &impl Directory, ask: &Ask) -> (String, Origin) {
    let reading = directory.read(ask).await.unwrap();
    (state(&reading), reading.origin)
}

fn spawn_read<D: Directory>(
    directory: &D,
    ask: &Ask,
) -> tokio::task::JoinHandle<Result<Reading, LookupError>> {
    let (directory, ask) = (directory.clone(), ask.clone());
    tokio::spawn(async move { directory.read(&ask).await })
}

mod breaker;
mod coherence;
mod failure;
mod followed;
mod memory;
mod rates;
mod unread;
