use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::pending;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::yield_now;

use super::*;
use crate::received::Received;
use crate::server::{Settings, Terms, serve_by};

type Client = SendRequest<Empty<Bytes>>;

/// A server whose answers say on which thread they were made. It ends with the sender.
async fn server(workers: Workers) -> (SocketAddr, oneshot::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = tower::service_fn(async |_: Request<Received>| {
        let thread = thread::current();
        let said = format!("{} {:?}", thread.name().unwrap_or_default(), thread.id());
        Ok::<_, Infallible>(Response::new(said))
    });
    let (over, ended) = oneshot::channel();
    let (settings, tls) = (Settings::default(), None);
    let (_, terms) = tokio::sync::watch::channel(Terms { settings, tls });
    let ended = async { drop(ended.await) };
    tokio::spawn(serve_by(listener, service, workers, terms, ended));
    (address, over)
}

async fn connect(address: SocketAddr) -> Client {
    let stream = TcpStream::connect(address).await.unwrap();
    let (client, connection) = handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn ask(client: &mut Client) -> String {
    let request = Request::get("/").header("host", "a");
    let request = request.body(Empty::new()).unwrap();
    let answer = client.send_request(request).await.unwrap();
    let text = answer.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(text.to_vec()).unwrap()
}

async fn clients(address: SocketAddr, count: usize) -> BTreeMap<String, Vec<Client>> {
    let mut by_thread = BTreeMap::<_, Vec<_>>::new();
    for _ in 0..count {
        let mut client = connect(address).await;
        by_thread
            .entry(ask(&mut client).await)
            .or_default()
            .push(client);
    }
    by_thread
}

#[tokio::test]
async fn each_has_its_share_of_the_connections_and_keeps_them() {
    let workers = Workers::start(3).unwrap();
    let (address, _over) = server(workers).await;
    let mut by_thread = clients(address, 6).await;
    let shares: Vec<_> = by_thread.values().map(Vec::len).collect();
    assert_eq!(shares, [2, 2, 2]);
    for (thread, clients) in &mut by_thread {
        assert!(thread.starts_with("worker "), "{thread}");
        for client in clients.iter_mut() {
            assert_eq!(ask(client).await, *thread);
        }
    }
}

#[tokio::test]
async fn a_new_one_goes_where_others_have_ended() {
    let workers = Workers::start(2).unwrap();
    let (address, _over) = server(workers.clone()).await;
    let mut by_thread = clients(address, 4).await;
    let (thread, left) = by_thread.pop_last().unwrap();
    drop(left);
    while workers
        .0
        .iter()
        .all(|worker| worker.connections.load(Ordering::Relaxed) > 0)
    {
        yield_now().await;
    }
    let new = clients(address, 2).await;
    assert_eq!(new.into_keys().collect::<Vec<_>>(), [thread]);
}

#[tokio::test]
async fn without_threads_the_server_s_own_runtime_serves() {
    let (address, _over) = server(Workers::none()).await;
    let own = format!("{:?}", thread::current().id());
    let by_thread = clients(address, 2).await;
    assert!(by_thread.into_keys().all(|thread| thread.ends_with(&own)));
}

#[tokio::test]
async fn who_broke_down_gets_no_connection() {
    let broken = || {
        let ended = Builder::new_current_thread().build().unwrap();
        let runtime = ended.handle().clone();
        ended.shutdown_background();
        let thread = thread::spawn(|| {});
        while !thread.is_finished() {
            thread::yield_now();
        }
        Arc::new(Worker {
            runtime,
            thread,
            connections: AtomicUsize::new(0),
            _over: oneshot::channel().0,
        })
    };
    let other = Worker::start().unwrap();
    let workers = Workers(Arc::new([broken(), other]));
    let (address, _over) = server(workers).await;
    let by_thread = clients(address, 2).await;
    assert!(
        by_thread
            .into_keys()
            .all(|thread| thread.starts_with("worker "))
    );
    let (address, _over) = server(Workers(Arc::new([broken()]))).await;
    assert_eq!(clients(address, 2).await.len(), 1);
}

#[tokio::test]
async fn the_threads_end_with_the_server_and_its_last_connection() {
    let workers = Workers::start(1).unwrap();
    let runtime = workers.0[0].runtime.clone();
    let (address, over) = server(workers).await;
    let mut client = connect(address).await;
    let thread = ask(&mut client).await;
    drop(over);
    // It may have one more while the server drains.
    assert_eq!(ask(&mut client).await, thread);
    drop(client);
    let ended = runtime.spawn(pending::<()>());
    assert!(ended.await.unwrap_err().is_cancelled());
}
