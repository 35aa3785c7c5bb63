use std::pin::pin;
use std::task::{Context, Waker};
use std::thread;

use bytes::Bytes;
use http::{HeaderValue, header};
use http_body_util::{BodyExt as _, Empty};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};
use tokio::task::yield_now;

use super::state::OFTEN;
use super::*;
use crate::upstream::Settings;

const LONG: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Opened,
    Closed,
}

/// A pool, and what happens to its connections at an upstream that answers everything.
async fn pool(idle: Duration) -> (Pool, mpsc::UnboundedReceiver<Event>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Uri = format!("http://{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    let (events, seen) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            events.send(Event::Opened).unwrap();
            let events = events.clone();
            tokio::spawn(async move {
                let mut head = [0; 1024];
                while stream.read(&mut head).await.is_ok_and(|read| read > 0) {
                    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
                    stream.write_all(answer).await.unwrap();
                }
                let _ = events.send(Event::Closed);
            });
        }
    });
    let settings = Settings {
        name: "api".to_owned(),
        url: url.clone(),
        ca: None,
        identity: None,
        http2: false,
        http2_connections: 0,
        header_bytes: 0,
        connect: LONG,
        request: LONG,
        idle: LONG,
        upstream_idle: idle,
    };
    let connector = Connector::new(&settings).unwrap().without_http2();
    (Pool::new(url, connector, idle), seen)
}

/// The connection on which a request was answered.
async fn used(pool: &Pool) -> Line {
    let (body, _) = RequestBody::new(Empty::<Bytes>::new(), LONG);
    let mut request = Request::new(body);
    let host = HeaderValue::from_static("api");
    request.headers_mut().insert(header::HOST, host);
    let (response, line) = pool.request(&mut Some(request)).await.unwrap();
    assert_eq!(
        response.into_body().collect().await.unwrap().to_bytes(),
        "ok"
    );
    line
}

fn kept(pool: &Pool) -> usize {
    pool.shared.state().idle.len()
}

async fn until_idle(pool: &Pool, connections: usize) {
    while kept(pool) != connections {
        yield_now().await;
    }
}

#[tokio::test]
async fn the_next_request_takes_the_connection_that_was_given_back() {
    let (pool, mut seen) = pool(LONG).await;
    for _ in 0..3 {
        drop(used(&pool).await);
        until_idle(&pool, 1).await;
    }
    assert_eq!(seen.recv().await, Some(Event::Opened));
    assert!(seen.try_recv().is_err());
    drop(pool);
    assert_eq!(seen.recv().await, Some(Event::Closed));
}

#[tokio::test]
async fn what_is_given_up_or_idle_for_too_long_is_closed() {
    for give_up in [true, false] {
        let idle = if give_up { LONG } else { MIN_LOOK };
        let (pool, mut seen) = pool(idle).await;
        let mut line = used(&pool).await;
        if give_up {
            line.give_up();
        }
        drop(line);
        assert_eq!(seen.recv().await, Some(Event::Opened));
        assert_eq!(seen.recv().await, Some(Event::Closed));
        assert_eq!(kept(&pool), 0);
    }
}

#[tokio::test]
async fn one_that_is_too_old_is_not_used_even_if_it_is_still_open() {
    let (pool, _seen) = pool(LONG).await;
    drop(used(&pool).await);
    until_idle(&pool, 1).await;
    let old = Instant::now().checked_sub(LONG).unwrap();
    pool.shared.state().idle.last_mut().unwrap().since = old;
    assert!(pool.shared.idle(here()).is_none());
}

#[tokio::test]
async fn no_more_are_kept_than_are_of_use() {
    let (pool, mut seen) = pool(LONG).await;
    let mut lines = Vec::new();
    for _ in 0..=MAX_IDLE {
        lines.push(used(&pool).await);
    }
    drop(lines);
    while seen.recv().await != Some(Event::Closed) {}
    until_idle(&pool, MAX_IDLE).await;
}

#[tokio::test]
async fn who_connects_takes_what_comes_back_first_and_the_new_one_is_kept() {
    let (pool, _seen) = pool(LONG).await;
    let mut line = used(&pool).await;
    line.sender.as_mut().unwrap().ready().await.unwrap();
    let mut connecting = pin!(pool.shared.wait_or_connect(here()));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(connecting.as_mut().poll(&mut cx).is_pending());
    drop(line);
    let line = connecting.await.unwrap();
    assert!(line.used);
    until_idle(&pool, 1).await;
    drop(line);
    until_idle(&pool, 2).await;
}

#[tokio::test]
async fn what_came_back_for_somebody_who_is_gone_is_kept() {
    for gone_before in [true, false] {
        let (pool, _seen) = pool(LONG).await;
        let mut line = used(&pool).await;
        line.sender.as_mut().unwrap().ready().await.unwrap();
        let mut connecting = Box::pin(pool.shared.wait_or_connect(here()));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(connecting.as_mut().poll(&mut cx).is_pending());
        if gone_before {
            drop(connecting);
            drop(line);
        } else {
            drop(line);
            drop(connecting);
        }
        until_idle(&pool, 1).await;
    }
}

fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap()
}

/// Lets one runtime work on something while the other does what is to be done there.
fn beside<T>(on: &Runtime, work: impl Future<Output = T>, other: &Runtime) -> T {
    thread::scope(|scope| {
        let (over, ended) = oneshot::channel::<()>();
        scope.spawn(|| other.block_on(async { drop(ended.await) }));
        let done = on.block_on(work);
        drop(over);
        done
    })
}

#[test]
fn a_worker_takes_its_own_connection_before_one_of_another_and_that_before_a_new_one() {
    let (near, far) = (runtime(), runtime());
    let (pool, mut seen) = far.block_on(pool(LONG));
    let home_of_used = async || {
        let line = used(&pool).await;
        let (home, idle) = (line.home, kept(&pool));
        drop(line);
        until_idle(&pool, idle + 1).await;
        home
    };
    let far_away = far.block_on(home_of_used());
    for _ in 1..OFTEN {
        assert_eq!(beside(&near, home_of_used(), &far), far_away);
    }
    assert_eq!(seen.try_recv(), Ok(Event::Opened));
    assert!(seen.try_recv().is_err());
    // Whoever borrows often makes one.
    assert_eq!(beside(&near, home_of_used(), &far), far_away);
    beside(&near, until_idle(&pool, 2), &far);
    // It is idle as soon as it is made, which may be before the upstream has accepted it.
    assert_eq!(far.block_on(seen.recv()), Some(Event::Opened));
    // The other's is the last that came back.
    assert_eq!(far.block_on(home_of_used()), far_away);
    assert_ne!(beside(&near, home_of_used(), &far), far_away);
    assert!(seen.try_recv().is_err());
}

#[tokio::test]
async fn what_comes_back_goes_to_who_waits_where_it_is_before_those_who_wait_elsewhere() {
    let (pool, _seen) = pool(LONG).await;
    let mut line = used(&pool).await;
    line.sender.as_mut().unwrap().ready().await.unwrap();
    let mut elsewhere = pool.shared.state().wait(None);
    let mut near = pool.shared.state().wait(here());
    drop(line);
    drop(near.try_recv().unwrap());
    assert!(elsewhere.try_recv().is_ok());
}
