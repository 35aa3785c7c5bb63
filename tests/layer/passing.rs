//! What the layer leaves alone, and its bounds.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use patchwright::layer::options::{Options, TooLarge};
use patchwright::rule::Rules;
use tower::{Layer, Service, ServiceExt};

use crate::fake::{C, Fake, Never, P, Proxy, WEB, patch, request};

#[tokio::test]
async fn a_request_that_no_rule_matches_passes_as_it_is() {
    for (method, path) in [
        (Method::GET, P),
        (Method::POST, P),
        (Method::PATCH, "/api/v2/conversations/c1/participants/p1/"),
        (Method::PATCH, "/api/v2/conversations/c1/participants/p%31"),
        (Method::PATCH, "/api/v2/users/u1"),
        (Method::PATCH, C),
    ] {
        let fake = Fake::new("connected");
        let answer = Proxy::new(&fake)
            .send(request(method.clone(), path, "{}"))
            .await;
        assert_eq!(answer.report, "", "{method} {path}");
        assert_eq!(fake.all().len(), 1);
        assert_eq!(fake.all()[0].body, "{}");
    }
}

#[tokio::test]
async fn an_upgrade_is_no_repair() {
    let fake = Fake::new("connected");
    let mut request = patch(P, "{}");
    request
        .headers_mut()
        .insert("upgrade", "websocket".parse().unwrap());
    assert_eq!(Proxy::new(&fake).send(request).await.report, "");
    assert_eq!(fake.bodies(), ["{}"]);
}

#[tokio::test]
async fn the_report_can_be_switched_off() {
    let fake = Fake::new("connected");
    let options = Options {
        report: false,
        ..Options::default()
    };
    let answer = Proxy::with(&fake, Rules::strict(), options)
        .patch(WEB, "{}")
        .await;
    assert!(!answer.headers.contains_key("patchwright"));
    assert_eq!(fake.bodies(), [r#"{"state":"connected"}"#]);
}

fn chunked(
    chunks: Vec<Bytes>,
) -> Request<http_body_util::combinators::BoxBody<Bytes, std::io::Error>> {
    let frames = chunks.into_iter().map(|chunk| Ok(Frame::data(chunk)));
    let trailers = HeaderMap::from_iter([("x-checksum".parse().unwrap(), "1".parse().unwrap())]);
    let frames: Vec<_> = frames.chain([Ok(Frame::trailers(trailers))]).collect();
    let body = StreamBody::new(stream(frames));
    let mut request = patch(WEB, "").map(|_| BodyExt::boxed(body));
    request.headers_mut().remove("content-length");
    request
}

pub(crate) fn stream<T: Unpin>(items: Vec<T>) -> impl futures_core::Stream<Item = T> {
    struct Items<T>(std::vec::IntoIter<T>);
    impl<T: Unpin> futures_core::Stream for Items<T> {
        type Item = T;
        fn poll_next(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<T>> {
            std::task::Poll::Ready(self.0.next())
        }
    }
    Items(items.into_iter())
}

#[tokio::test]
async fn a_body_in_pieces_is_repaired_and_its_trailers_dropped() {
    let fake = Fake::new("connected");
    let answer = Proxy::new(&fake)
        .send(chunked(vec!["{\"a\"".into(), ":".into(), "1}".into()]))
        .await;
    assert!(answer.says("outcome=repaired"), "{}", answer.report);
    assert_eq!(fake.bodies(), [r#"{"state":"connected","a":1}"#]);
    assert_eq!(fake.writes()[0].trailers, None);
}

#[tokio::test]
async fn an_untouched_body_keeps_its_trailers() {
    let fake = Fake::new("connected");
    Proxy::new(&fake)
        .send(chunked(vec!["{\"state\":".into(), "1}".into()]))
        .await;
    let seen = &fake.writes()[0];
    assert_eq!(seen.body, r#"{"state":1}"#);
    assert_eq!(seen.trailers.as_ref().unwrap()["x-checksum"], "1");
}

#[tokio::test]
async fn a_body_over_the_limit_streams_through_or_is_refused() {
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(100));
    for (on_too_large, status) in [(TooLarge::Forward, 202), (TooLarge::Reject, 413)] {
        for announced in [true, false] {
            let fake = Fake::new("connected");
            let options = Options {
                on_too_large,
                body_limit: 100,
                ..Options::default()
            };
            let proxy = Proxy::with(&fake, Rules::strict(), options);
            let pieces = large
                .as_bytes()
                .chunks(7)
                .map(Bytes::copy_from_slice)
                .collect();
            let answer = if announced {
                proxy.patch(WEB, &large).await
            } else {
                proxy.send(chunked(pieces)).await
            };
            assert_eq!(answer.status, status);
            assert!(answer.says("reason=too_large"), "{}", answer.report);
            if status == 202 {
                assert_eq!(fake.bodies(), [large.as_str()]);
            } else {
                assert_eq!(
                    (answer.code().as_str(), fake.writes().len()),
                    ("patchwright.body.too.large", 0)
                );
            }
        }
    }
}

#[tokio::test]
async fn a_body_at_the_limit_is_repaired() {
    let fake = Fake::new("connected");
    let options = Options {
        body_limit: 7,
        on_too_large: TooLarge::Reject,
        ..Options::default()
    };
    let proxy = Proxy::with(&fake, Rules::strict(), options);
    assert!(
        proxy
            .patch(WEB, r#"{"a":1}"#)
            .await
            .says("outcome=repaired")
    );
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_is_408() {
    let fake = Fake::new("connected");
    let body = StreamBody::new(pending());
    let request = patch(WEB, "").map(|_| body);
    let mut request = request;
    request.headers_mut().remove("content-length");
    let started = tokio::time::Instant::now();
    let answer = Proxy::new(&fake).send(request).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (408, "patchwright.request.timeout")
    );
    assert_eq!(started.elapsed(), Duration::from_secs(30));
    assert!(fake.writes().is_empty());
}

fn pending() -> impl futures_core::Stream<Item = Result<Frame<Bytes>, std::io::Error>> + Unpin {
    struct Never;
    impl futures_core::Stream for Never {
        type Item = Result<Frame<Bytes>, std::io::Error>;
        fn poll_next(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Self::Item>> {
            std::task::Poll::Pending
        }
    }
    Never
}

#[tokio::test]
async fn the_service_that_was_polled_ready_is_the_one_called() {
    use patchwright::RepairLayer;
    use patchwright::directory::{Uncached, fetch::FetchLimits};

    let (mock, mut handle) =
        tower_test::mock::pair::<crate::fake::Inner<Full<Bytes>>, Response<Empty<Bytes>>>();
    let directory = Uncached::new(Never, FetchLimits::default());
    let layer = RepairLayer::new(
        std::sync::Arc::new(Rules::strict()),
        directory,
        Options::default(),
        (),
    );
    let mut service = layer.layer(mock);
    // The mock panics when it is called without having been polled ready.
    handle.allow(1);
    let response = service
        .ready()
        .await
        .unwrap()
        .call(patch(WEB, r#"{"state":1}"#));
    let answered = async {
        let (request, respond) = handle.next_request().await.unwrap();
        assert_eq!(
            request.into_body().collect().await.unwrap().to_bytes(),
            r#"{"state":1}"#
        );
        respond.send_response(Response::new(Empty::new()));
    };
    let (response, ()) = tokio::join!(response, answered);
    assert!(response.unwrap().headers().contains_key("patchwright"));
}

#[tokio::test]
async fn an_error_of_the_inner_service_is_passed_on() {
    use patchwright::RepairLayer;
    use patchwright::directory::{Uncached, fetch::FetchLimits};

    let inner = tower::service_fn(|_: crate::fake::Inner<Full<Bytes>>| async {
        Err::<Response<Empty<Bytes>>, _>("its own")
    });
    let directory = Uncached::new(Never, FetchLimits::default());
    let layer = RepairLayer::new(
        std::sync::Arc::new(Rules::strict()),
        directory,
        Options::default(),
        (),
    );
    for path in [WEB, "/other"] {
        let error = layer
            .layer(inner)
            .oneshot(patch(path, r#"{"state":1}"#))
            .await
            .unwrap_err();
        assert_eq!(error, "its own");
    }
}
