//! RFC 9110 section 9: methods, and how far they go.

use super::both;

/// 9110 §9.1: methods that we don't know are the upstream's business.
#[tokio::test]
async fn every_other_method_is_forwarded() {
    for method in [
        "GET",
        "POST",
        "PUT",
        "DELETE",
        "PATCH",
        "OPTIONS",
        "PROPFIND",
        "get",
        "X-!#$%&'*+.^_`|~1",
    ] {
        let head = super::up(format!("{method} /a HTTP/1.1\r\nHost: p\r\n\r\n")).await;
        assert_eq!(head.start(), format!("{method} /a HTTP/1.1"));
    }
}

/// 9110 §9.3.6 to §9.3.8.
#[tokio::test]
async fn methods_for_other_servers_are_answered_here() {
    let (upstream, gateway) = both().await;
    for (section, request, status) in [
        (
            "9110 §9.3.8: TRACE shows credentials",
            "TRACE / HTTP/1.1\r\nHost: p\r\n\r\n",
            405,
        ),
        (
            "9110 §9.3.8",
            "TRACE / HTTP/1.1\r\nHost: p\r\nMax-Forwards: 0\r\n\r\n",
            405,
        ),
        (
            "9110 §9.3.6: no tunnels",
            "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
            501,
        ),
        (
            "9110 §9.3.7: OPTIONS *",
            "OPTIONS * HTTP/1.1\r\nHost: p\r\n\r\n",
            204,
        ),
        (
            "9110 §7.6.2: zero ends here",
            "OPTIONS /a HTTP/1.1\r\nHost: p\r\nMax-Forwards: 0\r\n\r\n",
            204,
        ),
        (
            "9110 §7.6.2: however it is spelt",
            "OPTIONS /a HTTP/1.1\r\nHost: p\r\nMax-Forwards: 000\r\n\r\n",
            204,
        ),
    ] {
        let mut caller = gateway.caller().await;
        caller.send(request).await;
        let head = caller.head().await;
        assert_eq!(head.status(), status, "{section}");
        if status != 501 {
            // 9110 §15.5.6, §9.3.7
            let allow = head.one("allow").unwrap();
            assert!(
                allow.contains("PATCH") && !allow.contains("TRACE"),
                "{allow}"
            );
        }
        if status == 204 {
            assert_eq!(head.one("content-length"), None, "{section}");
        }
    }
    assert!(upstream.is_left_alone().await);
}

/// CVE-2025-64763: what follows a CONNECT is neither tunnelled nor a request of ours.
#[tokio::test]
async fn what_follows_a_connect_goes_nowhere() {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    caller
        .send("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nContent-Length: 40\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: p\r\n\r\n")
        .await;
    assert_eq!(caller.message().await.0.status(), 501);
    assert_eq!(caller.rest().await, "");
    assert!(upstream.is_left_alone().await);
}

/// 9110 §7.6.2: counted down on OPTIONS; on other methods, and where it is no number, not our business.
#[tokio::test]
async fn max_forwards_is_counted_down_on_options() {
    for (method, value, expected) in [
        ("OPTIONS", "1", "0"),
        ("OPTIONS", "010", "9"),
        (
            "OPTIONS",
            "99999999999999999999999999",
            "18446744073709551615",
        ),
        ("OPTIONS", "+1", "+1"),
        ("OPTIONS", "-1", "-1"),
        ("OPTIONS", "x", "x"),
        ("OPTIONS", "1, 2", "1, 2"),
        ("GET", "0", "0"),
        ("GET", "5", "5"),
    ] {
        let head = super::up(format!(
            "{method} /a HTTP/1.1\r\nHost: p\r\nMax-Forwards: {value}\r\n\r\n"
        ))
        .await;
        assert_eq!(head.one("max-forwards"), Some(expected), "{method} {value}");
    }
}
