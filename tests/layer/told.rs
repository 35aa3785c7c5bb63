//! A directory that has others to tell, or to ask, before a request goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{Method, Request, Response};
use http_body_util::Full;
use patchwright::RepairLayer;
use patchwright::directory::{Ask, Directory, Learning, LookupError, Reading, Tick, Told};
use patchwright::layer::options::Options;
use patchwright::rule::{ConversationId, Rules};
use tokio::sync::Semaphore;
use tower::{Layer as _, ServiceExt as _};

use crate::fake::{C, Fake, P, request};

/// Knows nothing, and is slow to tell others.
#[derive(Clone, Default)]
struct Slow(Arc<State>);

struct State {
    wrote: AtomicUsize,
    taught: AtomicUsize,
    others: Semaphore,
}

impl Default for State {
    fn default() -> Self {
        Self {
            wrote: AtomicUsize::new(0),
            taught: AtomicUsize::new(0),
            others: Semaphore::new(0),
        }
    }
}

impl Slow {
    fn wrote(&self) -> usize {
        self.0.wrote.load(Ordering::SeqCst)
    }
}

impl Directory for Slow {
    fn now(&self) -> Tick {
        Tick::default()
    }

    async fn read(&self, _: &Ask) -> Result<Reading, LookupError> {
        Err(LookupError::Unknown)
    }

    fn wrote(&self, _: ConversationId) -> Option<Told> {
        self.0.wrote.fetch_add(1, Ordering::SeqCst);
        let state = Arc::clone(&self.0);
        Some(Box::pin(async move {
            state.others.acquire().await.unwrap().forget();
        }))
    }

    fn learn(&self, _: Ask) -> Option<Learning> {
        let state = Arc::clone(&self.0);
        Some(Learning::Later(Box::pin(async move {
            state.others.acquire().await.unwrap().forget();
            let lesson = move |_: patchwright::directory::Passing<'_>| {
                state.taught.fetch_add(1, Ordering::SeqCst);
            };
            Box::new(lesson) as patchwright::directory::Lesson
        })))
    }
}

/// Sends a request, and lets everything happen that does not wait for others.
async fn begin(
    fake: &Fake,
    directory: &Slow,
    request: Request<Full<bytes::Bytes>>,
) -> tokio::task::JoinHandle<u16> {
    let rules = Arc::new(Rules::strict());
    let layer = RepairLayer::new(rules, directory.clone(), Options::default(), ());
    let service = layer.layer(fake.clone());
    let sent = tokio::spawn(async move {
        let answer: Response<_> = service.oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        http_body_util::BodyExt::collect(answer.into_body())
            .await
            .unwrap();
        status
    });
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    sent
}

#[tokio::test]
async fn a_change_is_answered_when_others_know_of_it() {
    for (method, path, body) in [
        // No rule matches; a rule does; and it is not understood.
        (Method::POST, format!("{C}/disconnect"), ""),
        (
            Method::PATCH,
            P.to_owned(),
            r#"{"state":"x","routing":{"queue":{"id":"q"}}}"#,
        ),
        (Method::PATCH, P.to_owned(), "not json"),
    ] {
        let (fake, directory) = (Fake::new("connected"), Slow::default());
        let sent = begin(&fake, &directory, request(method.clone(), &path, body)).await;
        // It went on without waiting, was answered, and that is told.
        assert_eq!(
            (fake.writes().len(), directory.wrote()),
            (1, 2),
            "{method} {path}"
        );
        assert!(!sent.is_finished(), "{method} {path}");
        directory.0.others.add_permits(1);
        assert_eq!(sent.await.unwrap(), 202);
        assert_eq!(directory.wrote(), 2, "once before it and once after");
    }
}

#[tokio::test]
async fn what_changes_nothing_waits_for_nobody() {
    let (fake, directory) = (Fake::new("connected"), Slow::default());
    for (method, path) in [
        (Method::GET, format!("{C}/x")),
        (Method::PATCH, format!("{P}/attributes")),
    ] {
        let sent = begin(&fake, &directory, request(method, &path, "{}")).await;
        assert!(sent.is_finished());
        assert_eq!(directory.wrote(), 0);
    }
}

#[tokio::test]
async fn a_change_that_is_given_up_is_told_too() {
    let (fake, directory) = (Fake::new("connected"), Slow::default());
    fake.writes_hang();
    for (count, (method, path)) in [(Method::POST, C), (Method::PATCH, P)]
        .into_iter()
        .enumerate()
    {
        let body = r#"{"state":"x","routing":{"queue":{"id":"q"}}}"#;
        let sent = begin(&fake, &directory, request(method, path, body)).await;
        sent.abort();
        assert!(sent.await.unwrap_err().is_cancelled());
        assert_eq!(directory.wrote(), 2 * (count + 1));
    }
}

#[tokio::test]
async fn a_passing_get_goes_when_the_directory_can_learn_from_it() {
    let (fake, directory) = (Fake::new("connected"), Slow::default());
    let sent = begin(&fake, &directory, request(Method::GET, C, "")).await;
    assert!(fake.all().is_empty() && !sent.is_finished());
    directory.0.others.add_permits(1);
    assert_eq!(sent.await.unwrap(), 200);
    assert_eq!(fake.all().len(), 1);
    assert_eq!(directory.0.taught.load(Ordering::SeqCst), 1);
}
