//! A repaired request that was definitely rejected is sent once more, if that changes it.

use http::StatusCode;
use patchwright::layer::options::Options;
use patchwright::rule::Rules;

use crate::fake::{Fake, P, Proxy, WEB};

#[tokio::test]
async fn a_stale_fill_is_refetched_and_sent_again() {
    for status in [400, 409] {
        let fake = Fake::new("alerting");
        let proxy = Proxy::new(&fake);
        proxy.patch(WEB, "{}").await;
        fake.state("connected");
        fake.answers(status, "stale");
        let answer = proxy.patch(WEB, r#"{"a":1}"#).await;
        assert_eq!(answer.status, 202);
        assert!(
            answer.says("outcome=repaired") && answer.says("snapshot=refetched"),
            "{}",
            answer.report
        );
        assert_eq!(
            fake.bodies()[1..],
            [
                r#"{"state":"alerting","a":1}"#,
                r#"{"state":"connected","a":1}"#
            ]
        );
        assert_eq!(fake.lookups(), 2);
        assert!(proxy.patch(WEB, "{}").await.says("snapshot=hit"));
    }
}

#[tokio::test]
async fn the_same_body_is_never_sent_twice() {
    let fake = Fake::new("connected");
    fake.answers(400, r#"{"message":"no"}"#);
    let answer = Proxy::new(&fake).patch(WEB, "{}").await;
    assert_eq!(
        (answer.status, &*answer.body),
        (400, &br#"{"message":"no"}"#[..])
    );
    assert_eq!((fake.writes().len(), fake.lookups()), (1, 2));
    assert!(
        answer.says("outcome=repaired") && answer.says("snapshot=miss"),
        "{}",
        answer.report
    );
}

#[tokio::test]
async fn there_is_no_third_try() {
    let fake = Fake::new("alerting");
    let proxy = Proxy::new(&fake);
    proxy.patch(WEB, "{}").await;
    fake.state("connected");
    fake.answers(409, "first");
    fake.answers(409, "second");
    let answer = proxy.patch(WEB, "{}").await;
    assert_eq!((answer.status, &*answer.body), (409, &b"second"[..]));
    assert_eq!(fake.writes().len(), 3);
}

#[tokio::test]
async fn when_the_refetch_fails_the_rejection_is_the_answer() {
    for status in [401, 404, 429, 500] {
        let fake = Fake::new("alerting");
        let proxy = Proxy::new(&fake);
        proxy.patch(WEB, "{}").await;
        fake.lookups_answer(status, None);
        fake.answers(409, "stale");
        let answer = proxy.patch(WEB, "{}").await;
        assert_eq!((answer.status, &*answer.body), (409, &b"stale"[..]));
        assert_eq!(fake.writes().len(), 2);
    }
}

#[tokio::test]
async fn only_definite_rejections_are_answered_with_another_try() {
    for status in [401, 403, 404, 412, 422, 429, 500, 502, 503, 504, 200] {
        let fake = Fake::new("alerting");
        let proxy = Proxy::new(&fake);
        proxy.patch(WEB, "{}").await;
        fake.state("connected");
        fake.answers(status, "");
        assert_eq!(proxy.patch(WEB, "{}").await.status, status);
        assert_eq!(fake.writes().len(), 2, "{status}");
    }
}

#[tokio::test]
async fn what_is_definite_can_be_configured() {
    let fake = Fake::new("alerting");
    let options = Options {
        resend_on: vec![StatusCode::UNPROCESSABLE_ENTITY],
        ..Options::default()
    };
    let proxy = Proxy::with(&fake, Rules::strict(), options);
    proxy.patch(WEB, "{}").await;
    fake.state("connected");
    fake.answers(409, "");
    assert_eq!(proxy.patch(WEB, "{}").await.status, 409);
    fake.state("disconnected");
    fake.answers(422, "");
    assert_eq!(proxy.patch(WEB, "{}").await.status, 202);
}

#[tokio::test]
async fn a_request_that_was_not_filled_is_not_sent_again() {
    let fake = Fake::new("connected");
    fake.answers(409, "no");
    let answer = Proxy::new(&fake)
        .patch(WEB, "\u{feff}{\"state\":\"alerting\"}")
        .await;
    assert_eq!(
        (answer.status, fake.writes().len(), fake.lookups()),
        (409, 1, 0)
    );
}

#[tokio::test]
async fn without_an_answer_nothing_is_sent_again() {
    let fake = Fake::new("connected");
    fake.gives_no_answer();
    let options = Options {
        resend_on: vec![StatusCode::BAD_GATEWAY],
        ..Options::default()
    };
    let answer = Proxy::with(&fake, Rules::strict(), options)
        .patch(P, "{}")
        .await;
    assert_eq!((answer.status, fake.writes().len()), (502, 1));
    assert!(
        answer.says("outcome=repaired") && answer.says("reason=upstream_failed"),
        "{}",
        answer.report
    );
}

#[tokio::test]
async fn a_rejection_too_long_to_be_read_is_passed_on_whole() {
    let fake = Fake::new("alerting");
    let proxy = Proxy::new(&fake);
    proxy.patch(WEB, "{}").await;
    fake.state("connected");
    let long = "x".repeat(200_000);
    fake.answers(400, &long);
    let answer = proxy.patch(WEB, "{}").await;
    assert_eq!((answer.status, answer.body.len()), (400, long.len()));
    assert_eq!(fake.writes().len(), 2);
}

#[tokio::test]
async fn a_rejection_that_breaks_off_is_no_definite_one_and_stays_broken() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use bytes::Bytes;
    use http::Response;
    use http_body::Frame;
    use http_body_util::{BodyExt, Full, StreamBody};
    use patchwright::RepairLayer;
    use patchwright::directory::{Uncached, fetch::FetchLimits};
    use tower::{Layer, ServiceExt};

    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let broken = tower::service_fn(move |_: crate::fake::Inner<Full<Bytes>>| {
        counted.fetch_add(1, Ordering::SeqCst);
        let pieces = [
            Ok(Frame::data(Bytes::from_static(b"{\"message\":"))),
            Err(std::io::Error::other("the connection broke")),
        ];
        let mut response = Response::new(StreamBody::new(crate::passing::stream(pieces.into())));
        *response.status_mut() = StatusCode::CONFLICT;
        async { Ok::<_, std::convert::Infallible>(response) }
    });
    let directory = Uncached::new(Fake::new("connected"), FetchLimits::default());
    let layer = RepairLayer::new(Arc::new(Rules::strict()), directory, Options::default(), ());
    let answer = layer
        .layer(broken)
        .oneshot(crate::fake::patch(P, "{}"))
        .await
        .unwrap();
    assert_eq!(answer.status(), 409);
    let mut body = answer.into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(first, "{\"message\":");
    assert_eq!(
        body.frame().await.unwrap().unwrap_err().to_string(),
        "the connection broke"
    );
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}
