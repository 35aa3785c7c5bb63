use super::*;

const DEADLINES: Deadlines = Deadlines {
    header_read: Duration::from_secs(10),
    idle: Duration::from_secs(60),
};

async fn expiry_of(activity: &Activity) -> (u64, Expiry) {
    let from = Instant::now();
    let expiry = activity.expired(DEADLINES).await;
    (from.elapsed().as_secs(), expiry)
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_sends_nothing_has_as_long_as_a_head() {
    assert_eq!(expiry_of(&Activity::new()).await, (10, Expiry::Silence));
}

#[tokio::test(start_paused = true)]
async fn a_head_is_counted_from_accept_and_then_from_its_first_byte() {
    let activity = Activity::new();
    tokio::time::sleep(Duration::from_secs(4)).await;
    activity.received(b"GET / HT");
    assert_eq!(expiry_of(&activity).await, (6, Expiry::PartialHead));

    let activity = Activity::new();
    activity.received(b"GET / HTTP/1.1\r\n\r\n");
    drop(activity.request(false));
    tokio::time::sleep(Duration::from_secs(30)).await;
    activity.received(b"G");
    tokio::time::sleep(Duration::from_secs(5)).await;
    activity.received(b"E");
    assert_eq!(expiry_of(&activity).await, (5, Expiry::PartialHead));
}

#[tokio::test(start_paused = true)]
async fn a_request_has_no_deadline_and_then_the_connection_is_idle() {
    let activity = Activity::new();
    activity.received(b"GET / HTTP/1.1\r\n\r\n");
    let (one, two) = (activity.request(false), activity.request(false));
    let shared = Arc::clone(&activity);
    let watcher = tokio::spawn(async move { shared.expired(DEADLINES).await });
    tokio::time::sleep(Duration::from_secs(3600)).await;
    drop(one);
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert!(!watcher.is_finished());
    drop(two);
    tokio::time::sleep(Duration::from_secs(59)).await;
    assert!(!watcher.is_finished());
    assert_eq!(watcher.await.unwrap(), Expiry::Silence);
}

#[tokio::test(start_paused = true)]
async fn pings_do_not_keep_an_http2_connection_open() {
    let activity = Activity::new();
    activity.received(&PREFACE[..10]);
    activity.received(&PREFACE[10..]);
    assert!(activity.is_http2());
    tokio::time::sleep(Duration::from_secs(50)).await;
    activity.received(b"\0\0\x08\x06\0\0\0\0\0pingpong");
    assert_eq!(expiry_of(&activity).await, (10, Expiry::Silence));
}

#[tokio::test(start_paused = true)]
async fn empty_lines_between_requests_begin_no_head() {
    let activity = Activity::new();
    activity.received(b"GET / HTTP/1.1\r\n\r\n");
    drop(activity.request(false));
    activity.received(b"\r\n");
    assert_eq!(expiry_of(&activity).await, (60, Expiry::Silence));
}

fn http2() -> Arc<Activity> {
    let activity = Activity::new();
    activity.received(PREFACE);
    activity
}

async fn is_abused(activity: &Activity) -> bool {
    tokio::time::timeout(Duration::ZERO, activity.abused())
        .await
        .is_ok()
}

#[tokio::test(start_paused = true)]
async fn abandoning_most_of_many_requests_is_abuse() {
    let activity = http2();
    for _ in 0..MAX_ABANDONED {
        drop(activity.request(false));
    }
    assert!(!is_abused(&activity).await);
    drop(activity.request(false));
    assert!(is_abused(&activity).await);
    assert!(activity.is_abused());
}

#[tokio::test(start_paused = true)]
async fn abandoning_no_more_than_half_is_not() {
    let activity = http2();
    for _ in 0..MAX_ABANDONED * 10 {
        activity.request(false).finish();
        drop(activity.request(false));
    }
    assert!(!is_abused(&activity).await);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_stops_reading_is_given_up() {
    let activity = Activity::new();
    activity.received(b"GET / HTTP/1.1\r\n\r\n");
    let _request = activity.request(false);
    activity.write_blocked();
    tokio::time::sleep(Duration::from_secs(59)).await;
    assert!(activity.write_moved(1 << 20));
    activity.write_blocked();
    assert_eq!(expiry_of(&activity).await, (60, Expiry::BlockedWrite));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_a_byte_now_and_then_is_given_up_too() {
    let activity = Activity::new();
    activity.received(b"GET / HTTP/1.1\r\n\r\n");
    let _request = activity.request(false);
    for _ in 0..5 {
        activity.write_blocked();
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert!(!activity.write_moved(1));
    }
    // What the upstream takes to produce more is not the peer's time.
    tokio::time::sleep(Duration::from_secs(3600)).await;
    activity.write_blocked();
    assert_eq!(expiry_of(&activity).await, (10, Expiry::BlockedWrite));
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_idle_before_its_first_byte_and_between_requests_only() {
    let second = Duration::from_secs(1);
    let activity = Activity::new();
    tokio::time::sleep(second).await;
    assert_eq!(idle_for(&activity), Some(second));
    activity.received(b"G");
    assert_eq!(idle_for(&activity), None);
    let request = activity.request(false);
    assert_eq!(idle_for(&activity), None);
    activity.write_blocked();
    drop(request);
    assert_eq!(
        idle_for(&activity),
        None,
        "the answer is still being written"
    );
    activity.write_moved(1 << 20);
    tokio::time::sleep(second).await;
    assert_eq!(idle_for(&activity), Some(second));
    activity.received(b"G");
    assert_eq!(idle_for(&activity), None);
}

fn idle_for(activity: &Activity) -> Option<Duration> {
    activity.idle_since().map(|since| since.elapsed())
}
