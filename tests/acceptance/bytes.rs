//! What happens to the bytes of a body, between two raw sockets.

pub(crate) mod bodies;

use crate::support::{Listening, Peer, Recorder, proxy, request};
use bodies::{BOTH, Becomes, Inserted, Untouched, bodies};

const PATH: &str = "/api/v2/conversations/c1/participants/p1";
pub(crate) const CONVERSATION: &str =
    r#"{"participants":[{"id":"p1","messages":[{"state":"connected"}],"queueId":"q1"}]}"#;
#[tokio::test]
async fn the_insertion_and_nothing_else_changes() {
    let upstream = Recorder::new(CONVERSATION).await;
    let proxy = proxy("", upstream.address);
    let mut caller = Peer::connect(proxy.address).await;
    let lines = ["Authorization: Bearer a", "Content-Type: application/json"];
    for (name, body, fate) in bodies() {
        caller.send(request("PATCH", PATH, &lines, &body)).await;
        let answer = caller.message().await.0;
        let report = answer.one("patchwright").unwrap();
        let (head, sent) = upstream.take().pop().unwrap();
        let (expected, says) = match fate {
            Inserted(at, insertion) => {
                let (before, after) = body.split_at(at);
                (
                    [before, insertion.as_bytes(), after].concat(),
                    "outcome=repaired",
                )
            }
            Becomes(text) => (text.as_bytes().to_vec(), "outcome=repaired"),
            Untouched("") => (body, "outcome=complete"),
            Untouched(reason) => (body, reason),
        };
        let shown =
            |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
        assert!(
            sent == expected,
            "{name}: {} is not {}",
            shown(&sent),
            shown(&expected)
        );
        assert!(report.contains(says), "{name}: {report}");
        assert_eq!(
            head.one("content-length"),
            Some(&*expected.len().to_string()),
            "{name}"
        );
        assert_eq!(head.one("transfer-encoding"), None, "{name}");
    }
}

#[tokio::test]
async fn a_body_in_a_coding_is_untouched_and_says_why() {
    let upstream = Recorder::new(CONVERSATION).await;
    let proxy = proxy("", upstream.address);
    let mut caller = Peer::connect(proxy.address).await;
    // {"attributes":{}} in gzip, without its checksum: nobody here looks.
    let zipped = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\xab\x56\x4a\x2c\x29\x29\xca\x4c\x2a\x2d\x49\x2d\x56\xb2\xaa\xae\x05\x00";
    for coding in ["gzip", "br", "made-up"] {
        let coding = format!("Content-Encoding: {coding}");
        let lines = [
            "Authorization: Bearer a",
            "Content-Type: application/json",
            &coding,
        ];
        caller.send(request("PATCH", PATH, &lines, zipped)).await;
        let answer = caller.message().await.0;
        let report = answer.one("patchwright").unwrap();
        let (head, sent) = upstream.take().pop().unwrap();
        assert_eq!(sent, zipped);
        assert!(report.contains("reason=coding"), "{report}");
        assert!(
            head.0
                .to_ascii_lowercase()
                .contains(&coding.to_ascii_lowercase())
        );
    }
}

#[tokio::test]
async fn a_body_in_chunks_is_repaired_and_has_a_length_then() {
    let upstream = Recorder::new(CONVERSATION).await;
    let proxy = proxy("", upstream.address);
    let mut caller = Peer::connect(proxy.address).await;
    let head = format!(
        "PATCH {PATH} HTTP/1.1\r\nHost: p\r\nAuthorization: Bearer a\r\n\
         Content-MD5: x\r\nDigest: y\r\nX-Kept: z\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    // The pieces cut a name and a character in two.
    caller
        .send(head + "3\r\n{\"a\r\nc;x=y\r\nttributes\":\"\r\n")
        .await;
    caller.send(b"1\r\n\xc3\r\n3\r\n\xa9\"}\r\n0\r\n\r\n").await;
    let answer = caller.message().await.0;
    assert_eq!(answer.status(), 202);
    let (head, sent) = upstream.take().pop().unwrap();
    let expected = format!("{{{BOTH}\"attributes\":\"é\"}}");
    assert_eq!(String::from_utf8(sent).unwrap(), expected);
    assert_eq!(
        head.one("content-length"),
        Some(&*expected.len().to_string())
    );
    assert_eq!(head.one("content-type"), Some("application/json"));
    assert_eq!(head.one("x-kept"), Some("z"));
    for gone in ["transfer-encoding", "content-md5", "digest", "patchwright"] {
        assert_eq!(head.one(gone), None, "{gone}");
    }
}

#[tokio::test]
async fn a_body_that_announces_too_much_is_not_waited_for() {
    let upstream = Recorder::new(CONVERSATION).await;
    let head = |path: &str| {
        format!(
            "PATCH {path} HTTP/1.1\r\nHost: p\r\nAuthorization: Bearer a\r\nContent-Length: 2000\r\n\r\n"
        )
    };
    let refusing = "[repair]\non_too_large = \"reject\"\n[limits]\nbody = \"1000B\"";
    let refuses = proxy(refusing, upstream.address);
    let mut caller = Peer::connect(refuses.address).await;
    caller.send(head(PATH)).await;
    assert_eq!(caller.message().await.0.status(), 413);

    // Forwarded, too, while not one byte of it has come.
    let upstream = Listening::new().await;
    let forwards = proxy("[limits]\nbody = \"1000B\"", upstream.address);
    let mut caller = Peer::connect(forwards.address).await;
    caller.send(head(PATH)).await;
    let arrived = upstream.accept().await.head().await;
    assert_eq!(arrived.one("content-length"), Some("2000"));
}
