//! What happens while the store does not answer, and afterwards.

use super::*;

#[tokio::test(start_paused = true)]
async fn without_a_store_a_replica_is_as_good_as_alone() {
    let fake = Fake::new();
    fake.world().lines[0].cut = true;
    let a = Replica::new(&fake, 0, Settings::default());
    assert_eq!(a.read(1).await, (0, Origin::Miss));
    assert_eq!(a.read(1).await, (0, Origin::Hit));
    a.write(1).await;
    assert_eq!(a.read(1).await, (1, Origin::Miss));
    // What was read meanwhile does not count once others have a say.
    fake.world().lines[0].cut = false;
    a.together().await;
    assert_eq!(a.read(1).await, (1, Origin::Miss));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_is_waited_for_once() {
    let (fake, a, _) = pair(Settings::default()).await;
    a.read(1).await;
    fake.world().lines[0].hangs = true;
    let started = Instant::now();
    assert_eq!(a.read(1).await, (0, Origin::Miss));
    let took = started.elapsed();
    assert!(took >= TIMEOUT && took < TIMEOUT * 2, "{took:?}");
    let started = Instant::now();
    assert_eq!(a.read(1).await, (0, Origin::Hit));
    assert_eq!(started.elapsed(), Duration::ZERO);
    // Not more often than the pauses allow: 100 ms, and then twice as long each time.
    let asked = fake.world().asked.len();
    sleep(Duration::from_secs(20)).await;
    let asked = fake.world().asked.len() - asked;
    assert!((8..40).contains(&asked), "{asked} in 20 s");
}

#[tokio::test(start_paused = true)]
async fn questions_of_one_request_share_its_patience() {
    let (fake, a, b) = pair(Settings::default()).await;
    a.read(1).await;
    fake.world().lines[0].deaf = true;
    b.write(1).await;
    // Long enough for one, and not for the one that follows from its answer.
    fake.world().lines[0].slow = 35;
    let started = Instant::now();
    assert_eq!(a.read(1).await.0, 1);
    let took = started.elapsed();
    assert!(took < TIMEOUT + Duration::from_millis(10), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_is_held_up_itself_does_not_blame_the_store() {
    let (_, a, _) = pair(Settings::default()).await;
    a.read(1).await;
    let session = a.session();
    for _ in 0..20 {
        let reader = tokio::spawn({
            let a = a.clone();
            async move { a.read(1).await }
        });
        tokio::task::yield_now().await;
        // Everything that was due meanwhile is due at once.
        tokio::time::advance(TIMEOUT * 2).await;
        reader.await.unwrap();
        assert_eq!(a.session(), session);
    }
}

#[tokio::test(start_paused = true)]
async fn bumps_that_were_not_written_are_written_before_anything_counts_again() {
    // Few, and too many to remember.
    for conversations in [3, 3000] {
        let fake = Fake::new();
        let minute = Duration::from_secs(60);
        let [a, b] = [0, 1].map(|n| Replica::with(&fake, n, Settings::default(), minute));
        a.together().await;
        b.together().await;
        for c in 1..=3 {
            b.read(c).await;
        }
        fake.world().lines[0].cut = true;
        for c in 1..=conversations {
            a.write(c).await;
        }
        assert_eq!(b.read(1).await, (0, Origin::Hit), "nobody can know");
        assert!(a.session().is_none());
        fake.world().asked.clear();
        fake.world().lines[0].cut = false;
        a.together().await;
        for c in 1..=3 {
            assert_eq!(b.read(c).await, (1, Origin::Miss));
        }
        let asked = &fake.world().asked;
        let how = |wanted: &str| {
            asked
                .iter()
                .any(|(number, what)| *number == 0 && *what == wanted)
        };
        assert_eq!(
            (how("bump"), how("renew")),
            (conversations == 3, conversations != 3)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_bump_that_is_lost_on_the_way_is_a_debt_too() {
    let (fake, a, b) = pair(Settings::default()).await;
    b.read(1).await;
    let directory = a.directory();
    drop(directory.wrote(ConversationId(1)));
    fake.change(1).await;
    fake.world().lines[0].loses_bump = true;
    directory.wrote(ConversationId(1)).unwrap().await;
    sleep(Duration::from_millis(1)).await;
    a.together().await;
    assert_eq!(b.read(1).await.0, 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_restart_brings_back_is_of_another_epoch() {
    for with_what_was_saved in [true, false] {
        let (fake, a, b) = pair(Settings::default()).await;
        b.read(1).await;
        sleep(Duration::from_millis(10)).await;
        fake.save();
        assert_eq!(a.write(1).await, 1);
        fake.restart(with_what_was_saved);
        a.together().await;
        b.together().await;
        assert_eq!(b.read(1).await, (1, Origin::Miss));
        assert_eq!(a.read(1).await.0, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_generation_that_is_evicted_matches_nothing() {
    let (fake, a, b) = pair(Settings::default()).await;
    b.read(1).await;
    fake.world().lines[1].deaf = true;
    a.write(1).await;
    fake.evict();
    assert_eq!(b.read(1).await, (1, Origin::Miss));
}

#[tokio::test(start_paused = true)]
async fn without_confirm_nothing_outlives_its_connection() {
    let settings = Settings {
        confirm: false,
        ..Settings::default()
    };
    let (fake, a, b) = pair(settings).await;
    b.read(1).await;
    // It does not hear of its end, nor of what happens meanwhile.
    fake.world().lines[1].cut = true;
    fake.world().lines[1].deaf = true;
    a.write(1).await;
    sleep(Duration::from_millis(1200)).await;
    assert!(b.session().is_none(), "it has noticed by itself");
    fake.world().lines[1].cut = false;
    b.together().await;
    assert_eq!(b.read(1).await, (1, Origin::Miss));
}

#[tokio::test(start_paused = true)]
async fn what_was_read_alone_is_not_shared_later() {
    let fake = Fake::new();
    fake.world().lines[0].cut = true;
    let [a, b] = [0, 1].map(|number| Replica::new(&fake, number, Settings::default()));
    b.together().await;
    fake.hold();
    let reader = tokio::spawn({
        let a = a.clone();
        async move { a.read(1).await }
    });
    fake.held(1).await;
    b.write(1).await;
    fake.world().lines[0].cut = false;
    a.together().await;
    fake.release();
    reader.await.unwrap();
    sleep(Duration::from_millis(10)).await;
    assert_eq!(b.read(1).await.0, 1);
    assert_eq!(a.read(1).await.0, 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_read_alone_does_not_count_when_it_is_alone_again() {
    let (fake, minute) = (Fake::new(), Duration::from_secs(60));
    fake.world().lines[0].cut = true;
    let [a, b] = [0, 1].map(|n| Replica::with(&fake, n, Settings::default(), minute));
    b.together().await;
    assert_eq!(a.read(1).await, (0, Origin::Miss));
    fake.world().lines[0].cut = false;
    a.together().await;
    fake.world().lines[0].deaf = true;
    b.write(1).await;
    fake.world().lines[0].cut = true;
    while a.session().is_some() {
        sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(a.read(1).await, (1, Origin::Miss));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_has_ended_is_not_used() {
    let fake = Fake::new();
    fake.world().lines[0].ends_at_once = true;
    let settings = Settings {
        confirm: false,
        ..Settings::default()
    };
    let a = Replica::new(&fake, 0, settings);
    sleep(Duration::from_millis(900)).await;
    assert!(fake.world().asked.contains(&(0, "connect")));
    assert!(a.session().is_none());
    fake.world().lines[0].ends_at_once = false;
    a.together().await;
}
