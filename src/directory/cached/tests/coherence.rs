//! Who shares what, and what a write makes unusable.

use super::*;

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

/// Where every lookup is overtaken, the last one is used: it is newer than the question.
#[tokio::test]
async fn writes_that_follow_each_other_without_end_do_not_keep_a_reader_waiting() {
    let upstream = Upstream::new("alerting");
    upstream.close();
    let directory = directory(&upstream, &minute());
    let ask = ask("Bearer a");
    let reader = spawn_read(&directory, &ask);
    // The first, and its three repetitions.
    for lookup in 1..=4 {
        upstream.arrived(lookup).await;
        upstream.says(&format!("{lookup}"));
        directory.wrote(ask.conversation);
        upstream.let_through(1);
    }
    let reading = reader.await.unwrap().unwrap();
    // What was said after the third.
    assert_eq!((state(&reading), upstream.lookups()), ("3".to_owned(), 4));
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
    let lesson = lesson(&directory, ask.clone());
    lesson(br#"{"participants":[{"id":"p","state":"connected"}]}"#[..].into());
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
