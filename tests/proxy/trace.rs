//! W3C Trace Context between raw sockets: what the upstream sees of the trace that a caller is part of.

use patchwright::config::Traceparent;

use crate::support::{Gateway, Head, Listening};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CAME: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// What a request with these lines looks like upstream.
async fn sent(gateway: impl FnOnce(Gateway) -> Gateway, lines: &str) -> Head {
    let upstream = Listening::new().await;
    let gateway = gateway(Gateway::at(upstream.address)).start().await;
    let mut caller = gateway.caller().await;
    let request = format!("GET /x HTTP/1.1\r\nHost: p\r\n{lines}\r\n");
    caller.send(request).await;
    upstream.accept().await.head().await
}

async fn continued(lines: &str) -> Head {
    sent(|gateway| gateway, lines).await
}

async fn passed(lines: &str) -> Head {
    let pass = |config: &mut patchwright::config::Config| {
        config.trace.traceparent = Traceparent::Pass;
    };
    sent(|gateway| gateway.with(pass), lines).await
}

fn parts(head: &Head) -> Vec<String> {
    let value = head.one("traceparent").unwrap();
    assert_eq!(value.len(), 55, "{value}");
    value.split('-').map(str::to_owned).collect()
}

#[tokio::test]
async fn a_callers_trace_goes_on_with_a_span_of_our_own() {
    let head = continued(&format!(
        "Traceparent: {CAME}\r\ntracestate: a=1\r\nTraceState: b=2\r\n"
    ))
    .await;
    let parts = parts(&head);
    assert_eq!((parts[0].as_str(), parts[1].as_str()), ("00", TRACE));
    assert_ne!(parts[2], "00f067aa0ba902b7");
    assert_eq!(parts[3], "01");
    assert_eq!(head.all("tracestate"), ["a=1", "b=2"]);
}

#[tokio::test]
async fn where_there_is_none_a_trace_begins_that_nobody_samples() {
    let (one, other) = (continued("").await, continued("").await);
    for head in [&one, &other] {
        assert_eq!(parts(head)[3], "00");
        assert!(head.all("tracestate").is_empty());
    }
    assert_ne!(parts(&one)[1], parts(&other)[1]);
}

#[tokio::test]
async fn a_share_of_those_that_begin_is_sampled() {
    for (sample, flags) in [(1.0, "01"), (0.0, "00")] {
        let all = |config: &mut patchwright::config::Config| config.trace.sample = sample;
        let head = sent(|gateway| gateway.with(all), "").await;
        assert_eq!(parts(&head)[3], flags);
    }
}

#[tokio::test]
async fn one_that_is_invalid_is_left_behind_with_its_state() {
    for lines in [
        "traceparent: 00-0-0-00\r\ntracestate: a=1\r\n".to_owned(),
        format!(
            "traceparent: {}\r\ntracestate: a=1\r\n",
            CAME.to_uppercase()
        ),
        format!("traceparent: {CAME}\r\ntraceparent: {CAME}\r\ntracestate: a=1\r\n"),
        "tracestate: a=1\r\n".to_owned(),
    ] {
        let head = continued(&lines).await;
        assert_ne!(parts(&head)[1], TRACE, "{lines}");
        assert!(head.all("tracestate").is_empty(), "{lines}");
    }
}

#[tokio::test]
async fn told_to_pass_it_leaves_whatever_came() {
    for lines in [
        format!("traceparent: {CAME}\r\n"),
        format!("traceparent: {CAME}\r\ntraceparent: x\r\ntracestate: a=1\r\n"),
        "tracestate: a=1\r\n".to_owned(),
        String::new(),
    ] {
        let head = passed(&lines).await;
        for name in ["traceparent", "tracestate"] {
            let came = lines.split("\r\n").filter_map(|line| line.split_once(": "));
            let came: Vec<_> = came
                .filter(|(field, _)| *field == name)
                .map(|(_, value)| value)
                .collect();
            assert_eq!(head.all(name), came, "{lines}");
        }
    }
}

/// RFC 9421: another parent would break the signature.
#[tokio::test]
async fn a_signed_trace_passes_as_it_came() {
    let signed = "Signature-Input: s=(\"@method\" \"traceparent\")\r\nSignature: s=:AA==:\r\n";
    let head = continued(&format!("traceparent: {CAME}\r\n{signed}")).await;
    assert_eq!(head.one("traceparent"), Some(CAME));
    let other = signed.replace("traceparent", "date");
    let head = continued(&format!("traceparent: {CAME}\r\n{other}")).await;
    assert_ne!(head.one("traceparent"), Some(CAME));
}

#[tokio::test]
async fn a_repaired_request_carries_it_and_its_lookup_none() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address).start().await;
    let mut caller = gateway.caller().await;
    let body = "{\"attributes\":{}}";
    caller
        .send(format!(
            "PATCH /api/v2/conversations/c/participants/p HTTP/1.1\r\nHost: p\r\nAuthorization: Bearer t\r\n\
             traceparent: {CAME}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ))
        .await;
    let mut up = upstream.accept().await;
    let lookup = up.head().await;
    assert!(lookup.start().starts_with("GET "));
    assert!(lookup.all("traceparent").is_empty(), "{}", lookup.0);
    let conversation = r#"{"participants":[{"id":"p","state":"connected","queue":{"id":"q"}}]}"#;
    up.send(format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{conversation}",
        conversation.len()
    ))
    .await;
    let (head, sent) = up.message().await;
    assert!(sent.contains("connected"), "{sent}");
    assert_eq!(parts(&head)[1], TRACE);
}
