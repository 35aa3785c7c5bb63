//! Lookups that are not even tried.

use super::*;
use crate::directory::breaker::{self, Change};
use crate::directory::cached::gate::Gate;

fn breaker(failures: u32) -> Settings {
    let breaker = breaker::Settings {
        failures,
        ..breaker::Settings::default()
    };
    Settings {
        breaker,
        ..minute()
    }
}

/// Asks for one of many conversations.
fn ask_for(conversation: u64) -> Ask {
    Ask {
        address: format!("/c/{conversation}").parse::<Uri>().unwrap().into(),
        conversation: ConversationId(conversation),
        ..ask("Bearer a")
    }
}

async fn error(directory: &impl Directory, conversation: u64) -> LookupError {
    directory.read(&ask_for(conversation)).await.unwrap_err()
}

fn is_suspended(error: LookupError) -> bool {
    matches!(error, LookupError::Suspended(wait) if wait <= Duration::from_secs(1))
}

async fn seconds(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn a_dead_path_is_left_alone_and_tried_again_by_one() {
    let upstream = Upstream::new("connected");
    let directory = directory(&upstream, &breaker(10));
    upstream.answers(StatusCode::BAD_GATEWAY, None, "");
    for conversation in 0..10 {
        let error = error(&directory, conversation).await;
        assert_eq!(error, LookupError::Status(502, None));
    }
    for conversation in 0..100 {
        assert!(is_suspended(error(&directory, conversation).await));
    }
    assert_eq!(upstream.lookups(), 10);

    seconds(1).await;
    upstream.close();
    let probe = spawn_read(&directory, &ask_for(1));
    upstream.arrived(11).await;
    for conversation in 0..100 {
        assert!(is_suspended(error(&directory, conversation).await));
    }
    upstream.open();
    assert!(probe.await.unwrap().is_err());
    seconds(1).await;
    assert!(matches!(
        error(&directory, 1).await,
        LookupError::Suspended(_)
    ));

    seconds(1).await;
    upstream.says("connected");
    for conversation in 0..10 {
        assert!(directory.read(&ask_for(conversation)).await.is_ok());
    }
    assert_eq!(upstream.lookups(), 21);
}

#[tokio::test(start_paused = true)]
async fn what_is_remembered_needs_no_lookup_and_is_used_all_the_time() {
    let upstream = Upstream::new("connected");
    let directory = directory(&upstream, &breaker(1));
    read(&directory, &ask_for(1)).await;
    upstream.answers(StatusCode::SERVICE_UNAVAILABLE, None, "");
    error(&directory, 2).await;
    assert!(is_suspended(error(&directory, 3).await));
    assert_eq!(read(&directory, &ask_for(1)).await.1, Origin::Hit);
}

#[tokio::test(start_paused = true)]
async fn those_that_wait_for_a_place_are_told_at_once() {
    let upstream = Upstream::new("connected");
    upstream.close();
    let settings = Settings {
        lookups: 2,
        ..breaker(2)
    };
    let directory = directory(&upstream, &settings);
    let hanging: Vec<_> = (0..2)
        .map(|n| spawn_read(&directory, &ask_for(n)))
        .collect();
    upstream.arrived(2).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let waiting: Vec<_> = (2..30)
        .map(|n| spawn_read(&directory, &ask_for(n)))
        .collect();
    let asked = Instant::now();
    for waiting in waiting {
        assert!(is_suspended(waiting.await.unwrap().unwrap_err()));
        // With the first two, and not a second later when its own time is up.
        assert_eq!(asked.elapsed().as_secs(), 2);
    }
    for hanging in hanging {
        assert_eq!(hanging.await.unwrap().unwrap_err(), LookupError::Timeout);
    }
    assert_eq!(upstream.lookups(), 2);
}

#[tokio::test(start_paused = true)]
async fn those_that_wait_behind_another_upstream_are_told_at_once_too() {
    let store = Store::new(&Settings {
        lookups: 1,
        ..breaker(1)
    });
    let (slow, upstream) = (Upstream::new("connected"), Upstream::new("connected"));
    let (other, directory) = (named("a", &slow, &store), named("b", &upstream, &store));
    upstream.answers(StatusCode::SERVICE_UNAVAILABLE, None, "");
    slow.close();
    upstream.close();
    let failing = spawn_read(&directory, &ask_for(1));
    upstream.arrived(1).await;
    let hanging = spawn_read(&other, &ask_for(1));
    tokio::time::sleep(Duration::from_millis(1)).await;
    let waiting = spawn_read(&directory, &ask_for(2));
    tokio::time::sleep(Duration::from_millis(1)).await;
    let asked = Instant::now();
    upstream.open();
    assert!(failing.await.unwrap().is_err());
    assert!(is_suspended(waiting.await.unwrap().unwrap_err()));
    assert_eq!(asked.elapsed(), Duration::ZERO);
    slow.arrived(1).await;
    assert!(!hanging.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_probe_does_not_queue_behind_the_lookups_of_another_upstream() {
    let store = Store::new(&Settings {
        lookups: 1,
        ..breaker(1)
    });
    let (slow, upstream) = (Upstream::new("connected"), Upstream::new("connected"));
    let (other, directory) = (named("a", &slow, &store), named("b", &upstream, &store));
    upstream.answers(StatusCode::SERVICE_UNAVAILABLE, None, "");
    error(&directory, 1).await;
    slow.close();
    let hanging = spawn_read(&other, &ask_for(1));
    slow.arrived(1).await;
    seconds(1).await;
    upstream.says("connected");
    assert!(directory.read(&ask_for(1)).await.is_ok());
    assert!(!hanging.is_finished(), "no time had to pass");
}

#[tokio::test(start_paused = true)]
async fn an_upstream_that_is_slow_is_not_taken_for_dead() {
    let upstream = Upstream::new("connected");
    upstream.close();
    let directory = directory(&upstream, &breaker(1));
    for round in 0..20 {
        let reads: Vec<_> = (0..10)
            .map(|n| spawn_read(&directory, &ask_for(round * 10 + n)))
            .collect();
        tokio::time::sleep(Duration::from_millis(2_900)).await;
        upstream.let_through(10);
        for read in reads {
            assert!(read.await.unwrap().is_ok());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn running_out_of_time_in_the_queue_is_no_failure_of_the_upstream() {
    let upstream = Upstream::new("connected");
    upstream.close();
    let settings = Settings {
        lookups: 1,
        ..breaker(1)
    };
    let directory = directory(&upstream, &settings);
    let first = spawn_read(&directory, &ask_for(1));
    upstream.arrived(1).await;
    let second = spawn_read(&directory, &ask_for(2));
    tokio::time::sleep(Duration::from_secs(2)).await;
    upstream.let_through(1);
    assert!(first.await.unwrap().is_ok());
    assert_eq!(second.await.unwrap().unwrap_err(), LookupError::Timeout);
    assert_eq!(upstream.lookups(), 2, "it got a place, with a second left");
    upstream.open();
    assert!(directory.read(&ask_for(3)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_lookup_that_had_its_time_and_got_no_answer_is_a_failure() {
    let upstream = Upstream::new("connected");
    upstream.close();
    let directory = directory(&upstream, &breaker(1));
    assert_eq!(error(&directory, 1).await, LookupError::Timeout);
    assert!(is_suspended(error(&directory, 1).await));
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_a_sign_of_life_whatever_it_says() {
    let upstream = Upstream::new("connected");
    let directory = directory(&upstream, &breaker(1));
    for status in [200, 202, 302, 400, 401, 403, 404, 410] {
        let status = StatusCode::from_u16(status).unwrap();
        upstream.answers(status, None, "<html>");
        for conversation in 0..20 {
            let error = error(&directory, conversation).await;
            assert!(!is_suspended(error), "{status}");
        }
    }
    // This one parks the credential, and nobody else.
    upstream.answers(StatusCode::TOO_MANY_REQUESTS, None, "");
    error(&directory, 1).await;
    upstream.says("connected");
    assert!(directory.read(&ask("Bearer b")).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn every_upstream_has_a_breaker_of_its_own() {
    let store = Store::new(&breaker(1));
    let (dead, alive) = (Upstream::new("connected"), Upstream::new("connected"));
    dead.answers(StatusCode::SERVICE_UNAVAILABLE, None, "");
    let (one, two) = (named("a", &dead, &store), named("b", &alive, &store));
    error(&one, 1).await;
    assert!(
        is_suspended(error(&one.clone(), 1).await),
        "clones share it"
    );
    assert!(two.read(&ask_for(1)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn it_can_be_switched_off() {
    let upstream = Upstream::new("connected");
    let directory = directory(&upstream, &breaker(0));
    upstream.answers(StatusCode::SERVICE_UNAVAILABLE, None, "");
    for conversation in 0..50 {
        error(&directory, conversation).await;
    }
    assert_eq!(upstream.lookups(), 50);
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Watch for Log {
    fn changed(&self, change: Change) {
        let name = format!("{change:?}");
        let name = name.split('(').next().unwrap_or_default();
        self.0.lock().unwrap().push(name.to_owned());
    }

    fn refused(&self) {
        self.0.lock().unwrap().push("refused".to_owned());
    }
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_dropped_makes_room_for_the_next() {
    let log = Log::default();
    let gate = Gate::new(breaker(1).breaker, log.clone());
    let conversation = ConversationId(1);
    gate.admit(conversation)
        .unwrap()
        .settle(breaker::Verdict::Dead);
    assert!(gate.admit(conversation).is_err());
    seconds(1).await;
    let probe = gate.admit(conversation).unwrap();
    assert!(probe.is_probe() && gate.admit(conversation).is_err());
    drop(probe);
    let probe = gate.admit(conversation).unwrap();
    probe.settle(breaker::Verdict::Dead);
    seconds(2).await;
    let probe = gate.admit(conversation).unwrap();
    probe.settle(breaker::Verdict::Alive);
    assert!(!gate.admit(conversation).unwrap().is_probe());
    let expected = "Opened refused Probes refused Probes StaysOpen Probes Closed";
    assert_eq!(log.0.lock().unwrap().join(" "), expected);
}
