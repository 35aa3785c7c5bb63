//! What a request goes by.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use super::support::{GET, OK, Reloading, exchange, to};
use crate::support::{Listening, within};

#[tokio::test]
async fn a_request_ends_by_the_configuration_it_began_with_and_the_next_one_sees_the_new_one() {
    let (old, new) = (Listening::new().await, Listening::new().await);
    let gateway = Reloading::start(&to("api", old.address));
    let (mut caller, mut other) = (gateway.caller().await, gateway.caller().await);
    caller.send(GET).await;
    let mut up = old.accept().await;
    up.head().await;
    assert!(gateway.reads(&to("api", new.address)).await);
    // Another connection that was there before: it is requests that count.
    other.send(GET).await;
    let mut next = new.accept().await;
    next.head().await;
    next.send(OK).await;
    assert_eq!(other.message().await.1, "ok");
    up.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nold")
        .await;
    assert_eq!(caller.message().await.1, "old");
    exchange(&mut caller, &mut next).await;
    assert!(
        gateway
            .page("/config")
            .await
            .contains(&new.address.to_string())
    );
    assert_eq!(gateway.page("/readyz").await, "ready\n");
}

#[tokio::test]
async fn over_http2_streams_of_one_connection_go_by_different_configurations() {
    let (old, new) = (Listening::new().await, Listening::new().await);
    let gateway = Reloading::start(&to("api", old.address));
    let stream = TcpStream::connect(gateway.address).await.unwrap();
    let io = TokioIo::new(stream);
    let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    let send = || {
        let mut sender = sender.clone();
        let request = Request::get("http://p/x").body(Full::<Bytes>::default());
        tokio::spawn(async move {
            let answer = sender.send_request(request.unwrap()).await.unwrap();
            answer.into_body().collect().await.unwrap().to_bytes()
        })
    };
    let first = send();
    let mut up = old.accept().await;
    up.head().await;
    assert!(gateway.reads(&to("api", new.address)).await);
    let second = send();
    let mut next = new.accept().await;
    next.head().await;
    next.send(OK).await;
    assert_eq!(within("the second answer", second).await.unwrap(), "ok");
    up.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nold")
        .await;
    assert_eq!(within("the first answer", first).await.unwrap(), "old");
}

#[tokio::test]
async fn the_bound_on_requests_counts_those_that_began_before_it() {
    let upstream = Listening::new().await;
    let bound = |most: u32| {
        format!(
            "{}[limits]\nconcurrency = {most}\n",
            to("api", upstream.address)
        )
    };
    let gateway = Reloading::start(&bound(2));
    let mut callers = [
        gateway.caller().await,
        gateway.caller().await,
        gateway.caller().await,
    ];
    let mut ups = Vec::new();
    for caller in &mut callers[..2] {
        caller.send(GET).await;
        let mut up = upstream.accept().await;
        up.head().await;
        ups.push(up);
    }
    let third = &mut callers[2];
    for (most, status) in [(1, 503), (2, 503), (3, 200)] {
        assert!(gateway.reads(&bound(most)).await);
        third.send(GET).await;
        if status == 200 {
            let mut up = upstream.accept().await;
            up.head().await;
            up.send(OK).await;
        }
        assert_eq!(third.message().await.0.status(), status, "of {most}");
    }
    for (caller, up) in callers.iter_mut().zip(&mut ups) {
        up.send(OK).await;
        assert_eq!(caller.message().await.1, "ok");
    }
}

#[tokio::test]
async fn what_is_held_in_memory_is_bounded_and_shown_across_a_reload() {
    let upstream = Listening::new().await;
    let text = to("api", upstream.address);
    let gateway = Reloading::start(&text);
    let small = "[limits]\nbody = \"8KiB\"\nbuffered = \"64KiB\"\n";
    let begun = "PATCH /api/v2/conversations/c/participants/p HTTP/1.1\r\nHost: p\r\n\
                 Authorization: Bearer t\r\nContent-Length: 100\r\n\r\n{";
    let held = async || {
        let metrics = gateway.page("/metrics").await;
        let lines = metrics.lines();
        let mut held = lines.filter_map(|line| line.strip_prefix("patchwright_buffered_bytes "));
        held.next().unwrap().parse::<u32>().unwrap()
    };
    let mut callers = [gateway.caller().await, gateway.caller().await];
    let mut before = 0;
    for (caller, more) in callers.iter_mut().zip(["", small]) {
        assert!(gateway.reads(&format!("{text}{more}")).await);
        caller.send(begun).await;
        within("more to be held", async { while held().await <= before {} }).await;
        before = held().await;
    }
}
