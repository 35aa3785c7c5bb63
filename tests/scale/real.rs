//! The same events in front of the real layer and the real directory, on tokio's paused clock, with an upstream
//! in memory: as many lookups and as many stale fills as in the simulation, to the last one.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use patchwright::RepairLayer;
use patchwright::directory::cached::{Cached, PartitionKey, Settings, Store};
use patchwright::directory::fetch::FetchLimits;
use patchwright::layer::BoxError;
use patchwright::layer::options::Options;
use patchwright::rule::Rules;
use tokio::time::{Instant, sleep, sleep_until};
use tower::{Layer, Service, ServiceExt};

use crate::run::{Figures, run};
use crate::setup::{Balancer, Partition, Redis, Setup};
use crate::traffic::{Event, MS, SECOND, Time, What, World, events};

/// All that happens here falls on times that a conversation's events share with none near them: what happens
/// at once has no order, and may be counted either way.
const GRAIN: Time = 20 * MS;

fn world(seed: u64) -> World {
    World {
        seed,
        length: 100 * SECOND,
        tokens: 3,
        conversations: 12,
        between_changes: 3 * SECOND,
        through: 50,
        one_way: 2 * GRAIN,
        delay: 0,
        ..World::usual()
    }
}

/// Moves each event of a conversation to another millisecond of the grain, so that whatever follows from it
/// some grains later keeps out of the others' way.
fn apart(world: &World) -> Vec<Event> {
    let mut events = events(world);
    let mut counts = HashMap::new();
    for event in &mut events {
        let count: &mut Time = counts.entry(event.conversation).or_default();
        *count += 1;
        event.at = event.at / GRAIN * GRAIN + *count * MS % GRAIN;
    }
    events.sort_by_key(|event| event.at);
    events
}

fn time(time: Time) -> Duration {
    Duration::from_micros(time)
}

/// The upstream: states are numbers that count up.
#[derive(Clone, Debug)]
struct Upstream(Arc<Seen>);

#[derive(Debug)]
struct Seen {
    world: World,
    versions: Vec<AtomicU64>,
    figures: Mutex<Figures>,
    attempts: Mutex<HashMap<usize, u32>>,
}

impl Upstream {
    fn new(world: &World) -> Self {
        let versions = (0..world.conversations).map(|_| AtomicU64::new(0));
        Self(Arc::new(Seen {
            world: world.clone(),
            versions: versions.collect(),
            figures: Mutex::new(Figures {
                lookups: vec![0; world.tokens],
                ..Figures::default()
            }),
            attempts: Mutex::default(),
        }))
    }

    fn change(&self, conversation: usize) {
        self.0.versions[conversation].fetch_add(1, Ordering::SeqCst);
    }

    async fn handle<B>(self, request: Request<B>) -> Response<Full<Bytes>>
    where
        B: Body<Data = Bytes, Error: std::fmt::Debug>,
    {
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let conversation: usize = head.uri.path().split('/').nth(4).unwrap().parse().unwrap();
        let token = head.headers["authorization"].to_str().unwrap();
        let token: usize = token.strip_prefix("Bearer ").unwrap().parse().unwrap();
        if head.method == Method::GET {
            self.0.figures.lock().unwrap().lookups[token] += 1;
        }
        sleep(time(self.0.world.one_way)).await;
        let answer = if head.method == Method::GET {
            self.conversation(conversation)
        } else {
            self.patched(conversation, &body)
        };
        sleep(time(self.0.world.one_way)).await;
        answer
    }

    fn conversation(&self, number: usize) -> Response<Full<Bytes>> {
        let version = self.0.versions[number].load(Ordering::SeqCst);
        let participant = format!(r#"{{"id":"p","state":"{version}","queueId":"q"}}"#);
        Response::new(format!(r#"{{"participants":[{participant}]}}"#).into())
    }

    fn patched(&self, conversation: usize, body: &[u8]) -> Response<Full<Bytes>> {
        let body: serde_json::Value = serde_json::from_slice(body).unwrap();
        let mut response = Response::new(Full::default());
        let Some(event) = body["attributes"]["event"].as_str() else {
            self.change(conversation);
            return response;
        };
        let event = event.parse().unwrap();
        let version = self.0.versions[conversation].load(Ordering::SeqCst);
        let state = body["state"].as_str().unwrap();
        let is_stale = state != version.to_string();
        let mut attempts = self.0.attempts.lock().unwrap();
        let attempts = attempts.entry(event).or_default();
        *attempts += 1;
        let mut figures = self.0.figures.lock().unwrap();
        figures.fills += 1;
        figures.stale += u64::from(is_stale);
        figures.resent += u64::from(*attempts == 2);
        if is_stale && *attempts == 1 && self.0.world.refuses(event) {
            *response.status_mut() = StatusCode::CONFLICT;
        }
        response
    }
}

impl<B> Service<Request<B>> for Upstream
where
    B: Body<Data = Bytes, Error: std::fmt::Debug> + Send + 'static,
{
    type Response = Response<Full<Bytes>>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move { Ok(this.handle(request).await) })
    }
}

fn proxy(upstream: &Upstream, max_age: Time) -> RepairLayer<Cached<Upstream>> {
    let settings = Settings {
        max_age: time(max_age),
        // With as many slots as there can be, no two conversations here have the same.
        capacity: 1 << 17,
        partition_key: PartitionKey::from_secret("one for all"),
        ..Settings::default()
    };
    let limits = FetchLimits::default();
    let directory = Cached::new(Store::new(&settings), "api", upstream.clone(), limits);
    RepairLayer::new(Arc::new(Rules::strict()), directory, Options::default(), ())
}

fn patch(event: &Event, token: usize, body: String) -> Request<Full<Bytes>> {
    let conversation = event.conversation;
    Request::builder()
        .method(Method::PATCH)
        .uri(format!(
            "/api/v2/conversations/{conversation}/participants/p"
        ))
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .body(body.into())
        .unwrap()
}

async fn really(world: &World, setup: &Setup, events: &[Event]) -> Figures {
    let upstream = Upstream::new(world);
    let replicas: Vec<_> = (0..setup.replicas)
        .map(|_| proxy(&upstream, setup.max_age))
        .collect();
    let start = Instant::now();
    let mut tasks = Vec::new();
    for (index, event) in events.iter().enumerate() {
        let request = match event.what {
            What::Elsewhere => None,
            What::Write { token } => {
                let body = r#"{"state":"disconnected","routing":{"queue":{"id":"q"}}}"#;
                Some(patch(event, token, body.to_owned()))
            }
            What::Update { token } => {
                upstream.0.figures.lock().unwrap().updates += 1;
                let body = format!(r#"{{"attributes":{{"event":"{index}"}}}}"#);
                Some(patch(event, token, body))
            }
        };
        let replica = replicas[setup.replica(world.seed, index, event)].clone();
        let (upstream, event) = (upstream.clone(), *event);
        tasks.push(tokio::spawn(async move {
            sleep_until(start + time(event.at)).await;
            match request {
                None => upstream.change(event.conversation),
                Some(request) => {
                    let answer = replica.layer(upstream).oneshot(request).await.unwrap();
                    answer.into_body().collect().await.unwrap();
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    upstream.0.figures.lock().unwrap().clone()
}

/// What the upstream cannot see is not compared.
fn seen(figures: Figures) -> Figures {
    Figures {
        untold: 0,
        ..figures
    }
}

#[tokio::test(start_paused = true)]
async fn the_model_counts_what_the_real_directory_does() {
    for (seed, replicas, balancer) in [
        (1, 1, Balancer::Random),
        (2, 2, Balancer::Random),
        (3, 3, Balancer::Token),
        (4, 3, Balancer::Conversation),
    ] {
        for max_age in [3 * GRAIN, 25 * GRAIN, 100 * GRAIN, 60 * SECOND] {
            let setup = Setup {
                replicas,
                balancer,
                partition: Partition::Token,
                redis: Redis::Off,
                max_age,
            };
            let world = world(seed);
            let events = apart(&world);
            let expected = run(&world, &setup, &events);
            assert!(expected.resent > 0 && expected.stale > expected.resent);
            let found = really(&world, &setup, &events).await;
            assert_eq!(found, seen(expected), "{setup:?}");
        }
    }
}
