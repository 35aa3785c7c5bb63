//! What a store leaves to the one that takes its place.

use super::*;
use crate::directory::breaker::Settings as Breaking;

fn at(store: &Arc<Store>, upstream: &Upstream) -> impl Directory + use<> {
    named("api", upstream, store)
}

fn aged(seconds: u64) -> Settings {
    Settings {
        max_age: Duration::from_secs(seconds),
        ..Settings::default()
    }
}

fn keyed(secret: &str) -> Settings {
    Settings {
        partition_key: PartitionKey::from_secret(secret),
        ..minute()
    }
}

#[tokio::test]
async fn snapshots_stay_unless_their_bounds_or_their_key_are_others() {
    let few = Settings {
        capacity: 5,
        ..minute()
    };
    let small = Settings {
        max_bytes: 1 << 16,
        ..minute()
    };
    let other_things = Settings {
        lookups: 3,
        learn: false,
        breaker: Breaking {
            failures: 1,
            ..Breaking::default()
        },
        ..minute()
    };
    for (before, after, origin) in [
        // Both keys are random, and not the same.
        (minute(), minute(), Origin::Hit),
        (minute(), other_things, Origin::Hit),
        (keyed("a"), keyed("a"), Origin::Hit),
        (minute(), aged(59), Origin::Miss),
        (minute(), few, Origin::Miss),
        (minute(), small, Origin::Miss),
        (keyed("a"), keyed("b"), Origin::Miss),
        (keyed("a"), minute(), Origin::Miss),
        (minute(), keyed("a"), Origin::Miss),
    ] {
        let upstream = Upstream::new("connected");
        let old = Store::new(&before);
        let ask = ask("Bearer a");
        read(&at(&old, &upstream), &ask).await;
        let new = old.followed_by(&after);
        let case = format!("{before:?} → {after:?}");
        assert_eq!(read(&at(&new, &upstream), &ask).await.1, origin, "{case}");
        // Also over another one in between, and whoever still uses the old one is not disturbed.
        let third = new.followed_by(&after);
        let again = read(&at(&third, &upstream), &ask).await.1;
        assert_eq!(again, Origin::Hit, "{case}");
        let old = read(&at(&old, &upstream), &ask).await.1;
        assert_eq!(old, Origin::Hit, "{case}");
    }
}

#[tokio::test]
async fn a_write_that_the_old_one_sees_counts_for_the_new_one_whatever_has_changed() {
    for after in [minute(), aged(59), keyed("b")] {
        let upstream = Upstream::new("alerting");
        let old = Store::new(&minute());
        let new = old.followed_by(&after);
        let (old, new) = (at(&old, &upstream), at(&new, &upstream));
        let ask = ask("Bearer a");
        // The write is on its way, by the old one, and the new one reads what was before it.
        old.wrote(ask.conversation);
        assert_eq!(read(&new, &ask).await.0, "alerting");
        upstream.says("connected");
        old.wrote(ask.conversation);
        assert_eq!(read(&new, &ask).await.0, "connected");
        // And the other way round.
        assert_eq!(read(&old, &ask).await.0, "connected");
        upstream.says("held");
        new.wrote(ask.conversation);
        assert_eq!(read(&old, &ask).await.0, "held");
    }
}

#[tokio::test]
async fn what_is_forgotten_is_forgotten_by_both() {
    let upstream = Upstream::new("alerting");
    let old = Store::new(&minute());
    let new = old.followed_by(&aged(59));
    for clear in [&old, &new] {
        for store in [&old, &new] {
            read(&at(store, &upstream), &ask("Bearer a")).await;
        }
        clear.clear();
        for store in [&old, &new] {
            let read = read(&at(store, &upstream), &ask("Bearer a")).await;
            assert_eq!(read.1, Origin::Miss);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_credential_that_must_wait_goes_on_waiting() {
    let upstream = Upstream::new("connected");
    upstream.answers(StatusCode::TOO_MANY_REQUESTS, Some(30), "");
    let old = Store::new(&minute());
    let ask = ask("Bearer a");
    let throttled = LookupError::Throttled(Duration::from_secs(30));
    let refused = at(&old, &upstream).read(&ask).await.unwrap_err();
    assert_eq!(refused, throttled);
    for after in [minute(), aged(59)] {
        let new = at(&old.followed_by(&after), &upstream);
        assert_eq!(new.read(&ask).await.unwrap_err(), throttled);
    }
    assert_eq!(upstream.lookups(), 1);
}

#[tokio::test]
async fn lookups_under_way_are_joined_and_take_places_of_the_new_one_too() {
    let upstream = Upstream::new("connected");
    upstream.close();
    let one_place = Settings {
        lookups: 1,
        ..minute()
    };
    let old = Store::new(&one_place);
    let first = spawn_read(&at(&old, &upstream), &ask("Bearer a"));
    upstream.arrived(1).await;
    let new = at(&old.followed_by(&one_place), &upstream);
    let joins = spawn_read(&new, &ask("Bearer a"));
    let waits = spawn_read(&new, &ask("Bearer b"));
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(upstream.lookups(), 1, "there is one place");
    upstream.open();
    first.await.unwrap().unwrap();
    assert_eq!(joins.await.unwrap().unwrap().origin, Origin::Shared);
    assert_eq!(waits.await.unwrap().unwrap().origin, Origin::Miss);
    assert_eq!(upstream.lookups(), 2);
}
