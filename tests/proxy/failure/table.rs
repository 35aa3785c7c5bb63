//! Each fault at each place: a request that is passed on, a repaired PATCH, and the lookup of a repair.

use std::time::Duration;

use super::faulty::Faulty;
use super::rows::{Row, Seen, rows};
use crate::support::{Gateway, Head, Peer, Running};

const P: &str = "/api/v2/conversations/c1/participants/p1";
/// Long enough for an upstream that answers on a busy machine.
const SHORT: Duration = Duration::from_millis(800);

/// Goes through all rows, also when one fails.
async fn each<F: Future<Output = ()> + Send + 'static>(test: impl Fn(Row) -> F) {
    let mut failed = Vec::new();
    for row in rows() {
        let name = row.name;
        if tokio::spawn(test(row)).await.is_err() {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

/// Goes through `P`, where a rule repairs it.
fn gap() -> String {
    request(P, "{}")
}

/// Passes as it is.
fn other() -> String {
    request("/other", "{}")
}

fn request(path: &str, body: &str) -> String {
    format!(
        "PATCH {path} HTTP/1.1\r\nHost: p\r\nAuthorization: Bearer a\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn gateway(upstream: &Faulty, row: &Row) -> Running {
    let gateway = Gateway::at(upstream.address).with(|config| {
        // Every PATCH at the end reads anew.
        config.cache.max_age = Duration::from_millis(1);
        if row.slow {
            config.timeouts.request = SHORT;
            // Longer, so that a lookup ends by its own.
            config.timeouts.idle = SHORT * 2;
            config.timeouts.lookup = SHORT;
        }
    });
    gateway.start().await
}

/// Sends a request and says what came back.
async fn ask(gateway: &Running, request: &str) -> (Head, Vec<u8>, bool) {
    let mut caller = gateway.caller().await;
    caller.send(request).await;
    let mut head = caller.head().await;
    // Those before the answer are passed on, too.
    while head.status() < 200 {
        head = caller.head().await;
    }
    let (body, whole) = body(&mut caller, &head).await;
    (head, body, whole)
}

/// The body, and whether it is whole by its framing.
async fn body(caller: &mut Peer, head: &Head) -> (Vec<u8>, bool) {
    if head.one("transfer-encoding") == Some("chunked") {
        let (mut body, mut is_last) = (Vec::new(), false);
        while !is_last {
            let Some(size) = caller.try_until("\r\n").await else {
                return (body, false);
            };
            let size = usize::from_str_radix(size.trim(), 16).unwrap();
            let Some(chunk) = caller.try_bytes(size + 2).await else {
                return (body, false);
            };
            body.extend_from_slice(&chunk[..size]);
            is_last = size == 0;
        }
        return (body, true);
    }
    let length = match (head.status(), head.one("content-length")) {
        (204 | 304, _) => 0,
        (_, length) => length.unwrap().parse().unwrap(),
    };
    match caller.try_bytes(length).await {
        Some(body) => (body, true),
        None => (Vec::new(), false),
    }
}

/// Whether the answer is one of our own, complete, with this status and code.
#[track_caller]
fn assert_own(row: &Row, (head, body, whole): &(Head, Vec<u8>, bool), status: u16, code: &str) {
    let text = String::from_utf8_lossy(body);
    assert_eq!(head.status(), status, "{}: {head:?} {text}", row.name);
    assert!(whole, "{}", row.name);
    let body: serde_json::Value = serde_json::from_slice(body).unwrap();
    assert_eq!(body["code"], code, "{}", row.name);
    assert_eq!(body["status"], status, "{}", row.name);
    if code == "patchwright.upstream.broken" {
        let message = body["message"].as_str().unwrap();
        assert!(message.contains("whether it carried out the request is unknown"));
        assert_eq!(
            head.one("retry-after"),
            None,
            "{}: no retry is safe",
            row.name
        );
    }
}

/// Whether `answer` is what the row wants; whether it is one of our own.
#[track_caller]
fn assert_seen(row: &Row, answer: &(Head, Vec<u8>, bool)) -> Option<u16> {
    let (head, body, whole) = answer;
    match row.seen {
        Seen::Broken => assert_own(row, answer, 502, "patchwright.upstream.broken"),
        Seen::Late => assert_own(row, answer, 504, "patchwright.upstream.timeout"),
        Seen::CutOrBroken if *whole => {
            assert_own(row, answer, 502, "patchwright.upstream.broken");
        }
        Seen::Cut | Seen::CutOrBroken => {
            assert!(
                (200..300).contains(&head.status()),
                "{}: {head:?}",
                row.name
            );
            assert!(!whole, "{}: it looks whole", row.name);
            return None;
        }
        Seen::Whole(status, expected) => {
            let seen = (head.status(), body.as_slice(), *whole);
            assert_eq!(seen, (status, expected, true), "{}", row.name);
            return None;
        }
    }
    Some(head.status())
}

/// Once the upstream is well again everything works, and not over a connection that met the fault.
async fn assert_healed(row: &Row, upstream: &Faulty, gateway: &Running) {
    upstream.heal();
    for request in [other(), gap(), other()] {
        let (head, body, whole) = ask(gateway, &request).await;
        let text = String::from_utf8_lossy(&body);
        assert_eq!(
            (head.status(), &*text, whole),
            (202, "", true),
            "{}",
            row.name
        );
    }
    let surplus = upstream.surplus().await;
    assert!(surplus.is_empty(), "{}: used again: {surplus:?}", row.name);
}

#[tokio::test]
async fn a_request_that_is_passed_on_meets_each_fault() {
    each(passed_on).await;
}

async fn passed_on(row: Row) {
    let upstream = Faulty::new(row.clone(), "PATCH", 0).await;
    let gateway = gateway(&upstream, &row).await;
    let answer = ask(&gateway, &other()).await;
    let own = assert_seen(&row, &answer);
    assert_eq!(answer.0.one("patchwright"), None, "{}", row.name);
    assert_eq!(upstream.struck(), 1, "{}: sent again", row.name);
    if let Some(status) = own {
        let code = if status == 504 { "timeout" } else { "broken" };
        gateway.counted(&format!(r#"code="patchwright.upstream.{code}"}} 1"#));
        gateway.counted(r#"upstream_answers_total{upstream="api",status="none"} 1"#);
    }
    if !row.sound {
        assert_healed(&row, &upstream, &gateway).await;
    }
}

#[tokio::test]
async fn a_repaired_patch_meets_each_fault_and_is_never_sent_twice() {
    each(repaired).await;
}

async fn repaired(row: Row) {
    // The lookup is answered, in the rows at accept over a connection of its own.
    let upstream = Faulty::new(row.clone(), "PATCH", 1).await;
    let gateway = gateway(&upstream, &row).await;
    let answer = ask(&gateway, &gap()).await;
    let own = assert_seen(&row, &answer);
    let report = answer.0.one("patchwright").unwrap();
    assert!(
        report.contains("outcome=repaired"),
        "{}: {report}",
        row.name
    );
    let failed = report.contains("reason=upstream_failed");
    assert_eq!(failed, own.is_some(), "{}: {report}", row.name);
    if let Some(status) = own {
        gateway.counted(&format!(
            r#"{{rule="participant",outcome="repaired",reason="upstream_failed",status="{status}"}} 1"#
        ));
    }
    assert_eq!(upstream.struck(), 1, "{}: sent again", row.name);
    assert!(upstream.saw("PATCH") <= 1, "{}", row.name);
    if !row.sound {
        assert_healed(&row, &upstream, &gateway).await;
    }
}

#[tokio::test]
async fn the_lookup_of_a_repair_meets_each_fault_and_nothing_is_sent() {
    each(looked_up).await;
}

async fn looked_up(row: Row) {
    let upstream = Faulty::new(row.clone(), "GET", 0).await;
    let gateway = gateway(&upstream, &row).await;
    let answer = ask(&gateway, &gap()).await;
    let (status, code, reason) = if row.slow {
        (504, "patchwright.lookup.timeout", "lookup_timeout")
    } else {
        (503, "patchwright.lookup.unavailable", "lookup_failed")
    };
    assert_own(&row, &answer, status, code);
    let wait = answer.0.one("retry-after");
    assert_eq!(
        wait,
        Some(if row.name.starts_with("interim") {
            "7"
        } else {
            "1"
        })
    );
    let report = answer.0.one("patchwright").unwrap();
    let expected = format!("rule=\"participant\", outcome=rejected, reason={reason}");
    assert_eq!(report, expected, "{}", row.name);
    gateway.counted(&format!(
        r#"outcome="rejected",reason="{reason}",status="{status}"}} 1"#
    ));
    assert_eq!(upstream.saw("PATCH"), 0, "{}", row.name);
    // A GET may be repeated, once, where it got no answer at all or not all of it.
    let repeated = !row.slow && !matches!(row.seen, Seen::Whole(..));
    assert_eq!(upstream.struck(), 1 + usize::from(repeated), "{}", row.name);
    if !row.sound {
        assert_healed(&row, &upstream, &gateway).await;
    }
}
