//! What is in a trace, and what is not.

use std::collections::BTreeMap;

use http::Method;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use patchwright::simulator::seed;

use crate::collector::{Collector, attributes};
use crate::world::{AGENT, TOKEN, World, path};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";
const SECRET: &str = "s3cret-of-the-collector";

fn hex(bytes: &[u8]) -> String {
    let digits = |text: String, byte: &u8| text + &format!("{byte:02x}");
    bytes.iter().fold(String::new(), digits)
}

async fn observed(more: &str) -> (Collector, World) {
    let collector = Collector::start().await;
    let address = collector.address;
    let toml = format!(
        "{more}\n[trace.otlp]\nurl = \"http://{address}\"\ninterval = \"10ms\"\nheaders = \"x-key: {SECRET}\"\n"
    );
    let world = World::with(&toml).await;
    (collector, world)
}

fn is(span: &Span, kind: SpanKind, expected: &[(&str, &str)]) -> BTreeMap<String, String> {
    assert_eq!(span.kind, kind as i32, "{span:?}");
    let said = attributes(&span.attributes);
    for (key, value) in expected {
        assert_eq!(
            said.get(*key).map(String::as_str),
            Some(*value),
            "{key}: {span:?}"
        );
    }
    said
}

fn failed(span: &Span) -> bool {
    span.status.as_ref().unwrap().code == StatusCode::Error as i32
}

#[tokio::test]
async fn a_repaired_patch_is_a_tree_in_the_callers_trace() {
    let (mut collector, world) = observed("").await;
    let answer = world
        .patch(&format!("traceparent: 00-{TRACE}-{PARENT}-01\r\n"))
        .await;
    assert_eq!(answer.status(), 202);
    let batch = collector.batch().await;
    assert_eq!(batch.headers["content-type"], "application/x-protobuf");
    assert_eq!(batch.headers["x-key"], SECRET);
    assert!(batch.headers.get("traceparent").is_none());
    assert_eq!(batch.resource["service.name"], "patchwright");
    assert_eq!(batch.resource["service.version"], env!("CARGO_PKG_VERSION"));

    let [admission, lookup, upstream, root] = &batch.spans[..] else {
        panic!("{:#?}", batch.spans);
    };
    for span in &batch.spans {
        assert_eq!(hex(&span.trace_id), TRACE);
        assert!(!failed(span), "{span:?}");
        let within = root.start_time_unix_nano..=root.end_time_unix_nano;
        assert!(within.contains(&span.start_time_unix_nano), "{span:?}");
        assert!(within.contains(&span.end_time_unix_nano), "{span:?}");
    }
    assert_eq!(hex(&root.parent_span_id), PARENT);
    for part in [admission, lookup, upstream] {
        assert_eq!(part.parent_span_id, root.span_id);
    }
    // Whether the parent is somewhere else: known, and so for the root alone.
    let remote = |span: &Span| span.flags & 0x300;
    assert_eq!((remote(root), remote(upstream)), (0x300, 0x100));

    let address = world.upstream;
    let port = address.port().to_string();
    assert_eq!(admission.name, "admission");
    is(admission, SpanKind::Internal, &[]);
    assert_eq!(lookup.name, "lookup");
    is(
        lookup,
        SpanKind::Internal,
        &[("patchwright.snapshot", "miss")],
    );
    assert_eq!(upstream.name, "PATCH");
    let said = is(
        upstream,
        SpanKind::Client,
        &[
            ("http.request.method", "PATCH"),
            ("http.response.status_code", "202"),
            ("server.address", "127.0.0.1"),
            ("server.port", &port),
            ("patchwright.upstream", "cloud"),
        ],
    );
    assert!(!said.contains_key("error.type"));
    let template = "/api/v2/conversations/{conversationId}/participants/{participantId}";
    assert_eq!(root.name, format!("PATCH {template}"));
    is(
        root,
        SpanKind::Server,
        &[
            ("http.request.method", "PATCH"),
            ("http.route", template),
            ("http.response.status_code", "202"),
            ("network.protocol.version", "1.1"),
            ("patchwright.rule", "participant"),
            ("patchwright.outcome", "repaired"),
            ("patchwright.snapshot", "miss"),
            ("patchwright.client", "legacy"),
            ("patchwright.upstream", "cloud"),
        ],
    );
    // What the upstream saw is the span that asked it; the lookup went without.
    let mut requests = world.simulator.requests();
    let sent = requests.pop().unwrap();
    let expected = format!("00-{TRACE}-{}-01", hex(&upstream.span_id));
    assert_eq!(sent.headers["traceparent"], expected);
    let looked_up = requests.pop().unwrap();
    assert_eq!(looked_up.method, Method::GET);
    assert!(!looked_up.headers.contains_key("traceparent"));

    let shown = String::from_utf8_lossy(&batch.bytes).into_owned();
    for secret in [
        TOKEN,
        AGENT,
        SECRET,
        "attribute-name-7d20",
        "attribute-value-41aa",
        "query-string-c3f7",
        seed::CALL,
        &seed::participant(seed::CALL, 3),
    ] {
        assert!(!shown.contains(secret), "{secret} is in\n{shown}");
    }
}

#[tokio::test]
async fn a_second_request_is_filled_from_memory_and_says_so() {
    let (mut collector, world) = observed("").await;
    for origin in ["miss", "hit"] {
        world.patch("").await;
        let batch = collector.batch().await;
        let lookup = batch
            .spans
            .iter()
            .find(|span| span.name == "lookup")
            .unwrap();
        is(
            lookup,
            SpanKind::Internal,
            &[("patchwright.snapshot", origin)],
        );
        let root = batch.spans.last().unwrap();
        assert!(root.parent_span_id.is_empty());
    }
}

#[tokio::test]
async fn what_nobody_sampled_is_not_exported() {
    let (mut collector, world) = observed("[trace]\nsample = 0").await;
    world.patch("").await;
    world
        .patch(&format!("traceparent: 00-{TRACE}-{PARENT}-00\r\n"))
        .await;
    world
        .patch(&format!("traceparent: 00-{TRACE}-{PARENT}-01\r\n"))
        .await;
    let batch = collector.batch().await;
    assert_eq!(
        batch
            .spans
            .iter()
            .filter(|span| span.name.starts_with("PATCH /"))
            .count(),
        1
    );
    assert_eq!(hex(&batch.spans[0].trace_id), TRACE);
    world.end().await;
}

#[tokio::test]
async fn requests_that_no_rule_matches_and_strange_methods_tell_nothing_of_their_callers() {
    let (mut collector, world) = observed("").await;
    world.send("GET", "/api/v2/users/somebody-31", "", "").await;
    let batch = collector.batch().await;
    let root = batch.spans.last().unwrap();
    assert_eq!(root.name, "GET");
    let said = is(root, SpanKind::Server, &[("http.request.method", "GET")]);
    assert!(!said.contains_key("http.route") && !said.contains_key("patchwright.rule"));
    assert!(!String::from_utf8_lossy(&batch.bytes).contains("somebody-31"));

    world.send("BREW-c0ffee", "/", "", "").await;
    let batch = collector.batch().await;
    assert_eq!(batch.spans.last().unwrap().name, "HTTP");
    for span in batch.spans.iter().filter(|span| span.name == "HTTP") {
        assert_eq!(
            attributes(&span.attributes)["http.request.method"],
            "_OTHER"
        );
    }
    assert!(!String::from_utf8_lossy(&batch.bytes).contains("c0ffee"));
}

#[tokio::test]
async fn what_fails_says_by_which_word() {
    let (mut collector, world) = observed("").await;
    // The simulator knows no such conversation: the upstream's own 404 is no failure of ours.
    let path = path().replace(seed::CALL, "00000000-0000-4000-8000-00000000dead");
    let answer = world.send("PATCH", &path, "", crate::world::BODY).await;
    assert_eq!(answer.status(), 404);
    let batch = collector.batch().await;
    let [_, lookup, upstream, root] = &batch.spans[..] else {
        panic!("{:#?}", batch.spans);
    };
    is(
        lookup,
        SpanKind::Internal,
        &[("error.type", "participant_unknown")],
    );
    is(upstream, SpanKind::Client, &[("error.type", "404")]);
    is(
        root,
        SpanKind::Server,
        &[
            ("patchwright.outcome", "forwarded"),
            ("patchwright.reason", "participant_unknown"),
        ],
    );
    assert_eq!(
        [failed(lookup), failed(upstream), failed(root)],
        [true, true, false]
    );
}

#[tokio::test]
async fn our_own_answers_say_by_which_code() {
    let more = "[[upstream]]\nname = \"gone\"\nurl = \"http://127.0.0.1:9\"\nprefix = \"/gone\"\n";
    let (mut collector, world) = observed(more).await;
    assert_eq!(world.send("GET", "/gone", "", "").await.status(), 502);
    let batch = collector.batch().await;
    let [_, upstream, root] = &batch.spans[..] else {
        panic!("{:#?}", batch.spans);
    };
    let code = "patchwright.upstream.unreachable";
    is(upstream, SpanKind::Client, &[("error.type", code)]);
    is(
        root,
        SpanKind::Server,
        &[("error.type", "502"), ("patchwright.code", code)],
    );
    assert!(failed(upstream) && failed(root));
}

#[tokio::test]
async fn what_is_left_at_the_end_is_sent_before_it() {
    let mut collector = Collector::start().await;
    let toml = format!(
        "[trace.otlp]\nurl = \"http://{}\"\ninterval = \"1m\"\n",
        collector.address
    );
    let world = World::with(&toml).await;
    world.patch("").await;
    world.end().await;
    let batch = collector.batch().await;
    assert_eq!(batch.spans.len(), 4);
}
