//! The end: nothing that was sent is lost.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::{Gateway, Listening, Peer, within};

const GET: &str = "GET / HTTP/1.1\r\nHost: p\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Answers every request on every connection.
fn answer_everything(upstream: Listening) {
    tokio::spawn(async move {
        loop {
            let mut peer = upstream.accept().await;
            tokio::spawn(async move {
                loop {
                    peer.head().await;
                    peer.send(OK).await;
                }
            });
        }
    });
}

/// Asks again as soon as it is answered, until it is told to close. Returns its answers, or what was
/// lost.
async fn closed_loop(address: SocketAddr, answered: Arc<AtomicUsize>) -> Result<usize, String> {
    let mut caller = Peer::connect(address).await;
    let mut answers = 0;
    loop {
        caller.send(GET).await;
        let head = caller.until("\r\n\r\n").await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        if caller.exactly(2).await != "ok" {
            return Err(head);
        }
        answers += 1;
        answered.fetch_add(1, Ordering::Relaxed);
        if head.to_ascii_lowercase().contains("connection: close") {
            return Ok(answers);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keep_alive_callers_in_a_closed_loop_lose_nothing() {
    let upstream = Listening::new().await;
    let address = upstream.address;
    answer_everything(upstream);
    let mut gateway = Gateway::at(address).start().await;
    let answered = Arc::new(AtomicUsize::new(0));
    let callers: Vec<_> = (0..64)
        .map(|_| tokio::spawn(closed_loop(gateway.address, Arc::clone(&answered))))
        .collect();
    within("a good many requests", async {
        while answered.load(Ordering::Relaxed) < 1000 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    gateway.shut_down();
    for caller in callers {
        // A request that was lost panics in there: its connection ended before the answer.
        let answers = within("a caller's end", caller).await.unwrap().unwrap();
        assert!(answers > 0);
    }
    gateway.stopped().await;
}

#[tokio::test]
async fn what_is_in_flight_is_finished_and_new_callers_are_refused() {
    let upstream = Listening::new().await;
    let mut gateway = Gateway::at(upstream.address).start().await;
    let mut caller = gateway.caller().await;
    caller.send(GET).await;
    let mut up = upstream.accept().await;
    up.head().await;
    gateway.shut_down();
    gateway.refuses().await;
    up.send(OK).await;
    let (head, body) = caller.message().await;
    assert_eq!(
        (head.one("connection"), body.as_str()),
        (Some("close"), "ok")
    );
    gateway.stopped().await;
}

#[tokio::test]
async fn an_idle_connection_gets_one_more_request_after_the_signal() {
    let upstream = Listening::new().await;
    let mut gateway = Gateway::at(upstream.address).start().await;
    let mut caller = gateway.caller().await;
    caller.send(GET).await;
    let mut up = upstream.accept().await;
    up.head().await;
    up.send(OK).await;
    caller.message().await;
    gateway.shut_down();
    gateway.refuses().await;
    assert!(caller.is_silent().await, "the connection has ended already");
    caller.send(GET).await;
    up.head().await;
    up.send(OK).await;
    assert_eq!(caller.message().await.0.one("connection"), Some("close"));
    assert_eq!(caller.rest().await, "");
    gateway.stopped().await;
}

#[tokio::test]
async fn connections_that_wait_in_the_backlog_are_served() {
    let upstream = Listening::new().await;
    let mut gateway = Gateway::at(upstream.address).start().await;
    // On one thread, nothing is accepted before this test waits: connecting doesn't need the server.
    let sockets: Vec<_> = (0..8)
        .map(|_| {
            let socket = std::net::TcpStream::connect(gateway.address).unwrap();
            socket.set_nonblocking(true).unwrap();
            tokio::net::TcpStream::from_std(socket).unwrap()
        })
        .collect();
    gateway.shut_down();
    let mut callers: Vec<_> = sockets.into_iter().map(Peer::new).collect();
    for caller in &mut callers {
        caller.send(GET).await;
    }
    answer_everything(upstream);
    for caller in &mut callers {
        assert_eq!(caller.message().await.0.status(), 200);
    }
    gateway.stopped().await;
}

#[tokio::test]
async fn what_takes_too_long_is_cut_off() {
    let upstream = Listening::new().await;
    let mut gateway = Gateway::at(upstream.address)
        .with(|config| config.timeouts.drain = Duration::from_millis(100))
        .start()
        .await;
    let mut caller = gateway.caller().await;
    caller.send(GET).await;
    let mut up = upstream.accept().await;
    up.head().await;
    gateway.shut_down();
    gateway.stopped().await;
    assert_eq!(caller.rest().await, "");
}

/// Were it refused or accepted at once, there would be a moment between the last look at the queue and the
/// end of the listener; a connection that is accepted in that moment is reset with its request in it.
#[tokio::test]
async fn new_connections_are_ignored_for_a_moment_before_they_are_refused() {
    let upstream = Listening::new().await;
    let mut gateway = Gateway::at(upstream.address).start().await;
    let mut caller = gateway.caller().await;
    caller.send(GET).await;
    let mut up = upstream.accept().await;
    up.head().await;
    gateway.shut_down();
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    // This blocks the only thread: the moment can't be over meanwhile.
    let waited = Duration::from_millis(30);
    let ignored = std::net::TcpStream::connect_timeout(&gateway.address, waited);
    assert_eq!(ignored.unwrap_err().kind(), std::io::ErrorKind::TimedOut);
    gateway.refuses().await;
    up.send(OK).await;
    assert_eq!(caller.message().await.1, "ok");
    gateway.stopped().await;
}
