//! What becomes of a head on its way up, and of an answer's on its way down.

use crate::support::{Gateway, Listening, Running};

async fn both() -> (Listening, Running) {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address).start().await;
    (upstream, gateway)
}

#[tokio::test]
async fn a_request_passes_as_it_came_but_for_host_via_and_its_trace() {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    let body = "{\"attributes\" : {\"n\":1.10,\"n\":2}}";
    caller
        .send(format!(
            "PATCH /api//v2/x/../%41;a=b?q=%2f&&= HTTP/1.1\r\nHost: proxy\r\nX-A: 1\r\nX-b: z\r\nx-a: 2\r\n\
             Authorization: Bearer t\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ))
        .await;
    let mut up = upstream.accept().await;
    let (head, sent) = up.message().await;
    assert_eq!(
        head.start(),
        "PATCH /api//v2/x/../%41;a=b?q=%2f&&= HTTP/1.1"
    );
    assert_eq!(head.one("host"), Some(&*upstream.address.to_string()));
    assert_eq!(head.one("via"), Some("1.1 patchwright"));
    assert_eq!(head.one("authorization"), Some("Bearer t"));
    assert_eq!(head.all("x-a"), ["1", "2"]);
    assert_eq!(sent, body);
    let fields = head.0.lines().count() - 2;
    assert!(head.one("traceparent").is_some());
    assert_eq!(fields, 8, "nothing else is added: {}", head.0);
}

#[tokio::test]
async fn an_answer_passes_as_it_came() {
    let (upstream, gateway) = both().await;
    let mut caller = gateway.caller().await;
    caller.send("GET / HTTP/1.1\r\nHost: p\r\n\r\n").await;
    let mut up = upstream.accept().await;
    up.head().await;
    up.send(
        "HTTP/1.1 429 Slow Down\r\nRetry-After: 3\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\
         Server: api\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Length: 5\r\n\r\n[1.0]",
    )
    .await;
    let (head, body) = caller.message().await;
    assert_eq!(head.start(), "HTTP/1.1 429 Slow Down");
    assert_eq!(head.all("set-cookie"), ["a=1", "b=2"]);
    assert_eq!(head.one("retry-after"), Some("3"));
    assert_eq!(head.one("server"), Some("api"));
    assert_eq!(head.one("date"), Some("Thu, 01 Jan 1970 00:00:00 GMT"));
    assert_eq!(head.one("patchwright"), None);
    assert_eq!(body, "[1.0]");
    gateway.counted(r#"patchwright_upstream_answers_total{upstream="api",status="429"} 1"#);
}

#[tokio::test]
async fn the_prefix_chooses_the_upstream_and_may_be_cut_off() {
    let (root, gate) = (Listening::new().await, Listening::new().await);
    let gateway = Gateway::at(root.address)
        .with(|config| {
            let mut upstream = config.upstreams[0].clone();
            upstream.prefix = "/gate".to_owned();
            upstream.name = "gate".to_owned();
            upstream.strip_prefix = Some("/gate".to_owned());
            upstream.url = format!("http://{}/base/", gate.address).parse().unwrap();
            config.upstreams.push(upstream);
        })
        .start()
        .await;
    let mut caller = gateway.caller().await;
    caller
        .send("GET /gate/oauth/token?x HTTP/1.1\r\nHost: p\r\n\r\n")
        .await;
    let mut up = gate.accept().await;
    assert_eq!(up.head().await.start(), "GET /base/oauth/token?x HTTP/1.1");
    up.send("HTTP/1.1 204 No Content\r\n\r\n").await;
    assert_eq!(caller.head().await.status(), 204);
    caller
        .send("GET /gateway HTTP/1.1\r\nHost: p\r\n\r\n")
        .await;
    assert_eq!(
        root.accept().await.head().await.start(),
        "GET /gateway HTTP/1.1"
    );
}

#[tokio::test]
async fn a_path_that_leads_nowhere_is_told_what_would() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address)
        .with(|config| config.upstreams[0].prefix = "/api".to_owned())
        .start()
        .await;
    let mut caller = gateway.caller().await;
    caller.send("GET /oauth HTTP/1.1\r\nHost: p\r\n\r\n").await;
    let (head, body) = caller.message().await;
    assert_eq!(head.status(), 404);
    assert!(body.contains("patchwright.route.unknown"), "{body}");
    assert!(body.contains("/api"), "{body}");
    gateway.counted(r#"patchwright_own_answers_total{code="patchwright.route.unknown"} 1"#);

    caller.send("HEAD /oauth HTTP/1.1\r\nHost: p\r\n\r\n").await;
    let head = caller.head().await;
    assert_eq!(head.status(), 404);
    assert!(head.one("content-length").is_some());
    caller.send("GET /oauth HTTP/1.1\r\nHost: p\r\n\r\n").await;
    assert_eq!(caller.head().await.status(), 404, "HEAD had no content");
}
