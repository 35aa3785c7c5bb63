//! Who may use the proxy, on the wire.

use crate::support::{Gateway, Head, Listening, Peer, Running, within};

/// The SHA-256 of `key-1` and of `key-2`.
const KEY_1: &str = "be2974546978e3739e6d6da85c4be9f334ce32df2b9fd4b6ff1b55c0d57e9d44";
const KEY_2: &str = "7c36b0a9dedde119c75165957c6c9c187e65df1ee5db87c4c58ad503ad88cbe3";

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// One upstream for everything, and these clients.
async fn world(clients: &str) -> (Listening, Running) {
    let upstream = Listening::new().await;
    let toml = format!(
        "[[upstream]]\nname = 'api'\nurl = 'http://{}'\n{clients}",
        upstream.address
    );
    (upstream, Gateway::configured(&toml).start().await)
}

fn keyed(more: &str) -> String {
    format!("[[client]]\nname = 'app'\napi_keys = ['{KEY_1}', '{KEY_2}']\n{more}\n")
}

fn get(lines: &str) -> String {
    format!("GET /x HTTP/1.1\r\nHost: p\r\n{lines}\r\n")
}

/// Answers the next request on `up`, and returns its head.
async fn serve(up: &mut Peer) -> Head {
    let head = up.head().await;
    up.send(OK).await;
    head
}

#[tokio::test]
async fn a_key_lets_in_and_stays_here() {
    let (upstream, gateway) = world(&keyed("")).await;
    let mut caller = gateway.caller().await;
    let mut up = None;
    for key in ["key-1", "key-2"] {
        caller
            .send(get(&format!("X-Patchwright-Key: {key}\r\nX-A: b\r\n")))
            .await;
        if up.is_none() {
            up = Some(upstream.accept().await);
        }
        let head = serve(up.as_mut().unwrap()).await;
        assert_eq!(head.one("x-a"), Some("b"));
        assert!(!head.0.to_lowercase().contains("key"), "{}", head.0);
        assert_eq!(caller.message().await.0.status(), 200);
    }
    gateway.counted(r#"patchwright_client_requests_total{client="app",result="admitted"} 2"#);
}

#[tokio::test]
async fn a_stranger_gets_a_challenge_and_the_upstream_hears_nothing() {
    let (upstream, gateway) = world(&keyed("")).await;
    let mut caller = gateway.caller().await;
    for lines in [
        "",
        "X-Patchwright-Key: key-3\r\n",
        "X-Patchwright-Key: \r\n",
        "X-Patchwright-Key: key-1\r\nX-Patchwright-Key: key-1\r\n",
        "X-Patchwright-Key: key-1, key-1\r\n",
        &format!("X-Patchwright-Key: {KEY_1}\r\n"),
        "Authorization: Bearer key-1\r\n",
    ] {
        caller.send(get(lines)).await;
        let (head, body) = caller.message().await;
        assert_eq!(head.status(), 401, "{lines}");
        assert!(body.contains("\"patchwright.client.unknown\""), "{body}");
        let challenge = head.one("www-authenticate").unwrap();
        assert!(
            challenge.contains("header=\"x-patchwright-key\""),
            "{challenge}"
        );
        assert!(!(head.0 + &body).contains("key-3"));
    }
    assert!(upstream.is_left_alone().await);
    gateway.counted(r#"patchwright_client_requests_total{client="",result="unknown"} 7"#);
    gateway.counted(r#"patchwright_own_answers_total{code="patchwright.client.unknown"} 7"#);
}

#[tokio::test]
async fn a_key_is_taken_off_where_anyone_is_welcome_and_under_another_name() {
    for (more, header) in [
        ("", "x-patchwright-key"),
        ("access.api_key_header = 'X-Own'", "x-own"),
    ] {
        let upstream = Listening::new().await;
        let toml = format!(
            "{more}\n[[upstream]]\nurl = 'http://{}'\n",
            upstream.address
        );
        let gateway = Gateway::configured(&toml).start().await;
        let mut caller = gateway.caller().await;
        caller
            .send(get(&format!(
                "{header}: hunter2\r\nConnection: {header}\r\n"
            )))
            .await;
        let head = serve(&mut upstream.accept().await).await;
        assert!(!head.0.contains("hunter2"), "{}", head.0);
        assert_eq!(caller.message().await.0.status(), 200);
    }
}

#[tokio::test]
async fn the_network_of_a_caller_lets_in_or_does_not() {
    let from = |network: &str| format!("[[client]]\nname = 'near'\nnetworks = ['{network}']\n");
    let (upstream, gateway) = world(&from("127.0.0.0/8")).await;
    let mut caller = gateway.caller().await;
    caller.send(get("")).await;
    serve(&mut upstream.accept().await).await;
    assert_eq!(caller.message().await.0.status(), 200);

    let (upstream, gateway) = world(&from("10.0.0.0/8")).await;
    let mut caller = gateway.caller().await;
    // Where it says it comes from is not where it comes from.
    caller
        .send(get(
            "X-Forwarded-For: 10.0.0.1\r\nForwarded: for=10.0.0.1\r\n",
        ))
        .await;
    let (head, body) = caller.message().await;
    assert_eq!((head.status(), head.one("www-authenticate")), (403, None));
    assert!(body.contains("\"patchwright.client.refused\""), "{body}");
    assert!(upstream.is_left_alone().await);
}

#[tokio::test]
async fn a_client_is_held_to_its_methods_and_its_upstreams() {
    let (first, second) = (Listening::new().await, Listening::new().await);
    let toml = format!(
        "[[upstream]]\nname = 'api'\nurl = 'http://{}'\n\
         [[upstream]]\nname = 'other'\nurl = 'http://{}'\nprefix = '/other'\n\
         [[client]]\nname = 'app'\nnetworks = ['::/0', '0.0.0.0/0']\nupstreams = ['api']\nmethods = ['GET']\n",
        first.address, second.address
    );
    let gateway = Gateway::configured(&toml).start().await;
    let mut caller = gateway.caller().await;
    for (line, says) in [
        ("GET /other/x", "upstream \\\"other\\\""),
        ("DELETE /x", "method DELETE"),
        ("HEAD /x", ""),
    ] {
        caller
            .send(format!("{line} HTTP/1.1\r\nHost: p\r\n\r\n"))
            .await;
        if says.is_empty() {
            assert_eq!(caller.head().await.status(), 403);
            continue;
        }
        let (head, body) = caller.message().await;
        assert_eq!(head.status(), 403);
        assert!(body.contains("\"patchwright.client.forbidden\""), "{body}");
        assert!(body.contains(says), "{body}");
    }
    assert!(first.is_left_alone().await && second.is_left_alone().await);
    caller.send(get("")).await;
    serve(&mut first.accept().await).await;
    assert_eq!(caller.message().await.1, "ok");
    gateway.counted(r#"patchwright_client_requests_total{client="app",result="forbidden"} 3"#);
}

#[tokio::test]
async fn a_place_is_held_until_the_last_byte_of_the_answer() {
    let (upstream, gateway) = world(&keyed("concurrency = 1")).await;
    let key = "X-Patchwright-Key: key-1\r\n";
    let (mut one, mut two) = (gateway.caller().await, gateway.caller().await);
    one.send(get(key)).await;
    let mut up = upstream.accept().await;
    up.head().await;
    up.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
        .await;
    one.until("ab").await;
    two.send(get(key)).await;
    let (head, body) = two.message().await;
    assert_eq!((head.status(), head.one("retry-after")), (429, Some("1")));
    assert!(body.contains("\"patchwright.client.throttled\""), "{body}");
    up.send("cd").await;
    one.until("cd").await;
    within("the place", async {
        loop {
            two.send(get(key)).await;
            tokio::select! {
                refused = two.message() => assert_eq!(refused.0.status(), 429),
                _ = up.head() => break,
            }
        }
    })
    .await;
    up.send(OK).await;
    assert_eq!(two.message().await.1, "ok");
}

#[tokio::test]
async fn a_rate_is_kept_and_says_when_to_come_back() {
    let (upstream, gateway) = world(&keyed("rate = '2/1h'")).await;
    let mut caller = gateway.caller().await;
    let key = "X-Patchwright-Key: key-1\r\n";
    caller.send(get(key)).await;
    let mut up = upstream.accept().await;
    serve(&mut up).await;
    caller.message().await;
    caller.send(get(key)).await;
    serve(&mut up).await;
    caller.message().await;
    caller.send(get(key)).await;
    let (head, _) = caller.message().await;
    assert_eq!(head.status(), 429);
    let wait: u64 = head.one("retry-after").unwrap().parse().unwrap();
    assert!((1700..=1800).contains(&wait), "{wait}");
    gateway.counted(r#"patchwright_client_requests_total{client="app",result="throttled"} 1"#);
}

#[tokio::test]
async fn strangers_do_not_take_the_places_of_those_who_are_known() {
    let (upstream, gateway) = world(&format!("{}[limits]\nconcurrency = 1", keyed(""))).await;
    let mut known = gateway.caller().await;
    known.send(get("X-Patchwright-Key: key-1\r\n")).await;
    let mut up = upstream.accept().await;
    up.head().await;
    let mut stranger = gateway.caller().await;
    stranger.send(get("")).await;
    // Not 503: it is not told how busy we are either.
    assert_eq!(stranger.message().await.0.status(), 401);
    up.send(OK).await;
    assert_eq!(known.message().await.1, "ok");
}
