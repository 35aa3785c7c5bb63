//! RFC 9112 section 3: what is asked for, and of whom.

use super::{both, refused, up};

const MALFORMED: &str = "patchwright.request.malformed";

/// 9110 §7.7: path and query are forwarded byte for byte.
#[tokio::test]
async fn a_target_is_not_touched() {
    for target in [
        "/",
        "//",
        "//a//b/",
        "/.",
        "/..",
        "/a/../b/./c",
        "/..;/admin",
        "/a;x=1/b;y",
        "/%2F%2f/%2e%2E/%41%zz%",
        "/a?",
        "/?",
        "/?a=b&a=c&=&&?/..",
        "/a+b%20c?d+e",
        "/~!$&'()*,:@-._",
        "/a|b{e}\"f",
        "/\\..\\",
        "/日本語?ü=é",
    ] {
        eprintln!("{target}");
        let head = up(format!("GET {target} HTTP/1.1\r\nHost: p\r\n\r\n")).await;
        assert_eq!(head.start(), format!("GET {target} HTTP/1.1"));
    }
}

/// 9112 §3.2.2: the authority of an absolute target takes the place of `Host`; neither is dialled.
#[tokio::test]
async fn an_absolute_target_is_taken_apart() {
    for (target, expected) in [
        ("http://elsewhere.invalid/a?b", "/a?b"),
        ("https://elsewhere.invalid:1//a/../b", "//a/../b"),
        ("HTTP://elsewhere.invalid", "/"),
        ("http://elsewhere.invalid?a", "/?a"),
    ] {
        let (upstream, gateway) = both().await;
        let mut caller = gateway.caller().await;
        caller
            .send(format!(
                "GET {target} HTTP/1.1\r\nHost: other.invalid\r\n\r\n"
            ))
            .await;
        let head = upstream.accept().await.head().await;
        assert_eq!(head.start(), format!("GET {expected} HTTP/1.1"), "{target}");
        assert_eq!(head.one("host"), Some(&*upstream.address.to_string()));
    }
}

/// 9112 §3.2.4 and §3.2.3: `*` is for OPTIONS and an authority for CONNECT.
#[tokio::test]
async fn a_target_of_the_wrong_form_is_refused() {
    let (upstream, gateway) = both().await;
    for target in ["*", "example.com", "example.com:80", "127.0.0.1:80"] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: p\r\n\r\n");
        refused(&gateway, request, 400, MALFORMED).await;
    }
    assert!(upstream.is_left_alone().await);
}

/// 9112 §3.2: exactly one valid `Host`.
#[tokio::test]
async fn a_host_that_is_missing_doubled_or_none_is_refused() {
    let (upstream, gateway) = both().await;
    for lines in [
        "",
        "Host: a\r\nHost: a\r\n",
        "Host: a\r\nhOST: b\r\n",
        "Host:\r\n",
        "Host: \t \r\n",
        "Host: a b\r\n",
        "Host: a, b\r\n",
        "Host: a/b\r\n",
        "Host: http://a\r\n",
        "Host: u@a\r\n",
        "Host: a:b:c\r\n",
        "Host: [::1\r\n",
        "Host: a?b\r\n",
        "Host: a#b\r\n",
    ] {
        refused(
            &gateway,
            format!("GET / HTTP/1.1\r\n{lines}\r\n"),
            400,
            MALFORMED,
        )
        .await;
        // 9112 §3.2.2: an absolute target excuses none of it.
        let request = format!("GET http://a/ HTTP/1.1\r\n{lines}\r\n");
        refused(&gateway, request, 400, MALFORMED).await;
    }
    assert!(upstream.is_left_alone().await);
}

/// 9112 §3.2: a client before HTTP/1.1 need not know `Host`.
#[tokio::test]
async fn http_1_0_may_leave_host_out_and_not_double_it() {
    assert_eq!(
        up("GET /a HTTP/1.0\r\n\r\n").await.start(),
        "GET /a HTTP/1.1"
    );
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    caller
        .send("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n")
        .await;
    assert_eq!(caller.head().await.status(), 400);
    assert!(upstream.is_left_alone().await);
}

/// 9112 §3.2: a target has no fragment; one that comes all the same goes no further.
#[tokio::test]
async fn a_fragment_is_dropped() {
    let head = up("GET /a?b#c HTTP/1.1\r\nHost: p\r\n\r\n").await;
    assert_eq!(head.start(), "GET /a?b HTTP/1.1");
}
