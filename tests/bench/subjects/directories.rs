//! Directories that know so much.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Uri};
use http_body_util::Full;
use patchwright::directory::cached::{Cached, PartitionKey, Settings, Store};
use patchwright::directory::fetch::FetchLimits;
use patchwright::directory::{Ask, Directory as _, Reading};
use patchwright::rule::Rules;

use super::answers::Answers;
use super::rules::source;

/// One whose lookups all have the same answer.
pub(crate) type Directory = Cached<Answers<Full<Bytes>>>;

/// The smallest conversation that is one, for where a million of them are wanted.
pub(crate) const SMALLEST: &[u8] = br#"{"participants":[{"id":"p","state":"connected"}]}"#;

/// One that has room for everything, for long enough, and the same key each time.
pub(crate) fn empty(answer: Bytes) -> Directory {
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
        Answers(Full::new(answer)),
        FetchLimits::default(),
    )
}

/// Asks for conversations, as one credential or as several in turn.
pub(crate) fn asks(rules: &Rules, count: usize, credentials: usize) -> Vec<Ask> {
    let each = (0..count).map(|number| {
        let (source, conversation) = source(rules, number);
        Ask {
            address: format!("/api/v2/conversations/c0000000-0000-4000-8000-{number:012}")
                .parse::<Uri>()
                .unwrap()
                .into(),
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
pub(crate) fn knowing(asks: &[Ask], answer: &'static [u8]) -> Directory {
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
pub(crate) fn hit(directory: &Directory, ask: &Ask) -> Reading {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(directory.read(ask)).poll(&mut context) {
        Poll::Ready(reading) => reading.unwrap(),
        Poll::Pending => panic!("it was not known"),
    }
}
