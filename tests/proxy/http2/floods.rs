//! Frames without end that cost their sender nothing.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::counting::{Counting, others_are_served};
use super::wire::*;
use crate::support::{Gateway, Running, within};

const SHORT: Duration = Duration::from_millis(300);
/// Far more than all buffers on the way.
const FLOOD: usize = 256 << 20;

async fn gateway(upstream: &Counting) -> Running {
    Gateway::at(upstream.address)
        .with(|config| config.timeouts.idle = SHORT)
        .start()
        .await
}

/// Sends the same frames until the connection is over; how many bytes that took. Whoever doesn't read
/// what comes back leaves us with the acknowledgements.
async fn flood(caller: Wire, unit: &[u8], reads: bool) -> usize {
    let (mut read, mut write) = caller.stream.into_split();
    let reading = tokio::spawn(async move {
        let mut sink = vec![0; 64 << 10];
        while reads && read.read(&mut sink).await.is_ok_and(|more| more > 0) {}
        read
    });
    let block = unit.repeat((16 << 10) / unit.len() + 1);
    let mut sent = 0;
    within("the end of a flood", async {
        while write.write_all(&block).await.is_ok() {
            sent += block.len();
            assert!(sent < FLOOD, "the flood goes on");
            // So that two processors have time for others, too.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    reading.abort();
    sent
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn floods_of_settings_pings_priorities_and_window_updates_are_no_requests() {
    let priority = frame(PRIORITY, 0, 1, &[0, 0, 0, 0, 1]);
    for (unit, what) in [
        (settings(&[(INITIAL_WINDOW_SIZE, 65_535)]), "SETTINGS"),
        (frame(PING, 0, 0, b"pingping"), "PING"),
        (priority, "PRIORITY"),
        (window_update(0, 1), "WINDOW_UPDATE"),
        (frame(77, 0, 0, b"what?"), "an unknown frame"),
    ] {
        let upstream = Counting::new().await;
        let gateway = gateway(&upstream).await;
        let reading = Wire::caller(gateway.address, &[]).await;
        let deaf = Wire::caller(gateway.address, &[]).await;
        let ((), first, second) = tokio::join!(
            others_are_served(&gateway),
            flood(reading, &unit, true),
            flood(deaf, &unit, false)
        );
        assert!(first > 0 && second > 0, "{what}");
    }
}

#[tokio::test]
async fn a_continuation_flood_ends_the_connection_early() {
    for (more, what) in [
        (block(&[("x-y", "z".repeat(1000))]), "fields"),
        (Vec::new(), "nothing"),
        (vec![0x20], "changes of the table's size"),
    ] {
        let upstream = Counting::new().await;
        let gateway = Gateway::at(upstream.address).start().await;
        let mut caller = Wire::caller(gateway.address, &[]).await;
        caller
            .send(frame(HEADERS, END_STREAM, 1, &head("GET")))
            .await;
        let sent = flood(caller, &frame(CONTINUATION, 0, 1, &more), true).await;
        assert!(sent < 8 << 20, "{what}: {sent}");
        assert_eq!(upstream.held(), 0);
        others_are_served(&gateway).await;
    }
}

#[tokio::test]
async fn an_empty_data_flood_is_told_to_calm_down() {
    let padding = [&[255][..], &[0; 255]].concat();
    for (unit, what) in [
        (frame(DATA, 0, 1, b""), "empty"),
        (frame(DATA, PADDED, 1, &padding), "nothing but padding"),
        (frame(DATA, PADDED, 1, &[0]), "no padding either"),
    ] {
        let upstream = Counting::new().await;
        let gateway = Gateway::at(upstream.address).start().await;
        let mut caller = Wire::caller(gateway.address, &[]).await;
        caller.send(patch(1)).await;
        let sent = flood(caller, &unit, true).await;
        assert!(sent < 8 << 20, "{what}: {sent}");
        others_are_served(&gateway).await;
    }
}

#[tokio::test]
async fn a_head_that_is_too_large_is_431_or_a_reset_and_never_forwarded() {
    let upstream = Counting::new().await;
    let gateway = Gateway::at(upstream.address)
        .with(|config| config.limits.header_bytes = 8192)
        .start()
        .await;
    let mut caller = Wire::caller(gateway.address, &[]).await;
    let large = [head("GET"), block(&[("x", "y".repeat(9000))])].concat();
    let large = frame(HEADERS, END_HEADERS | END_STREAM, 1, &large);
    caller.send(large).await;
    let answer = loop {
        let frame = caller.frame().await.unwrap();
        if frame.stream == 1 {
            break frame;
        }
    };
    assert!(
        answer.kind == RST_STREAM || answer.status() == 431,
        "{answer:?}"
    );
    assert!(caller.is_alive().await, "it costs one stream");
    assert_eq!(upstream.held(), 0);
}

#[tokio::test]
async fn a_window_that_overflows_ends_the_stream_or_the_connection_that_it_belongs_to() {
    let mut upstream = Counting::new().await;
    let gateway = Gateway::at(upstream.address).start().await;
    let mut caller = Wire::caller(gateway.address, &[]).await;
    caller.send(get(1)).await;
    upstream.holds(1).await;
    let too_much = window_update(1, 0x7fff_ffff);
    caller.send([too_much.clone(), too_much].concat()).await;
    let end = caller.next(RST_STREAM).await;
    assert_eq!((end.stream, end.error()), (1, FLOW_CONTROL_ERROR));
    assert!(caller.is_alive().await);
    let too_much = window_update(0, 0x7fff_ffff);
    caller.send([too_much.clone(), too_much].concat()).await;
    caller.ends_with(FLOW_CONTROL_ERROR).await;
    others_are_served(&gateway).await;
}
