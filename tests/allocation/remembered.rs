//! What a conversation takes that is remembered, with all that the cache needs for it.

use std::sync::Arc;
use std::time::Duration;

use allocation_counter::measure;
use bytes::Bytes;
use http::{HeaderValue, Uri};
use http_body_util::Full;
use patchwright::directory::cached::{Cached, Settings, Store};
use patchwright::directory::fetch::FetchLimits;
use patchwright::directory::{Ask, Directory as _};
use patchwright::layer::record::Origin;
use patchwright::rule::Rules;

use crate::answers::Answers;

/// As a queue has them: somebody who called, the queue, and an agent.
const THREE: &str = r#"{"participants":[
    {"id":"b1000000-0000-4000-8000-000000000001","purpose":"customer","calls":[{"state":"connected"}]},
    {"id":"b2000000-0000-4000-8000-000000000001","purpose":"acd","queueId":"9e0e0000-0000-4000-8000-000000000001","calls":[{"state":"terminated"}]},
    {"id":"b3000000-0000-4000-8000-000000000001","purpose":"agent","queueId":"9e0e0000-0000-4000-8000-000000000001","calls":[{"state":"connected"}]}
]}"#;

const CONVERSATIONS: usize = 16_000;

/// Bytes that one may take: 75 for what is known of it, and the rest for the cache.
const MOST: u64 = 350;

#[test]
fn a_conversation_of_three_takes_less_than_four_hundred_bytes() {
    let settings = Settings {
        max_age: Duration::from_secs(3600),
        capacity: 1_000_000,
        max_bytes: 1 << 30,
        ..Settings::default()
    };
    let directory = Cached::new(
        Store::new(&settings),
        "api",
        Answers(Full::<Bytes>::from(THREE)),
        FetchLimits::default(),
    );
    let rules = Rules::strict();
    let ask = |number: usize| {
        let path = format!("/api/v2/conversations/c0000000-0000-4000-8000-{number:012}");
        let (source, conversation) = rules.source_at(&path).unwrap();
        Ask {
            source: Arc::clone(source),
            address: path.parse::<Uri>().unwrap().into(),
            conversation,
            credential: HeaderValue::from_static("Bearer a"),
            newer_than: None,
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(directory.read(&ask(0))).unwrap();
    let cost = measure(|| {
        for number in 1..=CONVERSATIONS {
            let reading = runtime.block_on(directory.read(&ask(number))).unwrap();
            assert_eq!(reading.origin, Origin::Miss);
        }
    });
    let each = u64::try_from(cost.bytes_current).unwrap() / CONVERSATIONS as u64;
    assert!((100..=MOST).contains(&each), "{each}");
    let count = cost.count_current / i64::try_from(CONVERSATIONS).unwrap();
    assert!(count <= 8, "{count}");
    let reading = runtime.block_on(directory.read(&ask(7))).unwrap();
    assert_eq!(reading.origin, Origin::Hit);
}
