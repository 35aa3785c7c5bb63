//! Lookups that fail.

use super::*;

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

/// A directory whose every lookup breaks after so long, and how many were tried.
fn breaking(after: Duration) -> (impl Directory, Arc<AtomicUsize>) {
    let tried = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&tried);
    let transport = tower::service_fn(move |_: Request<Empty<Bytes>>| {
        count.fetch_add(1, Ordering::SeqCst);
        async move {
            tokio::time::sleep(after).await;
            let error: crate::BoxError = "broken".into();
            Err::<Response<Full<Bytes>>, _>(error)
        }
    });
    let store = Store::new(&minute());
    let directory = Cached::new(store, "api", transport, FetchLimits::default());
    (directory, tried)
}

#[tokio::test(start_paused = true)]
async fn a_lookup_that_breaks_at_once_is_repeated_and_one_that_takes_its_time_to_is_not() {
    for (millis, times) in [(0, 2), (100, 2), (2_000, 1)] {
        let (directory, tried) = breaking(Duration::from_millis(millis));
        let error = directory.read(&ask("Bearer a")).await.unwrap_err();
        // Not a timeout: what is known is told.
        assert_eq!(error, LookupError::Unreachable);
        assert_eq!(tried.load(Ordering::SeqCst), times, "{millis}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_path_that_breaks_is_left_alone() {
    let (directory, tried) = breaking(Duration::ZERO);
    for _ in 0..10 {
        let error = directory.read(&ask("Bearer a")).await.unwrap_err();
        assert_eq!(error, LookupError::Unreachable);
    }
    let error = directory.read(&ask("Bearer a")).await.unwrap_err();
    assert!(matches!(error, LookupError::Suspended(_)));
    assert_eq!(tried.load(Ordering::SeqCst), 20);
}
