//! Callers that take a request back while the upstream has it.

use std::time::Duration;

use super::wire::*;
use crate::support::{Gateway, Listening};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[tokio::test]
async fn a_patch_that_is_taken_back_is_finished_upstream_and_waited_for() {
    for gone in [false, true] {
        let upstream = Listening::new().await;
        let mut gateway = Gateway::at(upstream.address).start().await;
        let mut caller = Wire::caller(gateway.address, &[]).await;
        let data = frame(DATA, END_STREAM, 1, b"{}");
        caller.send([patch(1), data].concat()).await;
        let mut up = upstream.accept().await;
        up.until("{}").await;
        if gone {
            drop(caller);
        } else {
            caller.send(reset(1, CANCEL)).await;
            assert!(caller.is_alive().await);
            drop(caller);
        }
        assert!(up.is_silent().await, "the upstream keeps its caller");
        gateway.counted("patchwright_in_flight 1");
        // Nor does a shutdown cut it off.
        gateway.shut_down();
        assert!(up.is_silent().await);
        assert!(gateway.is_serving());
        up.send(OK).await;
        gateway.stopped().await;
    }
}

#[tokio::test]
async fn a_get_that_is_taken_back_ends_upstream() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address).start().await;
    let mut caller = Wire::caller(gateway.address, &[]).await;
    caller.send(get(1)).await;
    let mut up = upstream.accept().await;
    up.head().await;
    caller.send(reset(1, CANCEL)).await;
    assert_eq!(up.rest().await, "");
}

#[tokio::test]
async fn a_patch_that_is_taken_back_in_its_body_never_completes_upstream() {
    for error in [NO_ERROR, CANCEL, INTERNAL_ERROR] {
        let upstream = Listening::new().await;
        let gateway = Gateway::at(upstream.address).start().await;
        let mut caller = Wire::caller(gateway.address, &[]).await;
        let data = frame(DATA, 0, 1, b"half");
        caller.send([patch(1), data].concat()).await;
        let mut up = upstream.accept().await;
        up.until("half\r\n").await;
        caller.send(reset(1, error)).await;
        assert_eq!(up.rest().await, "", "no last chunk");
    }
}

#[tokio::test]
async fn a_repaired_patch_that_is_taken_back_in_its_body_is_never_sent() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address).start().await;
    for error in [NO_ERROR, CANCEL] {
        let mut caller = Wire::caller(gateway.address, &[]).await;
        let id = "0d4a2b1c-6f3e-4a55-9c1d-000000000001";
        let path = format!("/api/v2/conversations/{id}/participants/{id}");
        let head = block(&[
            (":method", "PATCH"),
            (":scheme", "http"),
            (":authority", "p"),
            (":path", &path),
            ("authorization", "Bearer t"),
        ]);
        // What has come so far would be a whole body.
        let head = frame(HEADERS, END_HEADERS, 1, &head);
        let data = frame(DATA, 0, 1, b"{\"state\":\"connected\"}");
        caller.send([head, data].concat()).await;
        assert!(caller.is_alive().await);
        caller.send(reset(1, error)).await;
        assert!(caller.is_alive().await);
        assert!(upstream.is_left_alone().await, "{error}");
    }
}

#[tokio::test]
async fn a_patch_that_nobody_waits_for_is_bounded_in_time() {
    let upstream = Listening::new().await;
    let gateway = Gateway::at(upstream.address)
        .with(|config| config.timeouts.request = Duration::from_millis(200))
        .start()
        .await;
    let mut caller = Wire::caller(gateway.address, &[]).await;
    let data = frame(DATA, END_STREAM, 1, b"{}");
    caller.send([patch(1), data].concat()).await;
    let mut up = upstream.accept().await;
    up.until("{}").await;
    caller.send(reset(1, CANCEL)).await;
    up.rest().await;
}
