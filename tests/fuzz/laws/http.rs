//! A connection, whatever stands on it: what the proxy sends on is HTTP/1.1 that can be read in one way only,
//! and no more than came; where what came can be read in one way only, it is just that.
//!
//! A case is the bytes that a caller sends before it closes its side.

mod upstream;
mod wire;

use std::sync::OnceLock;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use patchwright::admin::Recent;
use patchwright::config::{Config, Overrides, Pack};
use patchwright::metrics::Metrics;
use patchwright::observers::Observers;
use patchwright::proxy::Handover;
use patchwright::{proxy, server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use upstream::{Seen, Upstream};
use wire::Request;

/// Longer than anything here takes, and shorter than the proxy's own patience.
const HANG: Duration = Duration::from_secs(15);
/// A fill of the strict rules is shorter.
const FILLS: usize = 128;

/// A proxy and its upstream; both live as long as the process.
struct World {
    runtime: Runtime,
    address: std::net::SocketAddr,
    upstream: Upstream,
}

/// Setting up takes longer than a case.
static WORLD: OnceLock<Mutex<World>> = OnceLock::new();

/// See the module.
pub fn check(data: &[u8]) -> Option<()> {
    // HTTP/2 would need a law of its own: nothing of it stands in the bytes as it is sent on.
    if data.starts_with(b"PRI") {
        return None;
    }
    let world = WORLD.get_or_init(|| Mutex::new(World::new()));
    let world = world.lock().unwrap_or_else(PoisonError::into_inner);
    let answer = world.runtime.block_on(world.exchange(data));
    let Seen { requests, faults } = world.upstream.take();
    assert!(faults.is_empty(), "{faults:#?}");
    let (lookups, forwarded): (Vec<_>, Vec<_>) =
        requests.iter().partition(|request| request.is_lookup());

    let lines = data
        .windows(7)
        .filter(|window| *window == b"HTTP/1.")
        .count();
    assert!(
        forwarded.len() <= lines,
        "more requests than came: {forwarded:#?}"
    );
    assert!(lookups.len() <= 2 * lines, "{lookups:#?}");
    let sent: usize = forwarded.iter().map(|request| request.size()).sum();
    let patches = forwarded
        .iter()
        .filter(|request| request.method == "PATCH")
        .count();
    assert!(
        sent <= data.len() + FILLS * patches,
        "more than came: {forwarded:#?}"
    );
    if let Some(came) = Request::all(data) {
        let mut came = came.iter().filter(|request| !request.is_lookup());
        for request in &forwarded {
            let found = came.any(|came| request.is(came));
            assert!(found, "not what came, or out of order: {request:#?}");
        }
    }
    let answers = answer
        .windows(7)
        .filter(|window| *window == b"x-seen:")
        .count();
    assert!(
        answers <= forwarded.len() + lookups.len(),
        "answers from nowhere: {}",
        answer.escape_ascii()
    );
    Some(())
}

impl World {
    fn new() -> Self {
        // One thread, which looks at its sockets after every step: the order of things depends on the
        // input and on little else.
        let runtime = Builder::new_current_thread()
            .enable_all()
            .event_interval(1)
            .build();
        let runtime = runtime.unwrap();
        let (address, upstream) = runtime.block_on(async {
            let upstream = Upstream::start().await;
            let loopback = "127.0.0.1:0".parse().ok();
            let flags = Overrides {
                upstream: Some(format!("http://{}", upstream.address)),
                listen: loopback,
                admin: loopback,
                pack: Some(Pack::Strict),
                ..Overrides::default()
            };
            let mut config = Config::load(None, [], flags).unwrap();
            // Every case looks up what it needs, whatever came before it.
            config.cache.max_age = Duration::from_millis(1);
            let metrics = Metrics::new();
            let observers = Observers::new(metrics.clone(), Recent::default());
            let (service, _) = proxy::build(&config, &Handover::default(), &observers).unwrap();
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let settings = server::Settings::new(&config.limits, &config.timeouts);
            tokio::spawn(server::serve(
                listener,
                service,
                settings,
                std::future::pending(),
            ));
            (address, upstream)
        });
        Self {
            runtime,
            address,
            upstream,
        }
    }

    /// Sends everything, and reads up to the end.
    async fn exchange(&self, data: &[u8]) -> Vec<u8> {
        let mut caller = TcpStream::connect(self.address).await.unwrap();
        // Thousands of cases a second would use up the ports.
        caller.set_zero_linger().unwrap();
        let mut answer = Vec::new();
        // Who is refused may find the connection closed.
        let _ = caller.write_all(data).await;
        let _ = caller.shutdown().await;
        let read = timeout(HANG, caller.read_to_end(&mut answer)).await;
        assert!(read.is_ok(), "hangs after {}", answer.escape_ascii());
        drop(caller);
        // What is under way to the upstream gets there.
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
        answer
    }
}
