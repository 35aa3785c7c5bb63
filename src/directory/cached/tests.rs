use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::{Empty, Full};
use tokio::sync::Semaphore;
use tower::ServiceExt as _;

use super::*;
use crate::rule::Source;
use crate::rule::spec::SourceSpec;

/// An upstream whose answers wait for the test.
#[derive(Clone)]
struct Upstream(Arc<State>);

struct State {
    lookups: AtomicUsize,
    gate: Semaphore,
    answer: Mutex<(StatusCode, Option<u64>, String)>,
    log: Mutex<Vec<String>>,
}

impl Upstream {
    fn new(state: &str) -> Self {
        let this = Self(Arc::new(State {
            lookups: AtomicUsize::new(0),
            gate: Semaphore::new(0),
            answer: Mutex::new((StatusCode::OK, None, String::new())),
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
        self.0.lookups.fetch_add(1, Ordering::SeqCst);
        self.0.gate.acquire().await.unwrap().forget();
        let mut response = Response::new(Full::from(body));
        *response.status_mut() = status;
        if let Some(seconds) = retry_after {
            response.headers_mut().insert("retry-after", seconds.into());
        }
        Ok(response)
    }
}

fn directory(upstream: &Upstream, settings: &Settings) -> impl Directory + use<> {
    named("api", upstream, &Store::new(settings))
}

fn named(name: &str, upstream: &Upstream, store: &Arc<Store>) -> impl Directory + use<> {
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
        uri: Uri::from_static("/c/1"),
        conversation: ConversationId(1),
        credential: HeaderValue::from_static(credential),
        newer_than: None,
    }
}

fn state(reading: &Reading) -> &str {
    reading
        .snapshot
        .conversation
        .participant("p")
        .unwrap()
        .value(0)
        .unwrap()
}

async fn read(directory: &impl Directory, ask: &Ask) -> (String, Origin) {
    let reading = directory.read(ask).await.unwrap();
    (state(&reading).to_owned(), reading.origin)
}

fn spawn_read<D: Directory>(
    directory: &D,
    ask: &Ask,
) -> tokio::task::JoinHandle<Result<Reading, LookupError>> {
    let (directory, ask) = (directory.clone(), ask.clone());
    tokio::spawn(async move { directory.read(&ask).await })
}

#[tokio::test]
async fn readers_at_once_share_one_lookup_per_credential() {
    let upstream = Upstream::new("connected");
    upstream.close();
    let directory = directory(&upstream, &minute());
    let (a, b) = (ask("Bearer a"), ask("Bearer b"));
    let readers: Vec<_> = (0..256)
        .map(|n| spawn_read(&directory, if n % 2 == 0 { &a } else { &b }))
        .collect();
    upstream.arrived(2).await;
    upstream.open();
    let mut origins = Vec::new();
    for reader in readers {
        origins.push(reader.await.unwrap().unwrap().origin);
    }
    assert_eq!(upstream.lookups(), 2);
    assert_eq!(
        origins
            .iter()
            .filter(|&&origin| origin == Origin::Miss)
            .count(),
        2
    );
    assert!(!origins.contains(&Origin::Refetched));
    assert_eq!(read(&directory, &a).await.1, Origin::Hit);
    assert_eq!(upstream.lookups(), 2);
}

#[tokio::test]
async fn upstreams_do_not_share_what_they_say() {
    let (one, two) = (Upstream::new("connected"), Upstream::new("alerting"));
    let store = Store::new(&minute());
    let (first, second) = (named("one", &one, &store), named("two", &two, &store));
    assert_eq!(read(&first, &ask("Bearer a")).await.0, "connected");
    assert_eq!(read(&second, &ask("Bearer a")).await.0, "alerting");
}

#[tokio::test]
async fn a_reader_that_hangs_up_takes_nobody_down() {
    let upstream = Upstream::new("connected");
    upstream.close();
    let directory = directory(&upstream, &minute());
    let ask = ask("Bearer a");
    let first = spawn_read(&directory, &ask);
    upstream.arrived(1).await;
    let second = spawn_read(&directory, &ask);
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    upstream.open();
    assert_eq!(second.await.unwrap().unwrap().origin, Origin::Shared);
    assert_eq!(upstream.lookups(), 1);
}

#[tokio::test]
async fn an_answer_that_a_write_overtook_is_not_used() {
    let upstream = Upstream::new("alerting");
    upstream.close();
    let directory = directory(&upstream, &minute());
    let ask = ask("Bearer a");
    let reader = spawn_read(&directory, &ask);
    upstream.arrived(1).await;
    directory.wrote(ask.conversation);
    upstream.says("connected");
    directory.wrote(ask.conversation);
    upstream.let_through(1);
    upstream.arrived(2).await;
    upstream.open();
    assert_eq!(state(&reader.await.unwrap().unwrap()), "connected");
    assert_eq!(
        read(&directory, &ask).await,
        ("connected".into(), Origin::Hit)
    );
}

#[tokio::test]
async fn an_older_answer_does_not_displace_a_newer_one() {
    let upstream = Upstream::new("alerting");
    upstream.close();
    let directory = directory(&upstream, &minute());
    let ask = ask("Bearer a");
    // Two lookups in the air; the older lands last.
    let older = spawn_read(&directory, &ask);
    upstream.arrived(1).await;
    let lesson = directory.learn(ask.clone()).unwrap();
    lesson(br#"{"participants":[{"id":"p","state":"connected"}]}"#);
    upstream.open();
    older.await.unwrap().unwrap();
    assert_eq!(
        read(&directory, &ask).await,
        ("connected".into(), Origin::Hit)
    );
}

#[tokio::test]
async fn a_write_on_another_conversation_costs_nothing() {
    let upstream = Upstream::new("connected");
    let directory = directory(&upstream, &minute());
    let ask = ask("Bearer a");
    read(&directory, &ask).await;
    directory.wrote(ConversationId(2));
    assert_eq!(read(&directory, &ask).await.1, Origin::Hit);
    directory.wrote(ConversationId(1));
    assert_eq!(read(&directory, &ask).await.1, Origin::Miss);
}

#[tokio::test(start_paused = true)]
async fn what_is_older_than_max_age_does_not_fill() {
    let upstream = Upstream::new("connected");
    let directory = directory(&upstream, &minute());
    let ask = ask("Bearer a");
    read(&directory, &ask).await;
    tokio::time::advance(Duration::from_secs(60)).await;
    let reading = directory.read(&ask).await.unwrap();
    assert_eq!(
        (reading.origin, reading.age()),
        (Origin::Hit, Duration::from_secs(60))
    );
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(read(&directory, &ask).await.1, Origin::Miss);
}

#[tokio::test]
async fn a_reader_may_insist_on_news() {
    let upstream = Upstream::new("alerting");
    let directory = directory(&upstream, &minute());
    let mut ask = ask("Bearer a");
    read(&directory, &ask).await;
    upstream.says("connected");
    ask.newer_than = Some(directory.now());
    assert_eq!(
        read(&directory, &ask).await,
        ("connected".into(), Origin::Miss)
    );
    // Whoever insists on the same moment shares the news.
    assert_eq!(
        read(&directory, &ask).await,
        ("connected".into(), Origin::Hit)
    );
}

#[tokio::test(start_paused = true)]
async fn a_throttled_credential_waits_and_others_do_not() {
    let upstream = Upstream::new("connected");
    let directory = directory(&upstream, &minute());
    upstream.answers(StatusCode::TOO_MANY_REQUESTS, Some(59), "{}");
    let wait = |seconds| Err(LookupError::Throttled(Duration::from_secs(seconds)));
    let failed = |reading: Result<Reading, LookupError>| reading.map(|_| ());
    assert_eq!(failed(directory.read(&ask("Bearer a")).await), wait(59));
    upstream.says("connected");
    tokio::time::advance(Duration::from_secs(9)).await;
    assert_eq!(failed(directory.read(&ask("Bearer a")).await), wait(50));
    assert_eq!(upstream.lookups(), 1);
    assert_eq!(read(&directory, &ask("Bearer b")).await.1, Origin::Miss);
    tokio::time::advance(Duration::from_secs(50)).await;
    assert_eq!(read(&directory, &ask("Bearer a")).await.1, Origin::Miss);
    upstream.answers(StatusCode::TOO_MANY_REQUESTS, None, "{}");
    assert_eq!(failed(directory.read(&ask("Bearer c")).await), wait(1));
}

#[tokio::test]
async fn a_refused_credential_loses_what_it_had() {
    for status in [
        StatusCode::UNAUTHORIZED,
        StatusCode::FORBIDDEN,
        StatusCode::NOT_FOUND,
    ] {
        let upstream = Upstream::new("connected");
        let directory = directory(&upstream, &minute());
        let ask = ask("Bearer a");
        read(&directory, &ask).await;
        upstream.answers(status, None, "{}");
        let fresh = Ask {
            newer_than: Some(directory.now()),
            ..ask.clone()
        };
        let error = if status == StatusCode::NOT_FOUND {
            LookupError::Unknown
        } else {
            LookupError::Denied
        };
        assert_eq!(directory.read(&fresh).await.unwrap_err(), error);
        assert_eq!(directory.read(&ask).await.unwrap_err(), error);
    }
}

#[tokio::test]
async fn failures_reach_all_who_wait_and_are_not_kept() {
    let upstream = Upstream::new("connected");
    upstream.answers(StatusCode::SERVICE_UNAVAILABLE, Some(7), "");
    upstream.close();
    let directory = directory(&upstream, &minute());
    let ask = ask("Bearer a");
    let readers: Vec<_> = (0..8).map(|_| spawn_read(&directory, &ask)).collect();
    upstream.arrived(1).await;
    tokio::task::yield_now().await;
    upstream.open();
    for reader in readers {
        let error = LookupError::Status(503, Some(Duration::from_secs(7)));
        assert_eq!(reader.await.unwrap().unwrap_err(), error);
    }
    assert_eq!(upstream.lookups(), 1);
    upstream.says("connected");
    assert_eq!(read(&directory, &ask).await.1, Origin::Miss);
}

#[tokio::test]
async fn only_a_conversation_answered_200_counts() {
    let upstream = Upstream::new("connected");
    let directory = directory(&upstream, &minute());
    let large = format!(
        r#"{{"participants":[{{"id":"p","x":"{}"}}]}}"#,
        "x".repeat(8 << 20)
    );
    for (status, body, error) in [
        (StatusCode::OK, "<html>", LookupError::NoConversation),
        (StatusCode::OK, large.as_str(), LookupError::NoConversation),
        (
            StatusCode::ACCEPTED,
            r#"{"participants":[{"id":"p"}]}"#,
            LookupError::Status(202, None),
        ),
        (StatusCode::FOUND, "", LookupError::Status(302, None)),
    ] {
        upstream.answers(status, None, body);
        assert_eq!(directory.read(&ask("Bearer a")).await.unwrap_err(), error);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lookup_ends_in_time() {
    let upstream = Upstream::new("connected");
    upstream.close();
    let directory = directory(&upstream, &minute());
    assert_eq!(
        directory.read(&ask("Bearer a")).await.unwrap_err(),
        LookupError::Timeout
    );
}

#[tokio::test(start_paused = true)]
async fn lookups_wait_for_a_place_within_their_time() {
    let upstream = Upstream::new("connected");
    upstream.close();
    let directory = directory(
        &upstream,
        &Settings {
            lookups: 1,
            ..minute()
        },
    );
    let first = spawn_read(&directory, &ask("Bearer a"));
    upstream.arrived(1).await;
    let second = spawn_read(&directory, &ask("Bearer b"));
    // Paused time moves on once everything waits: here to just before both deadlines.
    tokio::time::sleep(Duration::from_millis(2900)).await;
    assert_eq!(upstream.lookups(), 1);
    upstream.open();
    assert!(first.await.unwrap().is_ok());
    assert!(second.await.unwrap().is_ok());
}

#[tokio::test]
async fn a_passing_get_teaches_its_own_credential() {
    let upstream = Upstream::new("connected");
    let directory = directory(&upstream, &minute());
    let lesson = directory.learn(ask("Bearer a")).unwrap();
    lesson(br#"{"participants":[{"id":"p","state":"held"}]}"#);
    assert_eq!(
        read(&directory, &ask("Bearer a")).await,
        ("held".into(), Origin::Hit)
    );
    assert_eq!(
        read(&directory, &ask("Bearer b")).await,
        ("connected".into(), Origin::Miss)
    );
}

#[tokio::test]
async fn a_lesson_that_a_write_overtook_is_not_used() {
    let upstream = Upstream::new("connected");
    let directory = directory(&upstream, &minute());
    let lesson = directory.learn(ask("Bearer a")).unwrap();
    directory.wrote(ConversationId(1));
    lesson(br#"{"participants":[{"id":"p","state":"alerting"}]}"#);
    assert_eq!(
        read(&directory, &ask("Bearer a")).await,
        ("connected".into(), Origin::Miss)
    );
}

#[tokio::test]
async fn learning_can_be_switched_off() {
    let upstream = Upstream::new("connected");
    let directory = directory(
        &upstream,
        &Settings {
            learn: false,
            ..minute()
        },
    );
    assert!(directory.learn(ask("Bearer a")).is_none());
}

#[tokio::test]
async fn clearing_forgets_what_is_there_and_what_is_on_its_way() {
    let upstream = Upstream::new("alerting");
    let store = Store::new(&minute());
    let directory = named("api", &upstream, &store);
    let ask = ask("Bearer a");
    read(&directory, &ask).await;
    let lesson = directory.learn(ask.clone()).unwrap();
    store.clear();
    lesson(br#"{"participants":[{"id":"p","state":"alerting"}]}"#);
    upstream.says("connected");
    assert_eq!(
        read(&directory, &ask).await,
        ("connected".into(), Origin::Miss)
    );
}

#[test]
fn entries_and_bytes_are_both_bounded() {
    let fill = |settings: &Settings, participants: usize| {
        let entries = Entries::new(settings);
        let partitions = Partitions::new(&settings.partition_key);
        for n in 0..500 {
            let mut conversation = crate::snapshot::Conversation::builder(1);
            for p in 0..participants {
                conversation.participant(&format!("{p:036}"), [Some("connected")]);
            }
            let snapshot = Snapshot {
                conversation: conversation.build(),
                tick: Tick(1),
                read_at: Instant::now(),
            };
            let address: Uri = format!("/c/{n}").parse().unwrap();
            let key = partitions.key("api", &HeaderValue::from_static("a"), &address);
            entries.insert(key, Arc::new(snapshot));
        }
        entries.usage()
    };
    let (count, _) = fill(
        &Settings {
            capacity: 50,
            ..Settings::default()
        },
        1,
    );
    assert!((1..=50).contains(&count), "{count}");
    let (count, bytes) = fill(
        &Settings {
            max_bytes: 64 << 10,
            ..Settings::default()
        },
        40,
    );
    assert!(
        (1..500).contains(&count) && bytes <= 64 << 10,
        "{count} in {bytes}"
    );
}

/// The law that everything else serves: whoever starts to read after a write was answered sees that
/// write or a later one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_read_after_a_write_is_older_than_the_write() {
    let upstream = Upstream::new("0");
    let directory = directory(&upstream, &minute());
    let written = Arc::new(AtomicUsize::new(0));
    let ask = ask("Bearer a");
    let readers: Vec<_> = (0..20)
        .map(|_| {
            let (directory, ask, written) = (directory.clone(), ask.clone(), Arc::clone(&written));
            tokio::spawn(async move {
                for _ in 0..200 {
                    let before = written.load(Ordering::SeqCst);
                    let reading = directory.read(&ask).await.unwrap();
                    let seen: usize = state(&reading).parse().unwrap();
                    assert!(seen >= before, "read {seen} after {before} was written");
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for n in 1..=200 {
        directory.wrote(ask.conversation);
        upstream.says(&n.to_string());
        directory.wrote(ask.conversation);
        written.store(n, Ordering::SeqCst);
        tokio::task::yield_now().await;
    }
    for reader in readers {
        reader.await.unwrap();
    }
}
