//! `Expect` and interim answers (RFC 9110 sections 10.1.1 and 15.2).

use super::{OK, both};

/// 9110 §10.1.1: 100 comes from here, once, and not before the body is wanted.
#[tokio::test]
async fn a_hundred_continue_comes_once_and_when_the_body_is_wanted() {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    caller
        .send("PUT / HTTP/1.1\r\nHost: p\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n")
        .await;
    let mut up = upstream.accept().await;
    assert_eq!(caller.head().await.0, "HTTP/1.1 100 Continue\r\n\r\n");
    up.send("HTTP/1.1 100 Continue\r\n\r\n").await;
    caller.send("ok").await;
    let (head, body) = up.message().await;
    assert_eq!((head.one("expect"), body.as_str()), (None, "ok"));
    up.send(OK).await;
    assert_eq!(caller.head().await.status(), 200);
}

/// 9110 §10.1.1: no 100 where the final answer is there first; then the body isn't waited for.
#[tokio::test]
async fn a_refusal_comes_in_place_of_the_100() {
    let (upstream, gateway) = both().await;
    for expect in ["something", "100-continue, x", "100-continue\r\nExpect: x"] {
        let mut caller = gateway.caller().await;
        caller
            .send(format!(
                "PUT / HTTP/1.1\r\nHost: p\r\nExpect: {expect}\r\nContent-Length: 2\r\n\r\n"
            ))
            .await;
        let (head, body) = caller.message().await;
        assert_eq!(head.status(), 417, "{expect}");
        assert!(body.contains("patchwright.request.expectation"), "{body}");
        assert_eq!(caller.rest().await, "");
    }
    assert!(upstream.is_left_alone().await);
}

/// 9110 §10.1.1: HTTP/1.0 knows no interim answers, and its expectation is ignored.
#[tokio::test]
async fn an_http_1_0_caller_gets_no_100() {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    caller
        .send("PUT / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        .await;
    let mut up = upstream.accept().await;
    up.head().await;
    assert!(caller.is_silent().await, "an interim answer came");
    caller.send("ok").await;
    assert_eq!(up.exactly(2).await, "ok");
    up.send(OK).await;
    assert!(caller.head().await.start().ends_with(" 200 OK"));
}

/// 9110 §10.1.1: a request without a body needs no 100.
#[tokio::test]
async fn without_a_body_there_is_no_100() {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    caller
        .send("GET / HTTP/1.1\r\nHost: p\r\nExpect: 100-continue\r\n\r\n")
        .await;
    let mut up = upstream.accept().await;
    assert_eq!(up.head().await.one("expect"), None);
    up.send(OK).await;
    assert_eq!(caller.head().await.status(), 200);
}

const HINT: &str = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nLink: </b>\r\nConnection: x-a\r\nX-A: 1\r\n\
                    Keep-Alive: x\r\nContent-Length: 5\r\n\r\n";
/// Without what is for one hop, and without a length: there is no content (9110 §8.6).
const HINTED: &str = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\nlink: </b>\r\n\r\n";

/// 9110 §15.2: as they come, however many.
#[tokio::test]
async fn interim_answers_pass_as_they_come() {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    for round in 0..2 {
        caller.send(super::GET).await;
        let mut up = upstream.accept().await;
        up.head().await;
        up.send("HTTP/1.1 102 Processing\r\n\r\n").await;
        assert_eq!(caller.head().await.0, "HTTP/1.1 102 Processing\r\n\r\n");
        up.send(HINT).await;
        assert_eq!(caller.head().await.0, HINTED);
        up.send("HTTP/1.1 199 Own\r\n\r\n").await;
        assert_eq!(caller.head().await.0, "HTTP/1.1 199 \r\n\r\n");
        up.send("HTTP/1.1 100 Continue\r\n\r\n").await;
        assert!(caller.is_silent().await, "nobody waits for a 100");
        up.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
            .await;
        let (head, body) = caller.message().await;
        assert_eq!((head.status(), body.as_str()), (200, "ok"), "round {round}");
    }
}

/// With the answer right behind them, in one piece, and with other requests behind that.
#[tokio::test]
async fn an_answer_waits_for_the_interim_ones_before_it() {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    let count = 5;
    caller.send(super::GET.repeat(count)).await;
    let mut up = upstream.accept().await;
    for _ in 0..count {
        up.head().await;
        up.send(format!("{HINT}{HINT}{OK}")).await;
    }
    for _ in 0..count {
        assert_eq!(caller.head().await.0, HINTED);
        assert_eq!(caller.head().await.0, HINTED);
        let (head, body) = caller.message().await;
        assert_eq!((head.status(), body.as_str()), (200, "ok"));
    }
    assert!(caller.is_silent().await);
}

/// While the request's body is still coming, and a 100 of our own with it.
#[tokio::test]
async fn interim_answers_pass_during_an_upload() {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    caller
        .send("PUT / HTTP/1.1\r\nHost: p\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        .await;
    let mut up = upstream.accept().await;
    assert_eq!(caller.head().await.status(), 100);
    up.head().await;
    up.send(HINT).await;
    assert_eq!(caller.head().await.0, HINTED);
    caller.send("bo").await;
    assert_eq!(up.exactly(2).await, "bo");
    up.send(HINT).await;
    assert_eq!(caller.head().await.0, HINTED);
    caller.send("dy").await;
    up.exactly(2).await;
    up.send(OK).await;
    assert_eq!(caller.message().await.1, "ok");
}

/// Never in the middle of an answer: one that comes in the middle of content is content.
#[tokio::test]
async fn behind_the_head_of_an_answer_nothing_is_an_interim_one() {
    let (upstream, gateway) = both().await;
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{HINT}",
        HINT.len()
    );
    let (mut caller, _up) = super::answered(&upstream, &gateway, super::GET, answer).await;
    assert_eq!(caller.message().await.1, HINT);
}

/// A caller that reads late gets as many as there is room for, whole, and then the answer.
#[tokio::test]
async fn a_caller_that_reads_late_gets_whole_messages() {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    caller.send(super::GET).await;
    let mut up = upstream.accept().await;
    up.head().await;
    let long = format!(
        "HTTP/1.1 103 Early Hints\r\nlink: {}\r\n\r\n",
        "x".repeat(8000)
    );
    for _ in 0..200 {
        up.send(&long).await;
    }
    up.send(OK).await;
    let mut hints = 0;
    loop {
        let head = caller.head().await;
        if head.status() == 200 {
            break;
        }
        assert_eq!(head.0, long);
        hints += 1;
    }
    assert_eq!(caller.exactly(2).await, "ok");
    assert!((1..=32).contains(&hints), "{hints}");
    up.send("").await;
    caller.send(super::GET).await;
    up.head().await;
}

/// 9110 §15.2: HTTP/1.0 knows none.
#[tokio::test]
async fn an_http_1_0_caller_gets_no_interim_answer() {
    let (upstream, gateway) = both().await;
    let request = "GET / HTTP/1.0\r\n\r\n";
    let (mut caller, _up) =
        super::answered(&upstream, &gateway, request, format!("{HINT}{OK}")).await;
    assert!(caller.head().await.start().ends_with(" 200 OK"));
}

/// Interim answers are no answer: the upstream's time runs on.
#[tokio::test]
async fn interim_answers_without_end_are_504() {
    let upstream = crate::support::Listening::new().await;
    let gateway = crate::support::Gateway::at(upstream.address)
        .with(|config| config.timeouts.request = std::time::Duration::from_millis(300))
        .start()
        .await;
    let mut caller = gateway.caller().await;
    caller.send(super::GET).await;
    let mut up = upstream.accept().await;
    up.head().await;
    crate::support::within("the proxy to have enough", async {
        let mut every = tokio::time::interval(std::time::Duration::from_millis(5));
        while tokio::io::AsyncWriteExt::write_all(&mut up.stream, HINT.as_bytes())
            .await
            .is_ok()
        {
            every.tick().await;
        }
    })
    .await;
    let mut hints = 0;
    let last = loop {
        let head = caller.head().await;
        if head.status() != 103 {
            break head;
        }
        assert_eq!(head.0, HINTED);
        hints += 1;
    };
    assert_eq!(last.status(), 504);
    assert_eq!(hints, 32, "they are bounded in number");
}
