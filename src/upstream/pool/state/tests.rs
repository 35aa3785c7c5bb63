use std::time::Duration;

use tokio::sync::oneshot::Receiver;

use super::*;

type Pool = State<char, &'static str>;
type Granted = Receiver<Grant<char, &'static str>>;

const LIMIT: Duration = Duration::from_secs(30);

/// As the pool does it: queue up, take what there is, make what is missing.
fn ask(pool: &mut Pool) -> (Granted, usize) {
    let granted = pool.wait(None);
    pool.serve();
    (granted, pool.dials())
}

fn connection(granted: &mut Granted) -> Option<(Id, char)> {
    match granted.try_recv() {
        Ok(Grant::Stream(id, sender)) => Some((id, sender)),
        Ok(Grant::Failed(why)) => panic!("{why}"),
        Err(_) => None,
    }
}

#[tokio::test]
async fn many_at_once_make_one_connection_and_then_as_many_as_they_need() {
    let mut pool = Pool::new(64);
    let mut waiting = Vec::new();
    let mut dials = 0;
    for _ in 0..256 {
        let (granted, more) = ask(&mut pool);
        waiting.push(granted);
        dials += more;
    }
    assert_eq!(dials, 1);
    pool.made('a', 10);
    pool.serve();
    // 246 wait still.
    assert_eq!(pool.dials(), 25);
    assert_eq!(pool.dials(), 0, "those are under way");
    let served = waiting.iter_mut().filter_map(connection).count();
    assert_eq!(served, 10);
}

#[tokio::test]
async fn there_are_never_more_connections_than_allowed() {
    let mut pool = Pool::new(3);
    let mut waiting = Vec::new();
    let mut dials = 0;
    for _ in 0..10 {
        let (granted, more) = ask(&mut pool);
        waiting.push(granted);
        dials += more;
    }
    for sender in ['a', 'b', 'c'] {
        pool.made(sender, 1);
        pool.serve();
        dials += pool.dials();
    }
    assert_eq!(dials, 3);
}

#[tokio::test]
async fn the_connection_with_the_fewest_streams_is_taken() {
    let mut pool = Pool::new(2);
    let (a, b) = (pool.made('a', 100), pool.made('b', 100));
    let mut seen = String::new();
    for _ in 0..4 {
        seen.push(connection(&mut ask(&mut pool).0).unwrap().1);
    }
    assert_eq!(seen, "abab");
    pool.give_back(b);
    pool.give_back(b);
    let next = |pool: &mut Pool| connection(&mut ask(pool).0).unwrap().0;
    assert_eq!((next(&mut pool), next(&mut pool)), (b, b));
    assert_eq!(next(&mut pool), a);
}

#[tokio::test]
async fn those_who_wait_are_served_in_their_order() {
    let mut pool = Pool::new(1);
    let a = pool.made('a', 1);
    assert!(connection(&mut ask(&mut pool).0).is_some());
    let (mut first, _) = ask(&mut pool);
    let (mut second, _) = ask(&mut pool);
    pool.give_back(a);
    pool.serve();
    assert!(connection(&mut first).is_some());
    assert!(connection(&mut second).is_none());
}

#[tokio::test]
async fn who_gave_up_waiting_gets_nothing_and_leaves_nothing() {
    let mut pool = Pool::new(2);
    let a = pool.made('a', 1);
    assert!(connection(&mut ask(&mut pool).0).is_some());
    for _ in 0..1000 {
        drop(pool.wait(None));
    }
    assert!(pool.waiters.len() <= 1);
    assert_eq!(pool.dials(), 0, "nobody is there to need it");
    pool.give_back(a);
    pool.serve();
    assert!(connection(&mut ask(&mut pool).0).is_some());
}

#[tokio::test]
async fn another_connection_is_made_for_who_wants_another() {
    let mut pool = Pool::new(2);
    let a = pool.made('a', 100);
    assert!(pool.dials_besides(a));
    assert!(!pool.dials_besides(a), "one is under way");
    let mut granted = pool.wait(Some(a));
    pool.serve();
    assert!(connection(&mut granted).is_none());
    // It holds up nobody behind it.
    assert_eq!(connection(&mut ask(&mut pool).0).unwrap().0, a);
    let b = pool.made('b', 100);
    pool.serve();
    assert_eq!(connection(&mut granted).unwrap().0, b);
    // With no other to be had, the same one will do.
    pool.remove(b);
    let mut granted = pool.wait(Some(a));
    assert!(pool.dials_besides(a));
    pool.not_made("refused");
    pool.serve();
    assert_eq!(connection(&mut granted).unwrap().0, a);
}

#[tokio::test]
async fn a_failed_connection_fails_those_alone_who_have_no_other() {
    let mut pool = Pool::new(2);
    let (mut granted, dials) = ask(&mut pool);
    assert_eq!(dials, 1);
    pool.not_made("refused");
    assert!(matches!(granted.try_recv(), Ok(Grant::Failed("refused"))));

    let a = pool.made('a', 1);
    assert!(connection(&mut ask(&mut pool).0).is_some());
    let (mut granted, dials) = ask(&mut pool);
    assert_eq!(dials, 1);
    pool.not_made("refused");
    assert!(granted.try_recv().is_err(), "it waits for the other one");
    pool.give_back(a);
    pool.serve();
    assert!(connection(&mut granted).is_some());
}

#[tokio::test]
async fn no_stream_goes_to_a_connection_that_allows_fewer_than_it_has() {
    let mut pool = Pool::new(1);
    let a = pool.made('a', 3);
    for _ in 0..2 {
        assert!(connection(&mut ask(&mut pool).0).is_some());
    }
    pool.allow(a, 1);
    let (mut granted, _) = ask(&mut pool);
    pool.give_back(a);
    pool.serve();
    assert!(connection(&mut granted).is_none());
    pool.give_back(a);
    pool.serve();
    assert!(connection(&mut granted).is_some());
}

#[tokio::test(start_paused = true)]
async fn only_a_connection_that_was_idle_for_all_that_time_is_retired() {
    let mut pool = Pool::new(1);
    let a = pool.made('a', 1);
    assert!(connection(&mut ask(&mut pool).0).is_some());
    tokio::time::advance(LIMIT * 2).await;
    let now = Instant::now();
    assert_eq!(pool.idle(a, LIMIT), Idle::Until(now + LIMIT));
    pool.give_back(a);
    assert_eq!(pool.idle(a, LIMIT), Idle::Until(now + LIMIT));
    tokio::time::advance(LIMIT).await;
    assert_eq!(pool.idle(a, LIMIT), Idle::Retired);
    assert!(!pool.is_connected());
}

#[tokio::test]
async fn an_upstream_without_a_bound_gets_a_bound_of_ours() {
    let mut pool = Pool::new(2);
    let a = pool.made('a', usize::MAX);
    for _ in 0..MAX_STREAMS {
        assert_eq!(connection(&mut ask(&mut pool).0).unwrap().0, a);
    }
    let (mut granted, dials) = ask(&mut pool);
    assert!(connection(&mut granted).is_none());
    assert_eq!(dials, 1);
}
