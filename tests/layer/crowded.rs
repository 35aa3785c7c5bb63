//! What all requests together hold in memory is bounded.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use patchwright::RepairLayer;
use patchwright::directory::Uncached;
use patchwright::directory::fetch::FetchLimits;
use patchwright::layer::budget::Budget;
use patchwright::layer::options::{LookupFailure, Mode, Options};
use patchwright::rule::Rules;
use tokio::sync::mpsc;
use tower::{Layer as _, ServiceExt as _};

use crate::fake::{C, Fake, Never, P, Proxy, WEB, patch, request};

fn within(fake: &Fake, options: Options) -> Proxy {
    let limits = FetchLimits {
        buffered: options.buffered.clone(),
        ..FetchLimits::default()
    };
    Proxy::within(fake, Rules::strict(), options, limits)
}

fn room_for(bytes: usize) -> Options {
    Options {
        buffered: Budget::new(bytes),
        ..Options::default()
    }
}

/// A PATCH that says it is `announced` bytes long and sends what the test gives it.
fn slow(
    announced: usize,
) -> (
    mpsc::UnboundedSender<Bytes>,
    Request<BoxBody<Bytes, std::io::Error>>,
) {
    struct Pieces(mpsc::UnboundedReceiver<Bytes>);
    impl futures_core::Stream for Pieces {
        type Item = Result<Frame<Bytes>, std::io::Error>;
        fn poll_next(
            mut self: std::pin::Pin<&mut Self>,
            cx: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Self::Item>> {
            self.0
                .poll_recv(cx)
                .map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
        }
    }
    let (pieces, rest) = mpsc::unbounded_channel();
    let mut request = patch(WEB, "").map(|_| BodyExt::boxed(StreamBody::new(Pieces(rest))));
    request
        .headers_mut()
        .insert("content-length", announced.into());
    (pieces, request)
}

async fn until(budget: &Budget, held: usize) {
    for _ in 0..1_000_000 {
        if budget.held() == held {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("{} bytes are held, not {held}", budget.held());
}

#[tokio::test]
async fn when_there_is_no_room_a_request_is_asked_to_come_back() {
    let fake = Fake::new("connected");
    let body = format!("{{\"a\":\"{}\"}}", "x".repeat(92));
    // As it came, as it is sent, and as it may be sent again: three times 100.
    for (bytes, fits) in [(300, true), (299, false), (99, false)] {
        let options = room_for(bytes);
        let budget = options.buffered.clone();
        let proxy = Proxy::with(&fake, Rules::strict(), options);
        let answer = proxy.patch(WEB, &body).await;
        assert_eq!(answer.status, if fits { 202 } else { 503 }, "{bytes}");
        if !fits {
            assert_eq!(answer.code(), "patchwright.overloaded");
            assert_eq!(answer.headers["retry-after"], "1");
            assert_eq!(
                answer.report,
                "rule=\"web-instance\", outcome=rejected, reason=overloaded"
            );
        }
        assert_eq!(budget.held(), 0, "all is given back");
    }
    assert_eq!(fake.writes().len(), 1);
}

#[tokio::test]
async fn observed_requests_pass_though_there_is_no_room() {
    for bytes in [0, 50, 150] {
        let fake = Fake::new("connected");
        let body = format!("{{\"a\":\"{}\"}}", "x".repeat(92));
        let options = Options {
            mode: Mode::Observe,
            ..room_for(bytes)
        };
        let answer = within(&fake, options).patch(WEB, &body).await;
        assert_eq!((answer.status, fake.bodies()), (202, vec![body]));
        assert!(
            answer.says("outcome=forwarded") && answer.says("reason=overloaded"),
            "{}",
            answer.report
        );
    }
}

#[tokio::test]
async fn what_no_rule_matches_needs_no_room() {
    let fake = Fake::new("connected");
    let answer = within(&fake, room_for(0))
        .send(request(Method::POST, P, "{}"))
        .await;
    assert_eq!((answer.status, fake.bodies()), (202, vec!["{}".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn whoever_announces_much_and_sends_nothing_holds_nothing() {
    let fake = Fake::new("connected");
    let options = room_for(4 << 20);
    let budget = options.buffered.clone();
    let proxy = within(&fake, options);
    let mut senders = Vec::new();
    for _ in 0..200 {
        let (pieces, request) = slow(1 << 20);
        pieces.send(Bytes::from_static(b"{")).unwrap();
        let proxy = proxy.clone();
        senders.push((
            pieces,
            tokio::spawn(async move { proxy.send(request).await }),
        ));
    }
    until(&budget, 200).await;
    let answer = proxy.patch(WEB, "{}").await;
    assert!(answer.says("outcome=repaired"), "{}", answer.report);
    // And what they hold they hold for the time of a body.
    let began = tokio::time::Instant::now();
    for (pieces, sender) in senders {
        assert_eq!(sender.await.unwrap().status, 408);
        drop(pieces);
    }
    assert_eq!(began.elapsed(), Duration::from_secs(30));
    assert_eq!(budget.held(), 0);
}

#[tokio::test]
async fn a_body_is_held_as_it_arrives_and_let_go_with_its_caller() {
    let fake = Fake::new("connected");
    let options = room_for(1000);
    let budget = options.buffered.clone();
    let proxy = within(&fake, options);
    let (pieces, request) = slow(500);
    let sending = tokio::spawn({
        let proxy = proxy.clone();
        async move { proxy.send(request).await }
    });
    pieces.send(vec![b' '; 400].into()).unwrap();
    until(&budget, 400).await;
    pieces.send(vec![b' '; 90].into()).unwrap();
    until(&budget, 490).await;
    sending.abort();
    assert!(sending.await.unwrap_err().is_cancelled());
    assert_eq!(budget.held(), 0);
}

#[tokio::test]
async fn layers_that_are_given_clones_of_a_budget_share_it() {
    let fake = Fake::new("connected");
    let options = room_for(1000);
    let budget = options.buffered.clone();
    let (one, other) = (within(&fake, options.clone()), within(&fake, options));
    let (pieces, request) = slow(1000);
    let sending = tokio::spawn(async move { one.send(request).await });
    pieces.send(vec![b' '; 999].into()).unwrap();
    until(&budget, 999).await;
    assert_eq!(other.patch(WEB, "{}").await.status, 503);
    sending.abort();
    assert!(sending.await.is_err());
    assert_eq!(other.patch(WEB, "{}").await.status, 202);
}

#[tokio::test]
async fn an_oversized_body_is_let_go_as_it_streams_on() {
    let fake = Fake::new("connected");
    let options = Options {
        body_limit: 100,
        ..room_for(1000)
    };
    let budget = options.buffered.clone();
    let proxy = within(&fake, options);
    let (pieces, mut request) = slow(0);
    request.headers_mut().remove("content-length");
    let sending = tokio::spawn(async move { proxy.send(request).await });
    pieces.send(vec![b' '; 90].into()).unwrap();
    until(&budget, 90).await;
    pieces.send(vec![b' '; 60].into()).unwrap();
    until(&budget, 0).await;
    pieces.send(vec![b' '; 900].into()).unwrap();
    drop(pieces);
    let answer = sending.await.unwrap();
    assert!(answer.says("reason=too_large"), "{}", answer.report);
    assert_eq!((fake.bodies()[0].len(), budget.held()), (1050, 0));
}

#[tokio::test]
async fn a_body_in_the_smallest_pieces_takes_no_more_than_its_size() {
    let fake = Fake::new("connected");
    let body = format!("{{\"a\":\"{}\"}}", "x".repeat(10_000));
    let (pieces, request) = slow(body.len());
    for byte in body.bytes() {
        pieces.send(vec![byte].into()).unwrap();
        pieces.send(Bytes::new()).unwrap();
    }
    drop(pieces);
    let proxy = Proxy::with(&fake, Rules::strict(), room_for(body.len() * 3));
    let answer = proxy.send(request).await;
    assert!(answer.says("outcome=repaired"), "{}", answer.report);
    assert_eq!(
        fake.bodies(),
        [body.replacen('{', "{\"state\":\"connected\",", 1)]
    );
}

#[tokio::test]
async fn a_lookup_that_finds_no_room_is_no_lookup() {
    for on_lookup_failure in [LookupFailure::Reject, LookupFailure::Forward] {
        let fake = Fake::new("connected");
        let options = Options {
            on_lookup_failure,
            ..room_for(20)
        };
        let budget = options.buffered.clone();
        let answer = within(&fake, options).patch(WEB, "{}").await;
        assert!(answer.says("reason=overloaded"), "{}", answer.report);
        if on_lookup_failure == LookupFailure::Reject {
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (503, "patchwright.overloaded")
            );
            assert_eq!(answer.headers["retry-after"], "1");
        } else {
            assert_eq!((answer.status, fake.bodies()), (202, vec!["{}".to_owned()]));
        }
        assert_eq!(budget.held(), 0);
    }
}

#[tokio::test]
async fn what_finds_no_room_is_not_learned_and_leaves_half_to_requests() {
    let fake = Fake::new("connected");
    let length = fake.clone_conversation().len();
    for (bytes, learns) in [(2 * length, true), (2 * length - 1, false)] {
        let options = room_for(bytes);
        let budget = options.buffered.clone();
        let proxy = within(&fake, options);
        let passed = proxy.send(request(Method::GET, C, "")).await;
        assert_eq!((passed.status, passed.body.len()), (200, length));
        assert_eq!(budget.held(), 0);
        let answer = proxy.patch(P, "{}").await;
        assert_eq!(answer.says("snapshot=hit"), learns, "{}", answer.report);
    }
}

#[tokio::test]
async fn a_rejection_that_finds_no_room_is_passed_on() {
    let fake = Fake::new("alerting");
    let options = room_for(1000);
    let proxy = within(&fake, options);
    proxy.patch(WEB, "{}").await;
    fake.state("connected");
    fake.answers(409, &"x".repeat(999));
    let answer = proxy.patch(WEB, "{}").await;
    assert_eq!((answer.status, answer.body.len()), (409, 999));
    assert_eq!(fake.writes().len(), 2);
}

#[tokio::test]
async fn a_body_is_held_until_it_was_sent_even_if_the_answer_is_there_already() {
    let options = room_for(1000);
    let budget = options.buffered.clone();
    let kept = std::sync::Arc::new(std::sync::Mutex::new(None));
    let keeper = std::sync::Arc::clone(&kept);
    let early = tower::service_fn(move |request: crate::fake::Inner<Full<Bytes>>| {
        *keeper.lock().unwrap() = Some(request);
        std::future::ready(Ok::<_, std::convert::Infallible>(Response::new(Full::<
            Bytes,
        >::default(
        ))))
    });
    let directory = Uncached::new(Never, FetchLimits::default());
    let layer = RepairLayer::new(Rules::strict().into(), directory, options, ());
    let complete = patch(WEB, r#"{"state":"x"}"#);
    let answer = layer.layer(early).oneshot(complete).await.unwrap();
    assert_eq!((answer.status().as_u16(), budget.held()), (200, 3 * 13));
    kept.lock().unwrap().take();
    assert_eq!(budget.held(), 0);
}

#[cfg(feature = "coding")]
#[tokio::test]
async fn a_decoded_body_is_held_three_times_over_and_its_code_once() {
    use crate::{coder::gzip, coding::coded};
    let text = format!("{{\"a\":\"{}\"}}", "x".repeat(2 << 20));
    let code = gzip(text.as_bytes());
    // On the spot what comes out counts; beside the worker what may come out, until it is known.
    for (body_limit, room, text, fits) in [
        (1 << 20, 3 * 7 + gzip(b"{\"a\":1}").len(), "{\"a\":1}", true),
        (
            1 << 20,
            3 * 7 + gzip(b"{\"a\":1}").len() - 1,
            "{\"a\":1}",
            false,
        ),
        (4 << 20, (12 << 20) + code.len(), text.as_str(), true),
        (4 << 20, (12 << 20) + code.len() - 1, text.as_str(), false),
    ] {
        let fake = Fake::new("connected");
        fake.writes_hang();
        let options = Options {
            body_limit,
            ..room_for(room)
        };
        let budget = options.buffered.clone();
        let proxy = Proxy::with(&fake, Rules::strict(), options);
        let code = gzip(text.as_bytes());
        let held = 3 * text.len() + code.len();
        let request = coded(WEB, &["gzip"], code);
        if fits {
            let sending = tokio::spawn(async move { proxy.send(request).await });
            while fake.writes().is_empty() {
                tokio::task::yield_now().await;
            }
            assert_eq!(budget.held(), held);
            sending.abort();
            assert!(sending.await.is_err());
        } else {
            let refused = tokio::time::timeout(Duration::from_secs(20), proxy.send(request));
            assert_eq!(refused.await.unwrap().code(), "patchwright.overloaded");
        }
        assert_eq!(budget.held(), 0);
    }
}
