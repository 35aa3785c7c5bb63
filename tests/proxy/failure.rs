//! No answer from the upstream.

mod faulty;
mod reach;
mod rows;
mod table;

use std::time::Duration;

use crate::support::{Gateway, Listening};

/// Between two bytes of an upstream that lets them drip.
const DRIP: Duration = Duration::from_millis(40);

const PATCH: &str = "PATCH /x HTTP/1.1\r\nHost: p\r\nContent-Length: 2\r\n\r\n{}";

#[tokio::test]
async fn nobody_listening_is_502_unreachable() {
    let gone = Listening::new().await.address;
    let gateway = Gateway::at(gone).start().await;
    let mut caller = gateway.caller().await;
    caller.send(PATCH).await;
    let (head, body) = caller.message().await;
    assert_eq!(head.status(), 502);
    assert_eq!(head.one("content-type"), Some("application/json"));
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["code"], "patchwright.upstream.unreachable");
    assert_eq!(body["status"], 502);
    gateway.counted(r#"patchwright_upstream_answers_total{upstream="api",status="none"} 1"#);
    gateway.counted(r#"code="patchwright.upstream.unreachable"} 1"#);
}

#[tokio::test]
async fn a_connection_that_breaks_is_502_broken_and_the_request_went_out_once() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address).start().await;
    let mut caller = gateway.caller().await;
    // The second request goes over a connection from the pool: that is where clients like to retry.
    for request in 0..2 {
        caller.send(PATCH).await;
        let mut up = upstream.accept().await;
        if request == 0 {
            up.message().await;
            up.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                .await;
            assert_eq!(caller.message().await.0.status(), 200);
            caller.send(PATCH).await;
        }
        up.message().await;
        drop(up);
        let (head, body) = caller.message().await;
        assert_eq!(head.status(), 502);
        assert!(body.contains("patchwright.upstream.broken"), "{body}");
        assert!(upstream.is_left_alone().await, "the PATCH was sent again");
    }
}

/// The head says what the upstream decided, and a caller that gets nothing at all may think that its
/// request was never read.
#[tokio::test]
async fn an_answer_that_breaks_off_is_passed_on_as_far_as_it_came() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address).start().await;
    let mut caller = gateway.caller().await;
    let path = "/api/v2/conversations/c/participants/p";
    let body = r#"{"attributes":{}}"#;
    caller
        .send(format!(
            "PATCH {path} HTTP/1.1\r\nHost: p\r\nAuthorization: Bearer t\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ))
        .await;
    let mut up = upstream.accept().await;
    assert!(up.head().await.start().starts_with("GET "));
    let known = r#"{"id":"c","participants":[{"id":"p","state":"connected","queueId":"q"}]}"#;
    let length = known.len();
    up.send(format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{known}"))
        .await;
    up.message().await;
    // Read in full before it is passed on, for it may be a reason to send again: head, body and end are
    // all there at once.
    up.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 100\r\n\r\nas far as")
        .await;
    drop(up);
    let came = caller.rest().await;
    assert!(came.starts_with("HTTP/1.1 400 "), "{came:?}");
    assert!(came.ends_with("\r\n\r\nas far as"), "{came:?}");
}

#[tokio::test]
async fn an_upload_may_take_longer_than_the_answer_may() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address)
        .with(|config| config.timeouts.request = Duration::from_millis(300))
        .start()
        .await;
    let mut caller = gateway.caller().await;
    caller
        .send("POST / HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\n")
        .await;
    let mut up = upstream.accept().await;
    up.head().await;
    for byte in ["h", "e", "l", "l", "o"] {
        tokio::time::sleep(Duration::from_millis(80)).await;
        caller.send(byte).await;
        assert_eq!(up.exactly(1).await, byte);
    }
    up.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        .await;
    assert_eq!(caller.head().await.status(), 200);
}

#[tokio::test]
async fn a_caller_that_stops_sending_is_told_so_and_the_upstream_is_not_blamed() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address)
        .with(|config| config.timeouts.idle = Duration::from_millis(50))
        .start()
        .await;
    let mut caller = gateway.caller().await;
    caller
        .send("POST / HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\nhel")
        .await;
    let mut up = upstream.accept().await;
    up.until("hel").await;
    let (head, body) = caller.message().await;
    assert_eq!(head.status(), 408);
    assert!(body.contains("patchwright.request.timeout"), "{body}");
    assert_eq!(
        up.rest().await,
        "",
        "the upstream never gets a completed request"
    );
    let metrics = gateway.metrics.render();
    let answers = "patchwright_upstream_answers_total{";
    let mut answers = metrics.lines().filter(|line| line.starts_with(answers));
    assert!(answers.all(|line| line.ends_with(" 0")), "{metrics}");
}

#[tokio::test]
async fn a_caller_that_hangs_up_in_its_body_never_completes_upstream() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address).start().await;
    let mut caller = gateway.caller().await;
    caller
        .send("POST / HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        .await;
    let mut up = upstream.accept().await;
    up.until("one\r\n").await;
    drop(caller);
    assert_eq!(up.rest().await, "", "no last chunk");
    let metrics = gateway.metrics.render();
    let answers = "patchwright_upstream_answers_total{";
    let mut answers = metrics.lines().filter(|line| line.starts_with(answers));
    assert!(answers.all(|line| line.ends_with(" 0")), "{metrics}");
}
