//! Directories that know so much.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::{Empty, Full};
use patchwright::directory::cached::{Cached, PartitionKey, Settings, Store};
use patchwright::directory::fetch::FetchLimits;
use patchwright::directory::{Ask, Directory as _, Reading};
use patchwright::rule::Rules;
use tower::Service;

use super::rules::source;

/// An upstream that has one answer to lookups, and has it ready.
#[derive(Clone, Debug)]
pub(crate) struct Lookups(pub(crate) Bytes);

impl Service<Request<Empty<Bytes>>> for Lookups {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Empty<Bytes>>) -> Self::Future {
        ready(Ok(Response::new(Full::new(self.0.clone()))))
    }
}

/// The smallest conversation that is one, for where a million of them are wanted.
pub(crate) const SMALLEST: &[u8] = br#"{"participants":[{"id":"p","state":"connected"}]}"#;

/// One that has room for everything, for long enough, and the same key each time.
pub(crate) fn empty(answer: Bytes) -> Cached<Lookups> {
    let settings = Settings {
        max_age: Duration::from_secs(3600),
        capacity: 4_000_000,
        max_bytes: 8 << 30,
        partition_key: PartitionKey::from_secret("the key of the benchmarks"),
        ..Settings::default()
    };
    Cached::new(
        Store::new(&settings),
        "api",
        Lookups(answer),
        FetchLimits::default(),
    )
}

/// Asks for conversations, as one credential or as several in turn.
pub(crate) fn asks(rules: &Rules, count: usize, credentials: usize) -> Vec<Ask> {
    let each = (0..count).map(|number| {
        let (source, conversation) = source(rules, number);
        Ask {
            uri: format!("/api/v2/conversations/c0000000-0000-4000-8000-{number:012}")
                .parse()
                .unwrap(),
            source,
            conversation,
            credential: HeaderValue::try_from(format!("Bearer {:060}", number % credentials))
                .unwrap(),
            newer_than: None,
        }
    });
    each.collect()
}

/// One that knows what `asks` ask for.
pub(crate) fn knowing(asks: &[Ask], answer: &'static [u8]) -> Cached<Lookups> {
    let directory = empty(Bytes::from_static(answer));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        for ask in asks {
            directory.read(ask).await.unwrap();
        }
    });
    directory
}

/// What a directory knows is there at once.
pub(crate) fn hit(directory: &Cached<Lookups>, ask: &Ask) -> Reading {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(directory.read(ask)).poll(&mut context) {
        Poll::Ready(reading) => reading.unwrap(),
        Poll::Pending => panic!("it was not known"),
    }
}
