use std::convert::Infallible;
use std::sync::Mutex;
use std::task::Waker;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http_body_util::Empty;
use proptest::prelude::*;
use tokio::time::Instant;
use tower::Service as _;

use super::*;
use crate::directory::cached::Settings;
use crate::layer::record::NoAnswer;
use crate::metrics::Metrics;

/// An upstream that answers at once what it is told to, and notes when it was asked.
#[derive(Clone, Default)]
struct Api(Arc<Mutex<Shown>>);

#[derive(Default)]
struct Shown {
    status: StatusCode,
    lines: Vec<(&'static str, u64)>,
    made_here: bool,
    /// It takes an hour for each answer.
    late: bool,
    asked: Vec<Instant>,
}

impl Api {
    fn says(&self, status: u16, lines: &[(&'static str, u64)]) {
        let mut shown = self.0.lock().unwrap();
        shown.status = StatusCode::from_u16(status).unwrap();
        shown.lines = lines.to_vec();
    }

    fn asked(&self) -> Vec<Instant> {
        self.0.lock().unwrap().asked.clone()
    }

    fn is_late(&self) -> bool {
        self.0.lock().unwrap().late
    }

    fn answer(&self) -> Response<Empty<Bytes>> {
        let mut shown = self.0.lock().unwrap();
        shown.asked.push(Instant::now());
        let mut response = Response::new(Empty::new());
        *response.status_mut() = shown.status;
        for (name, value) in &shown.lines {
            response.headers_mut().insert(*name, (*value).into());
        }
        if shown.made_here {
            response.extensions_mut().insert(NoAnswer);
        }
        response
    }
}

struct Scene {
    api: Api,
    store: Arc<Store>,
    metrics: Metrics,
}

impl Scene {
    fn new() -> Self {
        Self {
            api: Api::default(),
            store: Store::new(&Settings::default()),
            metrics: Metrics::new(),
        }
    }

    /// Sends a request of `token` which may be held for `shape`.
    fn send(
        &self,
        token: &str,
        shape: Duration,
    ) -> impl Future<Output = Response<Empty<Bytes>>> + use<> {
        self.send_within(token, self.patience(shape))
    }

    /// What a request that arrives now is given.
    fn patience(&self, shape: Duration) -> Option<Patience> {
        Shape::new(shape, Arc::clone(&self.store))?.patience()
    }

    fn send_within(
        &self,
        token: &str,
        patience: Option<Patience>,
    ) -> impl Future<Output = Response<Empty<Bytes>>> + use<> {
        let api = self.api.clone();
        let inner = tower::service_fn(move |_: Request<()>| {
            let api = api.clone();
            async move {
                let answer = api.answer();
                if api.is_late() {
                    tokio::time::sleep(seconds(60 * 60)).await;
                }
                Ok::<_, Infallible>(answer)
            }
        });
        let shaped = self.metrics.shaped("api");
        let mut rated = Rated::new(inner, Arc::clone(&self.store), "api", shaped);
        let mut request = Request::new(());
        let credential = token.parse().unwrap();
        request.headers_mut().insert("authorization", credential);
        if let Some(patience) = patience {
            request.extensions_mut().insert(patience);
        }
        let answer = rated.call(request);
        async move { answer.await.unwrap() }
    }

    fn parked(&self, token: &str) -> Option<Duration> {
        let payer = self.store.payer("api", &token.parse().unwrap());
        self.store.rates().account(payer)?.wait()
    }

    fn shaped(&self) -> usize {
        let text = self.metrics.render();
        let line = text
            .lines()
            .find(|line| line.starts_with("patchwright_rate_shaped_total"));
        line.unwrap().rsplit(' ').next().unwrap().parse().unwrap()
    }
}

const SPENT: [(&str, u64); 3] = [
    ("inin-ratelimit-count", 60),
    ("inin-ratelimit-allowed", 60),
    ("inin-ratelimit-reset", 20),
];

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn patience_is_given_where_rates_are_known_and_requests_may_be_held() {
    let scene = Scene::new();
    let shape = seconds(20);
    assert_eq!(scene.patience(shape), None);
    scene.api.says(200, &SPENT);
    scene.send("Bearer a", shape).await;
    assert_eq!(scene.patience(shape), Some(Patience::new(shape)));
    assert_eq!(scene.patience(Duration::ZERO), None);
}

#[tokio::test(start_paused = true)]
async fn a_429_passes_unchanged_and_parks_its_credential_alone() {
    let scene = Scene::new();
    scene.api.says(429, &[("retry-after", 59), ("x-other", 7)]);
    let answer = scene.send("a", Duration::ZERO).await;
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["retry-after"], "59");
    assert_eq!(answer.headers()["x-other"], "7");
    assert_eq!(answer.headers().len(), 2);
    assert_eq!(scene.parked("a"), Some(seconds(59)));
    assert_eq!(scene.parked("b"), None);
    // Whoever doesn't want to wait is sent into the next one, at once.
    scene.send("a", Duration::ZERO).await;
    assert_eq!(scene.api.asked().len(), 2);
    assert_eq!(scene.shaped(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_made_here_says_nothing_of_the_upstreams_rates() {
    let scene = Scene::new();
    scene.api.says(429, &[("retry-after", 59)]);
    scene.api.0.lock().unwrap().made_here = true;
    scene.send("a", Duration::ZERO).await;
    assert_eq!(scene.parked("a"), None);
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_credential_has_nothing_left_waits_for_the_next_window() {
    let scene = Scene::new();
    scene.api.says(200, &SPENT);
    let start = Instant::now();
    scene.send("a", seconds(20)).await;
    scene.api.says(200, &[]);
    scene.send("b", seconds(20)).await;
    scene.send("a", seconds(20)).await;
    assert_eq!(scene.api.asked(), [start, start, start + seconds(20)]);
    assert_eq!(scene.shaped(), 1);
    let text = scene.metrics.render();
    let line = "patchwright_rate_shaped_seconds_bucket{le=\"20\"} 1";
    assert!(text.contains(line), "{text}");
    assert!(text.contains("patchwright_rate_shaped_seconds_bucket{le=\"10\"} 0"));
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_what_is_allowed_is_none_at_all() {
    let scene = Scene::new();
    scene.api.says(200, &SPENT);
    let start = Instant::now();
    scene.send("a", seconds(20)).await;
    scene.send("a", Duration::from_millis(19_999)).await;
    assert_eq!(scene.api.asked(), [start, start]);
    assert_eq!(scene.shaped(), 0);
}

#[tokio::test(start_paused = true)]
async fn one_that_waits_is_told_of_a_longer_wait_and_of_no_more_than_it_has() {
    for (retry_after, sent_after) in [(10, 15), (40, 10)] {
        let scene = Scene::new();
        scene.api.says(429, &[("retry-after", 10)]);
        let start = Instant::now();
        scene.send("a", Duration::ZERO).await;
        let held = scene.send("a", seconds(20));
        tokio::time::advance(seconds(5)).await;
        scene.api.says(429, &[("retry-after", retry_after)]);
        scene.send("a", Duration::ZERO).await;
        held.await;
        let sent = *scene.api.asked().last().unwrap();
        assert_eq!(sent - start, seconds(sent_after));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_twice_is_not_held_twice_as_long() {
    let scene = Scene::new();
    scene.api.says(429, &[("retry-after", 15)]);
    let (start, patience) = (Instant::now(), Some(Patience::new(seconds(20))));
    scene.send("a", Duration::ZERO).await;
    // Both times it would be for less than 20 seconds.
    scene.send_within("a", patience).await;
    scene.send_within("a", patience).await;
    let held = start + seconds(15);
    assert_eq!(scene.api.asked(), [start, held, held]);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_hangs_up_while_it_is_held_leaves_nothing_behind() {
    let scene = Scene::new();
    scene.api.says(429, &[("retry-after", 10)]);
    scene.send("a", Duration::ZERO).await;
    let mut held = Box::pin(scene.send("a", seconds(20)));
    assert!(
        held.as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    drop(held);
    tokio::time::advance(seconds(30)).await;
    assert_eq!(scene.api.asked().len(), 1);
    let text = scene.metrics.render();
    assert!(
        text.contains("patchwright_rate_shaped_seconds_count 1"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn of_many_only_those_go_at_once_that_have_room() {
    let scene = Scene::new();
    let said = [
        ("inin-ratelimit-count", 57),
        ("inin-ratelimit-allowed", 60),
        ("inin-ratelimit-reset", 20),
    ];
    scene.api.says(200, &said);
    let start = Instant::now();
    scene.send("a", seconds(30)).await;
    scene.api.says(200, &[]);
    // All of them are called before the first is polled: none is answered.
    let many: Vec<_> = (0..5).map(|_| scene.send("a", seconds(30))).collect();
    for one in many {
        one.await;
    }
    let asked = scene.api.asked();
    let at_once = asked.iter().filter(|asked| **asked == start).count();
    assert_eq!((asked.len(), at_once), (6, 1 + 3));
}

#[tokio::test(start_paused = true)]
async fn of_those_that_waited_only_as_many_go_as_the_next_window_allows() {
    let scene = Scene::new();
    let said = [
        ("inin-ratelimit-count", 2),
        ("inin-ratelimit-allowed", 2),
        ("inin-ratelimit-reset", 20),
    ];
    scene.api.says(200, &said);
    let start = Instant::now();
    scene.send("a", Duration::ZERO).await;
    scene.api.says(200, &[]);
    scene.api.0.lock().unwrap().late = true;
    let mut many: tokio::task::JoinSet<_> = (0..5).map(|_| scene.send("a", seconds(100))).collect();
    tokio::time::sleep(seconds(21)).await;
    let asked = scene.api.asked();
    assert_eq!(asked, [start, start + seconds(20), start + seconds(20)]);
    many.abort_all();
    while many.join_next().await.is_some() {}
}

#[tokio::test(start_paused = true)]
async fn without_a_credential_nothing_is_heard_and_nobody_waits() {
    let scene = Scene::new();
    scene.api.says(429, &[("retry-after", 10)]);
    scene.send("", seconds(20)).await;
    scene.send("", seconds(20)).await;
    assert_eq!(scene.parked(""), None);
    assert_eq!(scene.api.asked().len(), 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever answers say, and however many wait.
    #[test]
    fn nothing_is_held_longer_than_it_may_be(
        shape in 0_u64..40_000,
        rounds in prop::collection::vec(
            (prop::option::of(0_u64..60), 0_u64..4, 0_u64..60, 1_usize..4, 0_u64..20_000), 1..8,
        ),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let scene = Scene::new();
            let shape = Duration::from_millis(shape);
            let mut all = tokio::task::JoinSet::new();
            for (retry, count, reset, requests, pause) in rounds {
                let mut lines = vec![
                    ("inin-ratelimit-count", count),
                    ("inin-ratelimit-allowed", 3),
                    ("inin-ratelimit-reset", reset),
                ];
                lines.extend(retry.map(|seconds| ("retry-after", seconds)));
                scene.api.says(if retry.is_some() { 429 } else { 200 }, &lines);
                for _ in 0..requests {
                    let (answer, called) = (scene.send("a", shape), Instant::now());
                    all.spawn(async move {
                        answer.await;
                        called.elapsed()
                    });
                }
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
            while let Some(held) = all.join_next().await {
                // tokio's timers end within a millisecond.
                assert!(held.unwrap() <= shape + Duration::from_millis(1));
            }
        });
    }
}
