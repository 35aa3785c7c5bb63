//! RFC 9112 section 6.3, the answer: one framing per message, and nothing behind its end is an answer.

use super::{GET, OK, answered, both};

/// Section, head and content of the answer, what the caller gets as content.
type Row = (&'static str, &'static str, &'static str);

/// 9112 §6.3: framings that say one thing.
#[tokio::test]
async fn an_answers_framing_is_told_anew() {
    const LONG: &str = "A\r\nhello worl\r\n0\r\n\r\n";
    let rows: [Row; 7] = [
        ("9112 §6.3: a length", "Content-Length: 5", "hello"),
        (
            "9110 §8.6: the same length twice",
            "Content-Length: 5\r\nContent-Length: 5",
            "hello",
        ),
        ("9110 §8.6: in one line", "Content-Length: 5, 5", "hello"),
        ("9110 §8.6: zeros in front", "Content-Length: 005", "hello"),
        (
            "9112 §6.3: chunked wins over a shorter length",
            "Transfer-Encoding: chunked\r\nContent-Length: 3",
            LONG,
        ),
        (
            "9112 §6.3: and over a longer one",
            "Content-Length: 99\r\nTransfer-Encoding: Chunked",
            LONG,
        ),
        ("9112 §7: chunked", "Transfer-Encoding: chunked", LONG),
    ];
    for (section, lines, content) in rows {
        let (upstream, gateway) = both().await;
        let answer = format!("HTTP/1.1 200 OK\r\n{lines}\r\n\r\n{content}");
        let (mut caller, _up) = answered(&upstream, &gateway, GET, answer).await;
        let head = caller.head().await;
        if lines.contains("ransfer") {
            assert_eq!(head.one("content-length"), None, "{section}");
            assert_eq!(head.one("transfer-encoding"), Some("chunked"), "{section}");
            assert_eq!(caller.until("0\r\n\r\n").await, LONG, "{section}");
        } else {
            assert_eq!(head.one("transfer-encoding"), None, "{section}");
            let length: u64 = head.one("content-length").unwrap().parse().unwrap();
            assert_eq!(length, 5, "{section}");
            assert_eq!(caller.exactly(5).await, "hello", "{section}");
        }
        assert!(caller.is_silent().await, "{section}: more came");
    }
}

/// 9112 §6.3, §5.1, §5.2: answers that no two readers read alike are 502.
#[tokio::test]
async fn an_answer_without_a_meaning_is_502() {
    for (section, answer) in [
        (
            "9112 §6.3: lengths that differ",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        ),
        (
            "9112 §6.3: a list that differs",
            "HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\nab",
        ),
        (
            "9112 §6.3: no length",
            "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nab",
        ),
        (
            "9112 §6.3: a negative length",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nab",
        ),
        (
            "9112 §6.3: an empty length",
            "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nab",
        ),
        (
            "9112 §6.3: a length beyond 64 bits",
            "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551617\r\n\r\na",
        ),
        (
            "9112 §6.3: an unknown coding",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: x\r\n\r\nab",
        ),
        (
            "9112 §6.3: a coding in front",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        ),
        (
            "9112 §6.1: chunked twice",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        ),
        (
            "9112 §6.1: chunked in two lines",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        (
            "9112 §6.1: a coding on HTTP/1.0",
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        (
            "9112 §5.2: obs-fold",
            "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
        ),
        (
            "9110 §5.1: an empty name",
            "HTTP/1.1 200 OK\r\n: a\r\nContent-Length: 0\r\n\r\n",
        ),
        (
            "9110 §5.5: NUL",
            "HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n",
        ),
        (
            "9110 §5.5: bare CR",
            "HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n",
        ),
        (
            "9112 §4: no status",
            "HTTP/1.1 OK\r\nContent-Length: 0\r\n\r\n",
        ),
        (
            "9112 §4: a status of two digits",
            "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
        ),
        ("9112 §4: HTTP/0.9", "hello\r\n\r\n"),
        (
            "9112 §2.3: another version",
            "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        ),
    ] {
        eprintln!("{section}");
        let (upstream, gateway) = both().await;
        let (mut caller, mut up) = answered(&upstream, &gateway, GET, answer).await;
        let (head, body) = caller.message().await;
        assert_eq!(head.status(), 502, "{section}");
        assert!(
            body.contains("patchwright.upstream.broken"),
            "{section}: {body}"
        );
        // The next request goes elsewhere, and such a connection ends.
        caller.send(GET).await;
        upstream.accept().await.head().await;
        assert_eq!(up.rest().await, "", "{section}");
    }
}

/// 9112 §5.1: a proxy removes the space in front of an answer's colons.
#[tokio::test]
async fn space_before_the_colon_of_an_answer_is_removed() {
    let head = super::down("HTTP/1.1 200 OK\r\nX-A : 1\r\nContent-Length\t: 0\r\n\r\n").await;
    assert_eq!(head.one("x-a"), Some("1"));
    assert_eq!(head.one("content-length"), Some("0"));
}

/// 9112 §6.3: what follows an answer's end is never the next answer; the connection is given up.
#[tokio::test]
async fn surplus_bytes_are_never_the_next_answer() {
    let evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
    for (section, request, answer) in [
        ("a length", GET, format!("{OK}{evil}")),
        (
            "chunked",
            GET,
            format!(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n{evil}"
            ),
        ),
        (
            "9110 §15.3.5: 204",
            GET,
            format!("HTTP/1.1 204 No Content\r\n\r\n{evil}"),
        ),
        (
            "204 with a length",
            GET,
            "HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nevil".to_owned(),
        ),
        (
            "9110 §15.4.5: 304",
            GET,
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nevil".to_owned(),
        ),
        (
            "204 with a coding",
            GET,
            "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n"
                .to_owned(),
        ),
        (
            "9110 §9.3.2: HEAD",
            "HEAD / HTTP/1.1\r\nHost: p\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil".to_owned(),
        ),
        (
            "HEAD in chunks",
            "HEAD / HTTP/1.1\r\nHost: p\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n"
                .to_owned(),
        ),
    ] {
        let (upstream, gateway) = both().await;
        let (mut caller, mut up) = answered(&upstream, &gateway, request, answer).await;
        let head = caller.head().await;
        if request == GET && head.status() == 200 {
            caller.until("ok").await;
            if head.one("transfer-encoding").is_some() {
                caller.until("0\r\n\r\n").await;
            }
        }
        if head.status() == 204 {
            // 9110 §8.6, 9112 §6.1: neither may stand on a 204.
            assert_eq!(head.one("content-length"), None, "{section}");
            assert_eq!(head.one("transfer-encoding"), None, "{section}");
        }
        assert!(caller.is_silent().await, "{section}: surplus was passed on");
        assert_eq!(up.rest().await, "", "{section}: the connection was kept");
        caller.send("GET /next HTTP/1.1\r\nHost: p\r\n\r\n").await;
        let mut second = upstream.accept().await;
        second.head().await;
        second.send(OK).await;
        assert_eq!(caller.message().await.1, "ok", "{section}");
    }
}

/// 9112 §6.3: bytes that come on a connection that nobody asked on are no answer either.
#[tokio::test]
async fn an_answer_that_nobody_asked_for_is_not_used() {
    let (upstream, gateway) = both().await;
    let (mut caller, mut up) = answered(&upstream, &gateway, GET, OK).await;
    caller.message().await;
    up.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        .await;
    caller.send(GET).await;
    let mut second = upstream.accept().await;
    second.head().await;
    second.send(OK).await;
    assert_eq!(caller.message().await.1, "ok");
}

/// 9110 §9.3.2, §15.3.5, §15.4.5: answers without content, with both sides agreeing on where they end.
#[tokio::test]
async fn answers_without_content_keep_the_connection() {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    let mut connection = None;
    for (method, answer, status, length) in [
        ("HEAD", "200 OK\r\nContent-Length: 1234", 200, Some("1234")),
        ("HEAD", "200 OK\r\nTransfer-Encoding: chunked", 200, None),
        ("HEAD", "404 Not Found\r\nContent-Length: 9", 404, Some("9")),
        ("GET", "304 Not Modified\r\nETag: \"x\"", 304, None),
        ("DELETE", "204 No Content", 204, None),
        ("PATCH", "200 OK\r\nContent-Length: 0", 200, Some("0")),
    ] {
        caller
            .send(format!("{method} / HTTP/1.1\r\nHost: p\r\n\r\n"))
            .await;
        if connection.is_none() {
            connection = Some(upstream.accept().await);
        }
        let up = connection.as_mut().unwrap();
        assert_eq!(up.head().await.start(), format!("{method} / HTTP/1.1"));
        up.send(format!("HTTP/1.1 {answer}\r\n\r\n")).await;
        let head = caller.head().await;
        assert_eq!(head.status(), status, "{method} {answer}");
        assert_eq!(head.one("content-length"), length, "{method} {answer}");
        assert_eq!(head.one("connection"), None, "{method} {answer}");
    }
}

/// 9112 §6.3: an answer without framing ends with its connection, and a broken one is seen to be broken.
#[tokio::test]
async fn an_answer_that_ends_with_its_connection_is_given_framing() {
    for version in ["HTTP/1.0", "HTTP/1.1"] {
        let (upstream, gateway) = both().await;
        let answer = format!("{version} 200 OK\r\nX-A: 1\r\n\r\nhello");
        let (mut caller, up) = answered(&upstream, &gateway, GET, answer).await;
        let head = caller.head().await;
        assert_eq!(head.start(), "HTTP/1.1 200 OK");
        assert_eq!(head.one("transfer-encoding"), Some("chunked"));
        assert_eq!(caller.until("hello\r\n").await, "5\r\nhello\r\n");
        drop(up);
        assert_eq!(caller.until("\r\n\r\n").await, "0\r\n\r\n");
        caller.send(GET).await;
        upstream.accept().await.head().await;
    }
}

#[tokio::test]
async fn an_answer_whose_connection_is_reset_does_not_look_whole() {
    let (upstream, gateway) = both().await;
    let (mut caller, up) = answered(&upstream, &gateway, GET, "HTTP/1.1 200 OK\r\n\r\nhello").await;
    caller.head().await;
    caller.until("hello\r\n").await;
    // Without lingering, closing is a reset.
    up.stream.set_zero_linger().unwrap();
    drop(up);
    assert_eq!(caller.rest().await, "", "no last chunk");
}
