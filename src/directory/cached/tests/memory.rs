//! What is remembered, for how long, and how it is learned.

use super::*;
use crate::rule::Rules;

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
async fn a_passing_get_teaches_its_own_credential() {
    let upstream = Upstream::new("connected");
    let directory = directory(&upstream, &minute());
    let lesson = lesson(&directory, ask("Bearer a"));
    lesson(br#"{"participants":[{"id":"p","state":"held"}]}"#[..].into());
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
    let lesson = lesson(&directory, ask("Bearer a"));
    directory.wrote(ConversationId(1));
    lesson(br#"{"participants":[{"id":"p","state":"alerting"}]}"#[..].into());
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
    let lesson = lesson(&directory, ask.clone());
    store.clear();
    lesson(br#"{"participants":[{"id":"p","state":"alerting"}]}"#[..].into());
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
        let rules = Rules::strict();
        let (source, _) = rules.source_at("/api/v2/conversations/1").unwrap();
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
            let address = format!("/c/{n}").parse::<Uri>().unwrap().into();
            let key = partitions
                .of("api")
                .key(&HeaderValue::from_static("a"), &address, source);
            entries.insert(key, Kept::new(snapshot, Bond::default(), true));
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
