//! Writes make what was read before unusable, and only those that may change it.

use std::task::{Context, Waker};

use http::Method;

use crate::fake::{C, Fake, P, Proxy, request};

async fn snapshot_after(method: Method, path: &str, body: &str) -> String {
    let fake = Fake::new("connected");
    let proxy = Proxy::new(&fake);
    proxy.patch(P, r#"{"attributes":{}}"#).await;
    proxy.send(request(method, path, body)).await;
    let answer = proxy.patch(P, r#"{"attributes":{}}"#).await;
    let origin = answer.report.split("snapshot=").nth(1).unwrap();
    origin.split(',').next().unwrap().to_owned()
}

#[tokio::test]
async fn what_may_change_state_or_queue_makes_snapshots_unusable() {
    let below = |rest: &str| format!("{C}/{rest}");
    for (method, path, body) in [
        (Method::PATCH, P.to_owned(), r#"{"state":"disconnected"}"#),
        (
            Method::PATCH,
            P.to_owned(),
            r#"{"routing":{"queue":{"id":"q9"}}}"#,
        ),
        (Method::PATCH, P.to_owned(), "not json"),
        (Method::PATCH, P.to_owned(), "[]"),
        (Method::PUT, P.to_owned(), "{}"),
        (Method::POST, below("participants/p1/replace/queue"), "{}"),
        (Method::POST, below("disconnect"), ""),
        (Method::DELETE, C.to_owned(), ""),
        (
            Method::PATCH,
            "/api/v2/conversations/calls/c1".to_owned(),
            r#"{"state":"disconnected"}"#,
        ),
        (
            Method::PATCH,
            "/api/v2/conversations/calls/c1/participants/p1/communications/x".to_owned(),
            "{}",
        ),
        (
            Method::PATCH,
            "/api/v2/conversations/calls/c1/participants/p1".to_owned(),
            r#"{"state":"x"}"#,
        ),
    ] {
        assert_eq!(
            snapshot_after(method.clone(), &path, body).await,
            "miss",
            "{method} {path} {body}"
        );
    }
}

#[tokio::test]
async fn what_may_not_leaves_them() {
    for (method, path, body) in [
        (
            Method::PATCH,
            P.to_owned(),
            r#"{"attributes":{},"state":null}"#,
        ),
        (
            Method::PATCH,
            format!("{P}/attributes"),
            r#"{"attributes":{}}"#,
        ),
        (
            Method::PATCH,
            "/api/v2/conversations/calls/c1/participants/p1/attributes".to_owned(),
            "{}",
        ),
        (Method::GET, format!("{C}/participants/p1/wrapup"), ""),
        (
            Method::POST,
            "/api/v2/conversations/c2/disconnect".to_owned(),
            "",
        ),
        (Method::POST, "/api/v2/users/me".to_owned(), ""),
    ] {
        assert_eq!(
            snapshot_after(method.clone(), &path, body).await,
            "hit",
            "{method} {path} {body}"
        );
    }
}

#[tokio::test]
async fn a_write_that_is_given_up_counts_too() {
    let fake = Fake::new("connected");
    let proxy = Proxy::new(&fake);
    proxy.patch(P, "{}").await;
    let lookups = fake.lookups();
    fake.writes_hang();
    for (method, path, body) in [
        (Method::POST, C, ""),
        (Method::PATCH, P, r#"{"state":"x"}"#),
    ] {
        let mut write = Box::pin(proxy.send(request(method, path, body)));
        let poll = write.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(poll.is_pending());
        // Somebody reads while the write is under way: that may be the state before or after it.
        proxy.send(request(Method::GET, C, "")).await;
        drop(write);
        let mut next = Box::pin(proxy.patch(P, "{}"));
        let _ = next.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        tokio::task::yield_now().await;
    }
    assert_eq!(
        fake.lookups(),
        lookups + 2 + 2,
        "two passing GETs, and a lookup after each write"
    );
}
