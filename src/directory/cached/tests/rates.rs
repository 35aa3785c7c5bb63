//! Lookups and the rate of their credential.

use http::HeaderMap;

use super::*;

/// What an answer says whose credential has so many of sixty left.
pub(super) fn left(left: u64) -> HeaderMap {
    let line = |name: &'static str, value: u64| (name.parse().unwrap(), value.into());
    HeaderMap::from_iter([
        line("inin-ratelimit-count", 60 - left),
        line("inin-ratelimit-allowed", 60),
        line("inin-ratelimit-reset", 40),
    ])
}

/// An upstream that counts, of which nothing was heard yet.
fn counting(left: u64) -> (Upstream, Arc<Store>) {
    let upstream = Upstream::new("connected");
    *upstream.0.left.lock().unwrap() = Some(left);
    (upstream, Store::new(&minute()))
}

/// Looks up the conversation of this number.
async fn look_up(
    directory: &impl Directory,
    credential: &'static str,
    number: u64,
) -> Result<Origin, LookupError> {
    let ask = Ask {
        address: format!("/c/{number}").parse::<Uri>().unwrap().into(),
        conversation: ConversationId(number),
        ..ask(credential)
    };
    directory.read(&ask).await.map(|reading| reading.origin)
}

fn hear(store: &Store, upstream: &str, credential: &'static str, headers: &HeaderMap) {
    let payer = store.payer(upstream, &HeaderValue::from_static(credential));
    store
        .rates
        .heard(|| payer, &"api".into(), StatusCode::OK, headers);
}

#[tokio::test(start_paused = true)]
async fn a_lookup_beyond_the_share_is_not_sent_and_the_window_is_told() {
    let (upstream, store) = counting(7);
    let directory = named("api", &upstream, &store);
    // The first one's answer says that six are left.
    for number in 0..4 {
        assert_eq!(
            look_up(&directory, "Bearer a", number).await,
            Ok(Origin::Miss)
        );
    }
    tokio::time::advance(Duration::from_secs(10)).await;
    let throttled = Err(LookupError::Throttled(Duration::from_secs(30)));
    assert_eq!(look_up(&directory, "Bearer a", 4).await, throttled);
    assert_eq!(look_up(&directory, "Bearer a", 0).await, Ok(Origin::Hit));
    assert_eq!(look_up(&directory, "Bearer b", 4).await, Ok(Origin::Miss));
    assert_eq!(upstream.lookups(), 5);
    // To be refused parks nobody: what is heard next counts.
    hear(&store, "api", "Bearer a", &left(60));
    assert_eq!(look_up(&directory, "Bearer a", 4).await, Ok(Origin::Miss));
}

#[tokio::test(start_paused = true)]
async fn each_upstream_has_a_rate_of_its_own() {
    let (upstream, store) = (Upstream::new("connected"), Store::new(&minute()));
    let (one, other) = (
        named("one", &upstream, &store),
        named("two", &upstream, &store),
    );
    hear(&store, "one", "Bearer a", &left(0));
    let refused = look_up(&one, "Bearer a", 1).await;
    assert!(
        matches!(refused, Err(LookupError::Throttled(_))),
        "{refused:?}"
    );
    assert_eq!(look_up(&other, "Bearer a", 1).await, Ok(Origin::Miss));
}

#[tokio::test(start_paused = true)]
async fn a_lookup_that_many_wait_for_is_one() {
    let (upstream, store) = counting(2);
    let directory = named("api", &upstream, &store);
    hear(&store, "api", "Bearer a", &left(2));
    upstream.close();
    let readers: Vec<_> = (0..8)
        .map(|_| spawn_read(&directory, &ask("Bearer a")))
        .collect();
    upstream.arrived(1).await;
    tokio::task::yield_now().await;
    upstream.open();
    for reader in readers {
        assert!(reader.await.unwrap().is_ok());
    }
    let refused = look_up(&directory, "Bearer a", 2).await;
    assert!(
        matches!(refused, Err(LookupError::Throttled(_))),
        "{refused:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn lookups_on_their_way_are_spent() {
    let (upstream, store) = counting(4);
    let directory = named("api", &upstream, &store);
    hear(&store, "api", "Bearer a", &left(4));
    upstream.close();
    let readers: Vec<_> = (0..4)
        .map(|number| {
            let directory = directory.clone();
            tokio::spawn(async move { look_up(&directory, "Bearer a", number).await })
        })
        .collect();
    upstream.arrived(2).await;
    upstream.open();
    let mut sent = 0;
    for reader in readers {
        sent += usize::from(reader.await.unwrap().is_ok());
    }
    assert_eq!((sent, upstream.lookups()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_429_that_passed_parks_lookups_until_its_time_is_over() {
    let (upstream, store) = (Upstream::new("connected"), Store::new(&minute()));
    let directory = named("api", &upstream, &store);
    let payer = store.payer("api", &HeaderValue::from_static("Bearer a"));
    let wait = HeaderMap::from_iter([("retry-after".parse().unwrap(), 9.into())]);
    store.rates.heard(
        || payer,
        &"api".into(),
        StatusCode::TOO_MANY_REQUESTS,
        &wait,
    );
    let throttled = Err(LookupError::Throttled(Duration::from_secs(9)));
    assert_eq!(look_up(&directory, "Bearer a", 1).await, throttled);
    assert_eq!(look_up(&directory, "Bearer b", 1).await, Ok(Origin::Miss));
    store.clear();
    assert_eq!(
        look_up(&directory, "Bearer a", 1).await,
        throttled,
        "no snapshot"
    );
    tokio::time::advance(Duration::from_secs(9)).await;
    assert_eq!(look_up(&directory, "Bearer a", 1).await, Ok(Origin::Miss));
}

#[tokio::test(start_paused = true)]
async fn a_lookup_that_ended_is_not_on_its_way_any_more() {
    let (upstream, store) = (Upstream::new("connected"), Store::new(&minute()));
    let directory = named("api", &upstream, &store).spending(Share::new(1.0).unwrap());
    hear(&store, "api", "Bearer a", &left(3));
    // None of its answers says what is left, so that only those on their way are spent.
    for number in 0..3 {
        assert_eq!(
            look_up(&directory, "Bearer a", number).await,
            Ok(Origin::Miss)
        );
    }
    let payer = store.payer("api", &HeaderValue::from_static("Bearer a"));
    let account = store.rates.account(payer).unwrap();
    assert_eq!(account.wait(), None);
}

#[tokio::test]
async fn the_number_of_credentials_is_bounded() {
    let store = Store::new(&minute());
    for number in 0..11_000 {
        let credential = format!("Bearer {number}").parse().unwrap();
        let payer = store.payer("api", &credential);
        store
            .rates
            .heard(|| payer, &"api".into(), StatusCode::OK, &left(1));
    }
    assert_eq!(store.rates.count(), 10_000);
    let newest = store.payer("api", &HeaderValue::from_static("Bearer 10999"));
    assert!(store.rates.account(newest).is_some());
}
