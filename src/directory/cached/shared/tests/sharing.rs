//! What replicas have of each other.

use super::*;

#[tokio::test(start_paused = true)]
async fn what_one_has_read_the_other_need_not_look_up() {
    let (fake, a, b) = pair(Settings::default()).await;
    assert_eq!(a.read(1).await, (0, Origin::Miss));
    sleep(Duration::from_millis(700)).await;
    let reading = b.ask(&ask(1)).await.unwrap();
    assert_eq!((version(&reading), reading.origin), (0, Origin::Hit));
    // It counts from before the GET was sent.
    let age = reading.age();
    assert!(age >= Duration::from_millis(700), "{age:?}");
    assert!(age < Duration::from_millis(730), "{age:?}");
    assert_eq!(b.read(1).await, (0, Origin::Hit));
    assert_eq!(fake.world().lookups, 1);
    let kept = fake.kept_for();
    assert!(kept <= Duration::from_millis(1300), "{kept:?}");
    assert!(kept > Duration::from_millis(1270), "{kept:?}");
    // And it is no younger for having gone round.
    sleep(Duration::from_millis(1300)).await;
    assert_eq!(b.read(1).await.1, Origin::Miss);
}

#[tokio::test(start_paused = true)]
async fn a_write_through_one_makes_the_others_memory_unusable() {
    for confirm in [true, false] {
        let settings = Settings {
            confirm,
            ..Settings::default()
        };
        let (_, a, b) = pair(settings).await;
        assert_eq!(b.read(1).await, (0, Origin::Miss));
        assert_eq!(b.read(1).await, (0, Origin::Hit));
        assert_eq!(a.write(1).await, 1);
        // The bump from before the write may be late.
        sleep(Duration::from_millis(10)).await;
        assert_eq!(b.read(1).await, (1, Origin::Miss), "confirm = {confirm}");
        // Until it is kept for others.
        sleep(Duration::from_millis(10)).await;
        assert_eq!(a.read(1).await, (1, Origin::Hit));
        assert_eq!(a.write(2).await, 1);
        assert_eq!(b.read(1).await, (1, Origin::Hit), "of another conversation");
    }
}

#[tokio::test(start_paused = true)]
async fn with_confirm_a_lost_push_is_no_harm_and_without_it_a_hit_asks_nobody() {
    let (fake, a, b) = pair(Settings::default()).await;
    b.read(1).await;
    fake.world().lines[1].deaf = true;
    a.write(1).await;
    assert_eq!(b.read(1).await, (1, Origin::Miss));

    let settings = Settings {
        confirm: false,
        ..Settings::default()
    };
    let (fake, _, b) = pair(settings).await;
    b.read(1).await;
    // What is offered to others is on its way still.
    sleep(Duration::from_millis(10)).await;
    let asked = fake.world().asked.len();
    assert_eq!(b.read(1).await.1, Origin::Hit);
    assert_eq!(fake.world().asked.len(), asked);
}

#[tokio::test(start_paused = true)]
async fn whoever_joins_a_lookup_that_began_before_a_write_does_not_use_it() {
    let (fake, a, b) = pair(Settings::default()).await;
    fake.hold();
    let first = tokio::spawn({
        let b = b.clone();
        async move { b.read(1).await }
    });
    fake.held(1).await;
    // The answer is made already, and the write comes after it.
    a.write(1).await;
    fake.world().lines[1].deaf = true;
    let second = tokio::spawn({
        let b = b.clone();
        async move { b.read(1).await }
    });
    sleep(Duration::from_millis(5)).await;
    fake.release();
    assert_eq!(second.await.unwrap().0, 1);
    first.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_found_before_a_bump_arrives_is_not_used_after_it() {
    for confirm in [true, false] {
        let settings = Settings {
            confirm,
            ..Settings::default()
        };
        let (fake, a, b) = pair(settings).await;
        b.read(1).await;
        sleep(Duration::from_millis(10)).await;
        fake.world().lines[0].holds_bumps = true;
        let directory = a.directory();
        drop(directory.wrote(ConversationId(1)));
        fake.change(1).await;
        let told = directory.wrote(ConversationId(1)).unwrap();
        // Not answered yet: either will do.
        assert_eq!(a.read(1).await, (0, Origin::Hit));
        fake.world().lines[0].holds_bumps = false;
        told.await;
        assert_eq!(a.read(1).await, (1, Origin::Miss), "confirm = {confirm}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_replica_has_its_own_idea_of_what_is_too_old() {
    let fake = Fake::new();
    let [a, b] = [(0, 60), (1, 2)].map(|(number, seconds)| {
        let max_age = Duration::from_secs(seconds);
        Replica::with(&fake, number, Settings::default(), max_age)
    });
    a.together().await;
    b.together().await;
    a.read(1).await;
    sleep(Duration::from_secs(5)).await;
    assert_eq!(a.read(1).await.1, Origin::Hit);
    assert_eq!(b.read(1).await.1, Origin::Miss);
}

#[tokio::test(start_paused = true)]
async fn news_are_not_taken_from_another_replica() {
    let (fake, a, b) = pair(Settings::default()).await;
    a.read(1).await;
    sleep(Duration::from_millis(10)).await;
    // Changed by somebody whom no replica sees.
    fake.change(1).await;
    let mut ask = ask(1);
    ask.newer_than = Some(b.directory().now());
    let reading = b.ask(&ask).await.unwrap();
    assert_eq!((version(&reading), reading.origin), (1, Origin::Miss));

    // Nor is what was taken from it already.
    let (fake, a, b) = pair(Settings::default()).await;
    a.read(1).await;
    sleep(Duration::from_millis(10)).await;
    fake.change(1).await;
    ask.newer_than = Some(b.directory().now());
    assert_eq!(b.read(1).await, (0, Origin::Hit));
    assert_eq!(version(&b.ask(&ask).await.unwrap()), 1);
}

#[tokio::test(start_paused = true)]
async fn sources_that_read_otherwise_do_not_share() {
    let (fake, a, b) = pair(Settings::default()).await;
    a.read(1).await;
    sleep(Duration::from_millis(10)).await;
    let spec = SourceSpec {
        learn: true,
        name: "conversation".into(),
        get: "/c/{conversationId}".into(),
        participants: "$.participants[*]".into(),
        id: "$.id".into(),
        fields: vec![("queue".into(), vec!["$.state".into()])],
    };
    let mut other = ask(1);
    other.source =
        Arc::new(Source::compile(&spec, |key, problem| panic!("{key}: {problem}")).unwrap());
    assert_eq!(b.ask(&other).await.unwrap().origin, Origin::Miss);
    assert_eq!(fake.world().lookups, 2);
}

#[tokio::test(start_paused = true)]
async fn a_passing_get_teaches_all_replicas() {
    let (fake, a, b) = pair(Settings::default()).await;
    let Some(Learning::Later(later)) = a.directory().learn(ask(1)) else {
        panic!("the mark has to be read first");
    };
    let lesson = later.await;
    lesson(br#"{"participants":[{"id":"p","state":"0","name":"Bob"}]}"#[..].into());
    sleep(Duration::from_millis(10)).await;
    assert_eq!(a.read(1).await, (0, Origin::Hit));
    assert_eq!(b.read(1).await, (0, Origin::Hit));
    assert_eq!(fake.world().lookups, 0);
    assert!(!fake.dump().contains("Bob"));

    // A write while it passes makes what it taught unusable.
    let Some(Learning::Later(later)) = a.directory().learn(ask(1)) else {
        panic!("the mark has to be read first");
    };
    let lesson = later.await;
    fake.world().lines[0].deaf = true;
    b.write(1).await;
    lesson(br#"{"participants":[{"id":"p","state":"0"}]}"#[..].into());
    assert_eq!(a.read(1).await, (1, Origin::Miss));
}

#[tokio::test(start_paused = true)]
async fn what_one_forgets_all_forget() {
    let (fake, a, b) = pair(Settings::default()).await;
    a.read(1).await;
    b.read(1).await;
    a.store.clear();
    a.together().await;
    assert_eq!(b.read(1).await.1, Origin::Miss);
    assert_eq!(fake.world().lookups, 2);
}

#[tokio::test(start_paused = true)]
async fn another_partition_key_shares_nothing() {
    let (fake, a, _) = pair(Settings::default()).await;
    let memory = cached::Settings {
        partition_key: PartitionKey::from_secret("what nobody else has"),
        ..cached::Settings::default()
    };
    let store = Store::shared(&memory, Settings::default(), fake.line(1), ());
    let other = Replica {
        store,
        fake: fake.clone(),
        number: 1,
    };
    other.together().await;
    a.read(1).await;
    sleep(Duration::from_millis(10)).await;
    assert_eq!(other.read(1).await.1, Origin::Miss);
}
