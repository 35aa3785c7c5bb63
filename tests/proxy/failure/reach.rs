//! No connection at all, and connections that die while nobody uses them.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::PATCH;
use super::faulty::CONVERSATION;
use crate::support::{Gateway, Listening, Peer, Running, within};

const GAP: &str = "PATCH /api/v2/conversations/c1/participants/p1 HTTP/1.1\r\nHost: p\r\n\
                   Authorization: Bearer a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

fn ok(body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}")
}

/// Answers and says that it is the last time, so that the next request needs a connection.
fn last(body: &str) -> String {
    ok(body).replacen("\r\n", "\r\nConnection: close\r\n", 1)
}

async fn answer(gateway: &Running, request: &str) -> (u16, String, String) {
    let mut caller = gateway.caller().await;
    caller.send(request).await;
    let (head, body) = caller.message().await;
    let report = head.one("patchwright").unwrap_or_default().to_owned();
    (head.status(), report, body)
}

/// Everything that needs a connection, while there is none. With `known` a snapshot is there.
async fn assert_unreachable(gateway: &Running, known: bool) {
    let (status, report, body) = answer(gateway, PATCH).await;
    assert_eq!((status, &*report), (502, ""));
    assert!(body.contains("patchwright.upstream.unreachable"), "{body}");
    assert!(body.contains("nothing was delivered"), "{body}");
    let (status, report, body) = answer(gateway, GAP).await;
    if known {
        assert_eq!(status, 502);
        assert!(body.contains("patchwright.upstream.unreachable"), "{body}");
        assert!(report.contains("outcome=repaired, reason=upstream_failed"));
    } else {
        assert_eq!(status, 503);
        assert!(body.contains("patchwright.lookup.unavailable"), "{body}");
        assert!(report.ends_with("outcome=rejected, reason=lookup_failed"));
    }
}

fn remembering(gateway: Gateway) -> Gateway {
    gateway.with(|config| {
        config.cache.max_age = Duration::from_secs(60);
        config.timeouts.connect = Duration::from_millis(200);
    })
}

/// Repairs one PATCH, after which there is a snapshot and no connection.
async fn warm(gateway: &Running, upstream: &TcpListener) {
    let serving = async {
        for body in [CONVERSATION, ""] {
            let mut up = Peer::new(upstream.accept().await.unwrap().0);
            up.message().await;
            up.send(last(body)).await;
        }
    };
    let ((status, report, _), ()) = tokio::join!(answer(gateway, GAP), serving);
    assert_eq!(status, 200, "{report}");
}

#[tokio::test]
async fn a_refused_connection() {
    for known in [false, true] {
        let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gateway = Gateway::at(upstream.local_addr().unwrap());
        let gateway = remembering(gateway).start().await;
        if known {
            warm(&gateway, &upstream).await;
        }
        drop(upstream);
        assert_unreachable(&gateway, known).await;
    }
}

#[tokio::test]
async fn a_connection_that_nobody_takes() {
    for known in [false, true] {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let upstream = socket.listen(1).unwrap();
        let address = upstream.local_addr().unwrap();
        let gateway = remembering(Gateway::at(address)).start().await;
        if known {
            warm(&gateway, &upstream).await;
        }
        let _waiting = fill(address).await;
        assert_unreachable(&gateway, known).await;
    }
}

/// Fills the backlog of a listener that accepts nothing, until a SYN is left unanswered.
async fn fill(address: SocketAddr) -> Vec<TcpStream> {
    let mut waiting = Vec::new();
    let moment = Duration::from_millis(100);
    while let Ok(connected) = tokio::time::timeout(moment, TcpStream::connect(address)).await {
        waiting.push(connected.unwrap());
        assert!(waiting.len() < 100, "the backlog has no end");
    }
    waiting
}

#[tokio::test]
async fn a_name_that_nobody_has() {
    let gateway = remembering(Gateway::to("http://nobody.invalid:81"));
    assert_unreachable(&gateway.start().await, false).await;
}

#[tokio::test]
async fn a_patch_on_a_stale_connection_is_sent_elsewhere_only_if_none_of_it_was_sent() {
    for reset in [false, true] {
        for request in [PATCH, GAP] {
            let upstream = Listening::new().await;
            let gateway = remembering(Gateway::at(upstream.address)).start().await;
            let mut caller = gateway.caller().await;
            caller.send(request).await;
            let mut up = upstream.accept().await;
            if request == GAP {
                up.message().await;
                up.send(ok(CONVERSATION)).await;
            }
            up.message().await;
            up.send(ok("")).await;
            caller.message().await;
            if reset {
                up.stream.set_zero_linger().unwrap();
            }
            // The end of the connection and the request cross each other.
            drop(up);
            caller.send(request).await;
            let mut seen = 0;
            let serving = async {
                loop {
                    let mut up = upstream.accept().await;
                    let (head, _) = up.message().await;
                    assert!(head.start().starts_with("PATCH "));
                    seen += 1;
                    up.send(ok("")).await;
                }
            };
            let head = tokio::select! {
                (head, _) = caller.message() => head,
                () = serving => unreachable!(),
            };
            // Which of both it is depends on whether the proxy had noticed.
            match head.status() {
                200 => assert_eq!(seen, 1),
                status => assert_eq!((status, seen), (502, 0)),
            }
        }
    }
}

#[tokio::test]
async fn a_lookup_on_a_stale_connection_is_repeated_once_and_the_patch_is_sent_once() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address).start().await;
    let mut caller = gateway.caller().await;
    caller.send(PATCH).await;
    let mut stale = upstream.accept().await;
    stale.message().await;
    stale.send(ok("")).await;
    caller.message().await;
    caller.send(GAP).await;
    // It closes just as the lookup has arrived on it.
    assert!(stale.head().await.start().starts_with("GET "));
    drop(stale);
    let mut up = upstream.accept().await;
    assert!(up.head().await.start().starts_with("GET "));
    up.send(ok(CONVERSATION)).await;
    let (head, body) = up.message().await;
    assert!(head.start().starts_with("PATCH "));
    assert!(body.contains("connected"), "{body}");
    up.send(ok("")).await;
    assert_eq!(caller.message().await.0.status(), 200);
    assert!(upstream.is_left_alone().await);
}

#[tokio::test]
async fn an_answer_while_the_request_is_still_being_sent_gets_through() {
    for status in ["200 OK", "400 Bad Request"] {
        let upstream = Listening::new().await;
        let gateway = Gateway::at(upstream.address).start().await;
        let mut caller = gateway.caller().await;
        caller
            .send("PATCH /x HTTP/1.1\r\nHost: p\r\nContent-Length: 10\r\n\r\nhello")
            .await;
        let mut up = upstream.accept().await;
        up.until("hello").await;
        let answer = ok("early").replace("200 OK", &format!("{status}\r\nConnection: close"));
        up.send(answer).await;
        drop(up);
        let (head, body) = caller.message().await;
        assert_eq!(
            (head.start(), &*body),
            (&*format!("HTTP/1.1 {status}"), "early")
        );
        assert!(upstream.is_left_alone().await);
    }
}

/// A reset may overtake what was sent before it (RFC 9112 section 9.6), so that either is right.
#[tokio::test]
async fn an_answer_in_front_of_a_reset_is_the_answer_or_none() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address).start().await;
    let mut caller = gateway.caller().await;
    caller
        .send("PUT /x HTTP/1.1\r\nHost: p\r\nContent-Length: 8000000\r\n\r\n")
        .await;
    let mut up = upstream.accept().await;
    up.head().await;
    // Far more than anybody buffers, and none of it is read.
    let (mut reading, mut writing) = caller.stream.into_split();
    let sending = tokio::spawn(async move {
        let piece = vec![b'x'; 100_000];
        for _ in 0..80 {
            if writing.write_all(&piece).await.is_err() {
                break;
            }
        }
        writing
    });
    up.stream.readable().await.unwrap();
    up.send("HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig")
        .await;
    drop(up);
    let mut answer = Vec::new();
    let ended = reading.read_to_end(&mut answer);
    let _ = within("the end", ended).await;
    let answer = String::from_utf8(answer).unwrap();
    let is_answer = answer.starts_with("HTTP/1.1 413 ") && answer.ends_with("big");
    let is_none = answer.starts_with("HTTP/1.1 502 ") && answer.contains("upstream.broken");
    assert!(is_answer || is_none, "{answer:?}");
    sending.abort();
    assert!(upstream.is_left_alone().await);
}

#[tokio::test]
async fn a_rejection_that_breaks_off_is_none() {
    for (framing, rejection) in [
        ("Content-Length: 30", r#"{"message":"no"}"#),
        (
            "Transfer-Encoding: chunked",
            "10\r\n{\"message\":\"no\"}\r\n",
        ),
    ] {
        for status in ["400 Bad Request", "409 Conflict"] {
            let upstream = Listening::new().await;
            let gateway = Gateway::at(upstream.address).start().await;
            let mut caller = gateway.caller().await;
            caller.send(GAP).await;
            let mut up = upstream.accept().await;
            up.head().await;
            up.send(ok(CONVERSATION)).await;
            up.message().await;
            up.send(format!("HTTP/1.1 {status}\r\n{framing}\r\n\r\n{rejection}"))
                .await;
            drop(up);
            let head = caller.head().await;
            assert_eq!(head.start(), format!("HTTP/1.1 {status}"));
            let rest = caller.rest().await;
            assert!(rest.len() < 30 && !rest.ends_with("0\r\n\r\n"), "{rest}");
            // Neither looked up again nor sent again.
            assert!(upstream.is_left_alone().await);
        }
    }
}
