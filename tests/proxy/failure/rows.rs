//! The faults, and what a caller must see of each.

use super::faulty::CONVERSATION;

/// What the upstream does instead of answering. At the end it closes the connection.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Reads the rest of the request.
    Body,
    Send(Vec<u8>),
    /// A byte now and then, without end.
    Drip(&'static [u8]),
    /// The same again and again, without end.
    Flood(&'static [u8]),
    HalfClose,
    /// The connection ends with a reset.
    Reset,
    /// Waits until the proxy ends the connection.
    Hold,
}

/// What becomes of a request that is passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// 502 `patchwright.upstream.broken`.
    Broken,
    /// 504 `patchwright.upstream.timeout`.
    Late,
    /// The answer, visibly incomplete.
    Cut,
    /// Either of both, as a reset overtakes what was sent before it.
    CutOrBroken,
    /// This answer.
    Whole(u16, &'static [u8]),
}

#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) name: &'static str,
    /// Before any request was read.
    pub(super) at_accept: bool,
    pub(super) steps: Vec<Step>,
    pub(super) seen: Seen,
    /// A lookup ends by its timeout, and not at once.
    pub(super) slow: bool,
    /// The answer is as it should be, and so is the connection.
    pub(super) sound: bool,
}

impl Row {
    fn new(name: &'static str, steps: Vec<Step>, seen: Seen) -> Self {
        Self {
            name,
            at_accept: false,
            steps,
            seen,
            slow: seen == Seen::Late,
            sound: false,
        }
    }

    fn at_accept(mut self) -> Self {
        self.at_accept = true;
        self
    }

    fn slow(mut self) -> Self {
        self.slow = true;
        self
    }

    fn sound(mut self) -> Self {
        self.sound = true;
        self
    }
}

fn send(text: impl AsRef<[u8]>) -> Step {
    Step::Send(text.as_ref().to_vec())
}

/// All of a conversation, of an answer that is to be longer: whoever takes it for whole is found out.
fn part(framing: &str, before: &str, after: &str) -> Step {
    send(format!(
        "HTTP/1.1 200 OK\r\n{framing}\r\n\r\n{before}{CONVERSATION}{after}"
    ))
}

pub(super) fn rows() -> Vec<Row> {
    [breaks(), nonsense(), slowness(), surplus(), odd()].concat()
}

fn breaks() -> Vec<Row> {
    use Seen::{Broken, Cut, CutOrBroken};
    use Step::{Body, HalfClose, Hold, Reset};
    let longer = format!("Content-Length: {}", CONVERSATION.len() + 1);
    let chunked = "Transfer-Encoding: chunked";
    let size = format!("{:x}\r\n", CONVERSATION.len());
    vec![
        Row::new("closed right after accept", vec![], Broken).at_accept(),
        Row::new("reset right after accept", vec![Reset], Broken).at_accept(),
        Row::new("closed after the head", vec![], Broken),
        Row::new("reset after the head", vec![Reset], Broken),
        Row::new("closed after the request", vec![Body], Broken),
        Row::new("reset after the request", vec![Body, Reset], Broken),
        Row::new("half-closed", vec![Body, HalfClose, Hold], Broken),
        Row::new(
            "closed in the status line",
            vec![Body, send("HTTP/1.1 202 Acc")],
            Broken,
        ),
        Row::new(
            "closed in the answer's head",
            vec![Body, send("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n")],
            Broken,
        ),
        Row::new(
            "reset in the answer's head",
            vec![Body, send("HTTP/1.1 202 Accepted\r\nX-"), Reset],
            Broken,
        ),
        Row::new(
            "closed before the body",
            vec![Body, send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")],
            Cut,
        ),
        Row::new("closed in a body", vec![Body, part(&longer, "", "")], Cut),
        Row::new(
            "reset in a body",
            vec![Body, part(&longer, "", ""), Reset],
            CutOrBroken,
        ),
        Row::new(
            "closed in a chunk",
            vec![Body, part(chunked, "fff\r\n", "")],
            Cut,
        ),
        Row::new(
            "closed after a chunk",
            vec![Body, part(chunked, &size, "\r\n")],
            Cut,
        ),
        Row::new(
            "closed in a chunk size",
            vec![Body, part(chunked, &size, "\r\n1")],
            Cut,
        ),
        Row::new(
            "closed in the last chunk",
            vec![Body, part(chunked, &size, "\r\n0\r\n")],
            Cut,
        ),
        Row::new(
            "reset where only the end of the connection ends the body",
            vec![Body, part("X: y", "", ""), Reset],
            CutOrBroken,
        ),
    ]
}

fn nonsense() -> Vec<Row> {
    use Seen::{Broken, Cut};
    use Step::{Body, Flood, Hold};
    let answers: [(&'static str, &[u8]); 11] = [
        ("another protocol", b"SSH-2.0-OpenSSH_9.9\r\n\r\n"),
        ("a TLS alert", b"\x15\x03\x03\x00\x02\x02\x46"),
        ("NULs", &[0; 64]),
        ("a status that is none", b"HTTP/1.1 OK\r\n\r\n"),
        ("a version that is none", b"HTTP/2.0 200 OK\r\n\r\n"),
        (
            "two lengths",
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}}",
        ),
        (
            "a negative length",
            b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}",
        ),
        (
            "an unknown transfer coding",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: unknown\r\n\r\n{}",
        ),
        (
            "a transfer coding that nobody asked for",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\nwhole",
        ),
        (
            "a switch of protocols that nobody asked for",
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        ),
        (
            "a broken header line",
            b"HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 2\r\n\r\n{}",
        ),
    ];
    let mut rows: Vec<_> = answers
        .into_iter()
        .map(|(name, answer)| Row::new(name, vec![Body, send(answer), Hold], Broken))
        .collect();
    let start = || send("HTTP/1.1 200 OK\r\n");
    let large = format!("X: {}\r\n\r\n", "x".repeat(2 << 20));
    rows.extend([
        Row::new(
            "header lines without end",
            vec![Body, start(), Flood(b"X-More: and more\r\n")],
            Broken,
        ),
        Row::new(
            "a head without end and without a line",
            vec![Body, Flood(b"HTTP/1.1 200 OK")],
            Broken,
        ),
        Row::new(
            "a header larger than any buffer",
            vec![Body, start(), send(large), Hold],
            Broken,
        ),
        Row::new(
            "a chunk size that is none",
            vec![
                Body,
                part("Transfer-Encoding: chunked", "zz\r\n", "\r\n0\r\n\r\n"),
                Hold,
            ],
            Cut,
        ),
        Row::new(
            "a chunk size beyond all numbers",
            vec![
                Body,
                part("Transfer-Encoding: chunked", "fffffffffffffffff\r\n", ""),
                Hold,
            ],
            Cut,
        ),
        // Up to here its framing is known, so that the connection may be used again: it is the upstream
        // that ends it.
        Row::new(
            "a transfer coding that nobody asked for, to its end",
            vec![
                Body,
                send(
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\nwhole\r\n0\r\n\r\n",
                ),
            ],
            Broken,
        ),
    ]);
    rows
}

fn slowness() -> Vec<Row> {
    use Seen::{Cut, Late};
    use Step::{Body, Drip, Flood, Hold};
    let longer = format!("Content-Length: {}", CONVERSATION.len() + 1);
    vec![
        Row::new("silence", vec![Body, Hold], Late),
        Row::new(
            "silence after the status",
            vec![Body, send("HTTP/1.1 200 OK\r\n"), Hold],
            Late,
        ),
        Row::new("a head byte by byte", vec![Body, Drip(b"H")], Late),
        Row::new(
            "header lines byte by byte",
            vec![Body, send("HTTP/1.1 200 OK\r\n"), Drip(b"X: y\r\n")],
            Late,
        ),
        Row::new(
            "100s without end",
            vec![Body, Flood(b"HTTP/1.1 100 Continue\r\n\r\n")],
            Late,
        ),
        Row::new(
            "103s without end",
            vec![
                Body,
                Flood(b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n"),
            ],
            Late,
        ),
        Row::new(
            "a body that stops coming",
            vec![Body, part(&longer, "", ""), Hold],
            Cut,
        )
        .slow(),
    ]
}

/// More than was asked for: none of it may be taken for the answer to the next request.
fn surplus() -> Vec<Row> {
    use Seen::Whole;
    use Step::{Body, HalfClose, Hold};
    let second = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison";
    let twice = |first: &str| vec![Body, send(format!("{first}{second}")), Hold];
    vec![
        Row::new(
            "a body longer than its length",
            twice("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}surplus"),
            Whole(200, b"{}"),
        ),
        Row::new(
            "two answers",
            twice("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
            Whole(200, b"{}"),
        ),
        Row::new(
            "two answers, the first chunked",
            twice("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
            Whole(200, b"{}"),
        ),
        Row::new(
            "a 204 with a body",
            twice("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello"),
            Whole(204, b""),
        ),
        Row::new(
            "a 304 with a body",
            twice("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello"),
            Whole(304, b""),
        ),
        Row::new(
            "an answer before the request was read, and no more",
            vec![
                send("HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig"),
                HalfClose,
                Hold,
            ],
            Whole(413, b"big"),
        ),
    ]
}

/// Unusual, but an answer.
fn odd() -> Vec<Row> {
    use Seen::Whole;
    use Step::Body;
    vec![
        Row::new(
            "a body that the end of the connection ends",
            vec![Body, send("HTTP/1.1 200 OK\r\n\r\n{}")],
            Whole(200, b"{}"),
        ),
        Row::new(
            "a redirect",
            vec![
                Body,
                send(
                    "HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
                ),
                Step::Hold,
            ],
            Whole(307, b""),
        )
        .sound(),
        Row::new(
            "an error that is no text",
            vec![
                Body,
                send(b"HTTP/1.1 500 \r\nContent-Length: 4\r\n\r\n\xff\x00{\xfe"),
                Step::Hold,
            ],
            Whole(500, b"\xff\x00{\xfe"),
        )
        .sound(),
        Row::new(
            "interim answers before the answer",
            vec![
                Body,
                send(
                    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n\
                     HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n",
                ),
                Step::Hold,
            ],
            Whole(503, b""),
        )
        .sound(),
    ]
}
