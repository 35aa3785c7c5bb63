//! What patchwright doesn't touch costs nothing: no allocation for a request that no rule matches. And
//! what it does touch has its bounds.
//!
//! A binary of its own, as the counter is the process's allocator.
#![cfg(feature = "cache")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected has failed, and its helpers are part of it"
)]

#[path = "../support/answers.rs"]
mod answers;
#[cfg(feature = "coding")]
mod bombs;
#[cfg(feature = "coding")]
#[path = "../support/coder.rs"]
mod coder;
#[cfg(feature = "proxy")]
mod noted;
mod pieces;
#[cfg(feature = "proxy")]
mod rated;
mod remembered;
mod splice;
mod trace;
#[cfg(feature = "proxy")]
mod watched;

use std::convert::Infallible;
use std::future::Ready;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use allocation_counter::{AllocationInfo, measure};
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{Empty, Full};
use patchwright::RepairLayer;
use patchwright::directory::cached::{Cached, Settings, Store};
use patchwright::directory::fetch::FetchLimits;
use patchwright::layer::Repair;
use patchwright::layer::options::Options;
use patchwright::rule::Rules;
use tower::{Layer as _, Service};

use answers::Answers;

/// An upstream that is never asked for a lookup.
#[derive(Clone, Debug)]
struct Nobody;

impl Service<Request<Empty<Bytes>>> for Nobody {
    type Response = Response<Empty<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Empty<Bytes>>) -> Self::Future {
        panic!("a lookup of {}", request.uri())
    }
}

fn service(rules: Rules) -> Repair<Answers<Empty<Bytes>>, Cached<Nobody>> {
    let store = Store::new(&Settings::default());
    let directory = Cached::new(store, "api", Nobody, FetchLimits::default());
    RepairLayer::new(Arc::new(rules), directory, Options::default(), ())
        .layer(Answers(Empty::new()))
}

/// What calling the layer and polling its future costs.
fn cost(
    service: &mut Repair<Answers<Empty<Bytes>>, Cached<Nobody>>,
    method: Method,
    path: &str,
) -> AllocationInfo {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", "Bearer a")
        .header("content-type", "application/json");
    let mut request = Some(request.body(Full::new(Bytes::from_static(b"{}"))).unwrap());
    let mut context = Context::from_waker(Waker::noop());
    measure(|| {
        let answer = pin!(service.call(request.take().unwrap()));
        assert!(answer.poll(&mut context).is_ready());
    })
}

/// Whoever never heard of conversations, whoever is near a rule, and writes that are only noticed.
const UNMATCHED: [(Method, &str); 14] = [
    (Method::GET, "/"),
    (Method::GET, "/api/v2/users/me"),
    (Method::GET, "/api/v2/conversations"),
    (Method::GET, "/api/v2/conversations/c1/participants/p1"),
    (
        Method::GET,
        "/api/v2/conversations/calls/c1/participants/p1?x=y",
    ),
    (Method::GET, "/api/v2/conversations/calls/"),
    (Method::GET, "/api/v2/conversations/c1?expand=x"),
    (Method::PATCH, "/api/v2/conversations/c1"),
    (Method::PATCH, "/api/v2/conversations/c1/participants/p%31"),
    (
        Method::PATCH,
        "/api/v2/conversations/emails/e1/participants/p1/attributes",
    ),
    (
        Method::POST,
        "/api/v2/conversations/calls/c1/participants/p1/replace",
    ),
    (
        Method::PUT,
        "/api/v2/conversations/web/instances/w1/recordingstate",
    ),
    (Method::DELETE, "/api/v2/conversations/messages/m1"),
    (
        Method::POST,
        "/conversations/web/instances/w1/participants/p1",
    ),
];

#[test]
fn a_request_that_no_rule_matches_allocates_nothing() {
    // The official pack has rules for more paths: of whole conversations, and of attributes.
    for (rules, matched) in [(Rules::strict as fn() -> Rules, 0), (Rules::official, 3)] {
        let mut service = service(rules());
        let mut of_a_rule = 0;
        for (method, path) in UNMATCHED {
            if rules().find(&method, path).is_some() {
                of_a_rule += 1;
                continue;
            }
            let cost = cost(&mut service, method.clone(), path);
            assert_eq!(cost.count_total, 0, "{method} {path}: {cost:?}");
        }
        assert_eq!(of_a_rule, matched);
    }
}

#[test]
fn the_counter_counts() {
    let mut service = service(Rules::strict());
    let path = "/api/v2/conversations/c1/participants/p1";
    let cost = cost(&mut service, Method::OPTIONS, path);
    assert_eq!(cost.count_total, 0);
    let cost = measure(|| drop(std::hint::black_box(Box::new(1))));
    assert_eq!(cost.count_total, 1);
}
