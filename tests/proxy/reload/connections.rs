//! What becomes of connections, on both sides.

use std::fmt::Write as _;

use super::support::{GET, OK, Reloading, exchange, to};
use crate::support::{Listening, Peer, within};
use crate::tls::support::{Authority, Caller};

#[tokio::test]
async fn an_upstream_whose_settings_did_not_change_keeps_its_connections() {
    let upstream = Listening::new().await;
    let text = to("api", upstream.address);
    let gateway = Reloading::start(&text);
    let mut caller = gateway.caller().await;
    caller.send(GET).await;
    let mut up = upstream.accept().await;
    up.head().await;
    up.send(OK).await;
    caller.message().await;
    for more in [
        "[repair]\nreport = false\n",
        "prefix = \"/x\"\n[limits]\nbuffered = \"32MiB\"\n",
        "[timeouts]\ndrain = \"5s\"\n",
        "[cache]\nmax_age = \"1s\"\n[breaker]\nfailures = 3\n",
    ] {
        assert!(gateway.reads(&format!("{text}{more}")).await, "{more}");
        // On the same connection: no other is accepted, so this would wait in vain.
        exchange(&mut caller, &mut up).await;
    }
    assert!(upstream.is_left_alone().await);
}

#[tokio::test]
async fn connections_that_no_upstream_uses_any_more_are_closed_when_their_requests_have_ended() {
    for http2 in [false, true] {
        let (old, new) = (Listening::new().await, Listening::new().await);
        let gateway = Reloading::start(&to("api", old.address));
        let (mut first, mut second) = (gateway.caller().await, gateway.caller().await);
        let mut ups = Vec::new();
        for caller in [&mut first, &mut second] {
            caller.send(GET).await;
            let mut up = old.accept().await;
            up.head().await;
            ups.push(up);
        }
        let (mut busy, mut idle) = (ups.remove(0), ups.remove(0));
        idle.send(OK).await;
        assert_eq!(second.message().await.1, "ok");
        // Another address, or the same one otherwise.
        let text = if http2 {
            to("api", old.address) + "http2 = true\n"
        } else {
            to("api", new.address)
        };
        assert!(gateway.reads(&text).await);
        assert!(busy.is_silent().await, "it has a request");
        busy.send(OK).await;
        assert_eq!(first.message().await.1, "ok");
        assert!(busy.has_ended().await);
        assert!(idle.has_ended().await);
    }
}

#[tokio::test]
async fn new_connections_have_the_new_bounds_and_old_ones_keep_theirs() {
    let upstream = Listening::new().await;
    let text = to("api", upstream.address);
    let gateway = Reloading::start(&text);
    let mut old = gateway.caller().await;
    old.send(GET).await;
    let mut up = upstream.accept().await;
    up.head().await;
    up.send(OK).await;
    old.message().await;
    let short =
        format!("{text}[timeouts]\nheader_read = \"50ms\"\n[limits]\nheader_bytes = \"8KiB\"\n");
    assert!(gateway.reads(&short).await);
    let mut new = gateway.caller().await;
    let begun = "GET /x HTTP/1.1\r\n";
    old.send(begun).await;
    new.send(begun).await;
    assert_eq!(new.head().await.status(), 408);
    let long = "x".repeat(20_000);
    old.send(format!("Host: p\r\nLong: {long}\r\n\r\n")).await;
    up.head().await;
    up.send(OK).await;
    assert_eq!(old.message().await.1, "ok");
    let mut new = gateway.caller().await;
    new.send(format!(
        "GET /x HTTP/1.1\r\nHost: p\r\nLong: {long}\r\n\r\n"
    ))
    .await;
    assert_eq!(new.head().await.status(), 431);
}

#[tokio::test]
async fn as_many_callers_are_served_as_the_new_bound_allows() {
    let upstream = Listening::new().await;
    let bound = |most: u32| {
        let text = to("api", upstream.address);
        format!("{text}[limits]\nconnections = {most}\n")
    };
    let gateway = Reloading::start(&bound(1));
    let mut first = gateway.caller().await;
    first.send(GET).await;
    let mut up = upstream.accept().await;
    up.head().await;
    // It has a request, so that this one has to wait.
    let mut second = gateway.caller().await;
    second.send(GET).await;
    assert!(upstream.is_left_alone().await);
    assert!(gateway.reads(&bound(2)).await);
    let mut next = upstream.accept().await;
    next.head().await;
    next.send(OK).await;
    assert_eq!(second.message().await.1, "ok");
    up.send(OK).await;
    assert_eq!(first.message().await.1, "ok");
}

#[tokio::test]
async fn a_listener_can_begin_to_speak_tls_use_other_files_and_end_it() {
    let upstream = Listening::new().await;
    let authority = Authority::new();
    let (one, two) = (authority.sign(), authority.sign());
    let text = to("api", upstream.address);
    let gateway = Reloading::start(&text);
    let mut plain = gateway.caller().await;
    let mut names = Vec::new();
    for (number, pair) in [&one, &two].into_iter().enumerate() {
        let files = [
            ("certificate", &pair.certificate),
            ("private_key", &pair.key),
        ];
        let mut section = "[listen.tls]\n".to_owned();
        for (key, pem) in files {
            let name = format!("{key}-{number}.pem");
            gateway.folder.put(&name, pem);
            let _ = writeln!(section, "{key} = \"{name}\"");
        }
        names.push(section);
    }
    let caller = Caller::trusting(&authority);
    let mut up: Option<Peer> = None;
    for (section, pair) in names.iter().zip([&one, &two]) {
        assert!(gateway.reads(&format!("{text}{section}")).await);
        let mut secured = caller.peer(gateway.address).await;
        let chain = secured.stream.get_ref().1.peer_certificates().unwrap();
        assert_eq!(chain[0], pair.der());
        // The one that has been there since there was no TLS, too.
        secured.send(GET).await;
        let mut last = match up.take() {
            Some(up) => up,
            None => upstream.accept().await,
        };
        last.head().await;
        last.send(OK).await;
        assert_eq!(secured.message().await.1, "ok");
        exchange(&mut plain, &mut last).await;
        up = Some(last);
    }
    assert!(gateway.reads(&text).await);
    let mut last = up.take().unwrap();
    exchange(&mut gateway.caller().await, &mut last).await;
    let refused = within("a refusal", caller.connect(gateway.address)).await;
    refused.map(drop).unwrap_err();
}
