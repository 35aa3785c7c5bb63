use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

use super::*;

/// A login host of which the test decides what it does.
#[derive(Default)]
struct Host {
    asked: AtomicUsize,
    /// What it answers, by turns; the last one stays.
    answers: Mutex<Vec<Result<Duration, Problem>>>,
    /// Waited for before each answer.
    gate: Option<Notify>,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Host {
    fn answering(answers: &[Result<Duration, Problem>]) -> Arc<Self> {
        let answers = Mutex::new(answers.to_vec());
        Arc::new(Self {
            answers,
            ..Self::default()
        })
    }

    fn gated(answers: &[Result<Duration, Problem>]) -> Arc<Self> {
        let answers = Mutex::new(answers.to_vec());
        Arc::new(Self {
            answers,
            gate: Some(Notify::new()),
            ..Self::default()
        })
    }

    async fn answer(&self) -> Result<Fresh, Problem> {
        let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        if let Some(gate) = &self.gate {
            gate.notified().await;
        }
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.len() > 1 {
            answers.remove(0)
        } else {
            answers[0].clone()
        };
        let header = format!("Bearer t{number}").parse().unwrap();
        answer.map(|life| Fresh { header, life })
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn credential(host: &Arc<Host>) -> (Credential, Metrics) {
    let metrics = Metrics::new();
    let host = Arc::clone(host);
    let fetch = move || {
        let host = Arc::clone(&host);
        async move { host.answer().await }
    };
    let endpoint = ("login".to_owned(), "/oauth/token".to_owned());
    (Credential::new("c", endpoint, &metrics, fetch), metrics)
}

async fn token(credential: &Credential) -> String {
    let token = credential.token().await.unwrap();
    token.header().to_str().unwrap().to_owned()
}

/// Lets everything happen that can without more time.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

async fn after(time: Duration) {
    settle().await;
    tokio::time::advance(time).await;
    settle().await;
}

fn refused() -> Problem {
    Problem::Refused {
        status: 401,
        error: Some("invalid_client"),
        wait: Duration::ZERO,
    }
}

fn counted(metrics: &Metrics, line: &str) {
    let text = metrics.render();
    assert!(text.contains(line), "{line} is not in\n{text}");
}

#[tokio::test(start_paused = true)]
async fn a_token_is_fetched_once_and_kept() {
    let host = Host::answering(&[Ok(DAY)]);
    let (credential, metrics) = credential(&host);
    settle().await;
    assert_eq!(host.asked(), 0, "nobody needed it yet");
    for _ in 0..3 {
        assert_eq!(token(&credential).await, "Bearer t1");
    }
    assert_eq!(host.asked(), 1);
    counted(
        &metrics,
        r#"patchwright_credential_fetches_total{credential="c",result="ok"} 1"#,
    );
    counted(
        &metrics,
        r#"patchwright_credential_expiry_timestamp_seconds{credential="c"} 1"#,
    );
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_meanwhile_waits_for_the_same_fetch_and_may_hang_up() {
    let host = Host::gated(&[Ok(DAY)]);
    let (credential, _) = credential(&host);
    let mut waiting = Vec::new();
    for _ in 0..5 {
        let credential = credential.clone();
        waiting.push(tokio::spawn(async move { token(&credential).await }));
    }
    settle().await;
    // The first of them is who began it.
    waiting.remove(0).abort();
    settle().await;
    host.gate.as_ref().unwrap().notify_one();
    for waiting in waiting {
        assert_eq!(waiting.await.unwrap(), "Bearer t1");
    }
    assert_eq!(host.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_at_four_fifths_of_its_life_and_nobody_waits_for_that() {
    let host = Host::gated(&[Ok(DAY)]);
    let (credential, _) = credential(&host);
    host.gate.as_ref().unwrap().notify_one();
    assert_eq!(token(&credential).await, "Bearer t1");
    after(DAY.mul_f64(0.79)).await;
    assert_eq!(host.asked(), 1);
    after(DAY.mul_f64(0.02)).await;
    assert_eq!(host.asked(), 2);
    assert_eq!(token(&credential).await, "Bearer t1");
    host.gate.as_ref().unwrap().notify_one();
    settle().await;
    assert_eq!(token(&credential).await, "Bearer t2");
    // And so on.
    after(DAY.mul_f64(0.81)).await;
    assert_eq!(host.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_fails_is_tried_again_and_the_token_is_used_to_its_end() {
    let hour = Duration::from_secs(3600);
    let host = Host::answering(&[Ok(hour), Err(Problem::Unreachable)]);
    let (credential, metrics) = credential(&host);
    assert_eq!(token(&credential).await, "Bearer t1");
    after(hour.mul_f64(0.8)).await;
    assert_eq!(host.asked(), 2);
    // Ever more seldom: it is good for a while yet.
    for _ in 0..11 {
        after(Duration::from_secs(60)).await;
    }
    assert!((5..20).contains(&host.asked()), "{}", host.asked());
    assert_eq!(token(&credential).await, "Bearer t1");
    after(Duration::from_secs(120)).await;
    assert!(credential.token().await.is_err());
    counted(
        &metrics,
        r#"patchwright_credential_fetches_total{credential="c",result="failed"}"#,
    );
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_not_remembered_but_tried_at_most_once_a_second() {
    let host = Host::answering(&[Err(refused()), Ok(DAY)]);
    let (credential, metrics) = credential(&host);
    let unavailable = credential.token().await.unwrap_err();
    assert_eq!(unavailable.retry_after, PAUSE);
    after(Duration::from_millis(400)).await;
    let unavailable = credential.token().await.unwrap_err();
    assert_eq!(unavailable.retry_after, Duration::from_millis(600));
    assert_eq!(host.asked(), 1);
    after(Duration::from_millis(600)).await;
    assert_eq!(token(&credential).await, "Bearer t2");
    counted(
        &metrics,
        r#"patchwright_credential_fetches_total{credential="c",result="refused"} 1"#,
    );
}

#[tokio::test(start_paused = true)]
async fn a_login_host_that_asks_to_wait_is_left_alone() {
    let wait = Duration::from_secs(20);
    let throttled = Problem::Refused {
        status: 429,
        error: None,
        wait,
    };
    let host = Host::answering(&[Err(throttled), Ok(DAY)]);
    let (credential, _) = credential(&host);
    assert_eq!(credential.token().await.unwrap_err().retry_after, wait);
    after(Duration::from_secs(19)).await;
    assert!(credential.token().await.is_err());
    assert_eq!(host.asked(), 1);
    after(PAUSE).await;
    assert_eq!(token(&credential).await, "Bearer t2");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_refused_is_dropped_if_it_is_still_the_same() {
    let host = Host::answering(&[Ok(DAY)]);
    let (credential, metrics) = credential(&host);
    let first = credential.token().await.unwrap();
    after(PAUSE).await;
    credential.refused(&first);
    counted(
        &metrics,
        r#"patchwright_credential_expiry_timestamp_seconds{credential="c"} 0"#,
    );
    assert_eq!(token(&credential).await, "Bearer t2");
    after(PAUSE).await;
    // Late news of the first one say nothing about the second.
    credential.refused(&first);
    assert_eq!(token(&credential).await, "Bearer t2");
    // Nor does the renewal of the first one fetch anything, which is due a second before the other.
    after(Duration::from_secs(69_118) + PAUSE / 2).await;
    assert_eq!(host.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_upstream_that_refuses_every_token_does_not_have_us_log_in_for_every_request() {
    let host = Host::answering(&[Ok(DAY)]);
    let (credential, _) = credential(&host);
    for _ in 0..10 {
        let token = credential.token().await.unwrap();
        credential.refused(&token);
    }
    assert_eq!(host.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_credential_that_nobody_has_any_more_is_not_renewed() {
    let host = Host::answering(&[Ok(DAY)]);
    let (credential, _) = credential(&host);
    token(&credential).await;
    drop(credential);
    after(DAY).await;
    assert_eq!(host.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_panics_is_not_waited_for() {
    let (metrics, asked) = (Metrics::new(), Arc::new(AtomicUsize::new(0)));
    let counter = Arc::clone(&asked);
    let fetch = move || {
        let first = counter.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            assert!(!first, "as it should");
            let header = "Bearer t".parse().unwrap();
            Ok(Fresh { header, life: DAY })
        }
    };
    let endpoint = ("login".to_owned(), "/oauth/token".to_owned());
    let credential = Credential::new("c", endpoint, &metrics, fetch);
    assert!(credential.token().await.is_err());
    assert_eq!(token(&credential).await, "Bearer t");
}

#[test]
fn nothing_of_a_token_is_shown() {
    let token = Token {
        header: "Bearer hunter2".parse().unwrap(),
        fetched: Instant::now(),
        old: Instant::now(),
        end: Instant::now(),
    };
    assert!(!format!("{token:?}").contains("hunter2"));
}
