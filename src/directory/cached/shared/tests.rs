//! Two replicas, a store in memory that they share, and everything that can go wrong with it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri};
use http_body_util::{Empty, Full};
use tokio::time::{Instant, sleep};
use tower::ServiceExt as _;

use super::Settings;
use crate::directory::cached::{self, Cached, PartitionKey, Store};
use crate::directory::fetch::FetchLimits;
use crate::directory::{Ask, Directory, Learning, LookupError, Reading};
use crate::layer::record::Origin;
use crate::rule::spec::SourceSpec;
use crate::rule::{ConversationId, Source};

mod alone;
mod fake;
mod laws;
mod sharing;

use fake::Fake;

/// How long a store may take.
const TIMEOUT: Duration = Duration::from_millis(50);

/// A replica in front of the fake's upstream.
#[derive(Clone)]
struct Replica {
    store: Arc<Store>,
    fake: Fake,
    number: usize,
}

impl Replica {
    fn new(fake: &Fake, number: usize, settings: Settings) -> Self {
        Self::with(fake, number, settings, Duration::from_secs(2))
    }

    fn with(fake: &Fake, number: usize, settings: Settings, max_age: Duration) -> Self {
        let memory = cached::Settings {
            max_age,
            capacity: 100,
            partition_key: PartitionKey::from_secret("what both replicas have"),
            ..cached::Settings::default()
        };
        Self {
            store: Store::shared(&memory, settings, fake.line(number), ()),
            fake: fake.clone(),
            number,
        }
    }

    /// A directory that looks up at the fake's upstream.
    fn directory(&self) -> impl Directory + use<> {
        let fake = self.fake.clone();
        let transport = tower::service_fn(move |request: Request<Empty<Bytes>>| {
            let fake = fake.clone();
            async move {
                let path = request.uri().path().to_owned();
                let body = fake.upstream(&path).await;
                Ok::<_, Infallible>(Response::new(Full::from(body)))
            }
        });
        let transport =
            transport.map_err(|never: Infallible| -> crate::BoxError { match never {} });
        Cached::new(
            Arc::clone(&self.store),
            "api",
            transport,
            FetchLimits::default(),
        )
    }

    /// The session over which it shares, if it does.
    fn session(&self) -> Option<u64> {
        self.store.link.as_ref().unwrap().session()
    }

    /// Waits until it shares.
    async fn together(&self) {
        let patience = Instant::now() + Duration::from_secs(60);
        while self.session().is_none() {
            assert!(
                Instant::now() < patience,
                "replica {} is alone",
                self.number
            );
            sleep(Duration::from_millis(1)).await;
        }
    }

    async fn ask(&self, ask: &Ask) -> Result<Reading, LookupError> {
        self.directory().read(ask).await
    }

    /// The version of conversation `c` that it would fill, and how it came about.
    async fn read(&self, c: u64) -> (u64, Origin) {
        let reading = self.ask(&ask(c)).await.unwrap();
        (version(&reading), reading.origin)
    }

    /// Changes a conversation, and returns its version when the caller would have the answer.
    async fn write(&self, c: u64) -> u64 {
        let directory = self.directory();
        drop(directory.wrote(ConversationId(c)));
        let version = self.fake.change(c).await;
        if let Some(told) = directory.wrote(ConversationId(c)) {
            let started = Instant::now();
            told.await;
            // A timer is a millisecond late at most.
            assert!(started.elapsed() <= TIMEOUT + Duration::from_millis(1));
        }
        version
    }
}

fn ask(c: u64) -> Ask {
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
        address: format!("/c/{c}").parse::<Uri>().unwrap().into(),
        conversation: ConversationId(c),
        credential: HeaderValue::from_static("Bearer a"),
        newer_than: None,
    }
}

fn version(reading: &Reading) -> u64 {
    let conversation = &reading.snapshot.conversation;
    let state = conversation.participant("p").unwrap().value(0).unwrap();
    state.parse().unwrap()
}

/// Two replicas that share.
async fn pair(settings: Settings) -> (Fake, Replica, Replica) {
    let fake = Fake::new();
    let [a, b] = [0, 1].map(|number| Replica::new(&fake, number, settings));
    a.together().await;
    b.together().await;
    (fake, a, b)
}
