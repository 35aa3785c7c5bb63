//! Requests that are begun and taken back, by the caller or because it makes us do it.

use super::counting::{Counting, others_are_served};
use super::wire::*;
use crate::support::Gateway;

/// Streams that one connection may open at a time.
const STREAMS: usize = 100;

#[tokio::test]
async fn rapid_reset_in_one_go_is_told_to_calm_down_and_hardly_reaches_the_upstream() {
    let upstream = Counting::new().await;
    let gateway = Gateway::at(upstream.address).start().await;
    let mut caller = Wire::caller(gateway.address, &[]).await;
    for batch in 0..100 {
        let mut pairs = Vec::new();
        for stream in (0..100).map(|one| 2 * (batch * 100 + one) + 1) {
            pairs.extend([get(stream), reset(stream, CANCEL)].concat());
        }
        if !caller.try_send(pairs).await {
            break;
        }
    }
    others_are_served(&gateway).await;
    caller.ends_with(ENHANCE_YOUR_CALM).await;
    assert!(upstream.held() <= STREAMS, "{}", upstream.held());
}

#[tokio::test]
async fn rapid_reset_one_by_one_ends_the_connection_and_costs_the_upstream_little() {
    // The requests reach the upstream, each, before they are taken back: no library counts these.
    for method in ["GET", "PATCH"] {
        let mut upstream = Counting::new().await;
        let gateway = Gateway::at(upstream.address).start().await;
        let mut caller = Wire::caller(gateway.address, &[]).await;
        let mut count = 0;
        for stream in (1..2000).step_by(2) {
            let head = frame(HEADERS, END_HEADERS | END_STREAM, stream, &head(method));
            let ended = !caller.try_send(head).await;
            if ended
                || tokio::time::timeout(
                    std::time::Duration::from_millis(500),
                    upstream.holds(count + 1),
                )
                .await
                .is_err()
            {
                break;
            }
            count += 1;
            caller.try_send(reset(stream, CANCEL)).await;
        }
        assert!((STREAMS..=STREAMS + 20).contains(&count), "{count}");
        caller.rest().await;
        others_are_served(&gateway).await;
    }
}

#[tokio::test]
async fn made_you_reset_ends_the_connection_and_costs_the_upstream_little() {
    let too_much = window_update(0, 0x7fff_ffff)[9..].to_vec();
    for (make_reset, what) in [
        (
            frame(WINDOW_UPDATE, 0, 0, &[0; 4]),
            "a window that grows by nothing",
        ),
        (frame(WINDOW_UPDATE, 0, 0, &too_much), "one that overflows"),
        (frame(DATA, 0, 0, b"late"), "data after the end"),
        (get(0), "a head after the end"),
        (frame(PRIORITY, 0, 0, &[0; 4]), "a priority of wrong size"),
    ] {
        let upstream = Counting::new().await;
        let gateway = Gateway::at(upstream.address).start().await;
        let mut caller = Wire::caller(gateway.address, &[]).await;
        for stream in (1..4000_u32).step_by(2) {
            let mut again = make_reset.clone();
            again[5..9].copy_from_slice(&stream.to_be_bytes());
            if !caller.try_send([get(stream), again].concat()).await {
                break;
            }
            if stream % 100 == 99 {
                tokio::task::yield_now().await;
            }
        }
        let frames = caller.rest().await;
        let goodbye = frames.iter().any(|frame| frame.kind == GOAWAY);
        assert!(goodbye, "{what}: {:?}", frames.last());
        assert!(
            upstream.held() <= 3 * STREAMS,
            "{what}: {}",
            upstream.held()
        );
        others_are_served(&gateway).await;
    }
}

#[tokio::test]
async fn invalid_frames_fill_no_queue_of_resets() {
    // RUSTSEC-2024-0003: nothing is read here, so that the resets would have to wait.
    let upstream = Counting::new().await;
    let gateway = Gateway::at(upstream.address).start().await;
    let mut caller = Wire::caller(gateway.address, &[]).await;
    let bad = [head("GET"), block(&[("connection", "close")])].concat();
    for stream in (1..20_000).step_by(2) {
        let head = frame(HEADERS, END_HEADERS | END_STREAM, stream, &bad);
        if !caller.try_send(head).await {
            break;
        }
    }
    caller.ends_with(ENHANCE_YOUR_CALM).await;
    assert_eq!(upstream.held(), 0);
    others_are_served(&gateway).await;
}

#[tokio::test]
async fn more_streams_than_allowed_are_refused() {
    let mut upstream = Counting::new().await;
    let gateway = Gateway::at(upstream.address).start().await;
    let mut caller = Wire::caller(gateway.address, &[]).await;
    let first = caller.next(SETTINGS).await;
    let allowed = [0, 3, 0, 0, 0, 100];
    assert!(first.payload.chunks(6).any(|one| one == allowed));
    for stream in (1..=201).step_by(2) {
        caller.send(get(stream)).await;
    }
    let refused = caller.next(RST_STREAM).await;
    assert_eq!((refused.stream, refused.error()), (201, REFUSED_STREAM));
    upstream.holds(STREAMS).await;
    assert!(caller.is_alive().await);
    assert_eq!(upstream.held(), STREAMS);
}
