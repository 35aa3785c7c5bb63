//! The hostile network between the proxy and its upstreams: a TCP relay that does to every connection one
//! of the things that happen to connections.

mod piece;
mod pipe;
mod plan;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{Instant, sleep, sleep_until};

use self::pipe::Pipe;
use self::plan::Kind;
pub(crate) use self::plan::NAMES;
use crate::rng::Rng;
use crate::shared::Shared;

/// For how long nothing listens.
const REFUSING: Duration = Duration::from_millis(15);
/// Every so often.
const REFUSE_EVERY: Duration = Duration::from_millis(250);

/// A listener on a fixed port below the ephemeral ones: nobody's outgoing connection may take it while
/// it is closed.
pub(crate) fn listen(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    socket.listen(1024)
}

/// A port that is free now.
pub(crate) fn port(rng: &mut Rng) -> u16 {
    for _ in 0..1_000 {
        let port = u16::try_from(rng.within(18_000, 31_000)).unwrap();
        if listen(port).is_ok() {
            return port;
        }
    }
    panic!("no free port");
}

/// Relays from the port to the upstream, for ever.
pub(crate) async fn run(shared: Arc<Shared>, port: u16, upstream: SocketAddr) {
    let mut connections = 0;
    loop {
        let Ok(listener) = listen(port) else {
            sleep(Duration::from_millis(5)).await;
            continue;
        };
        let until = Instant::now() + REFUSE_EVERY;
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = sleep_until(until), if shared.is_stormy() => break,
            };
            let Ok((stream, _)) = accepted else { continue };
            connections += 1;
            let rng = Rng::new(
                shared.seed,
                "connection",
                connections * 2 + usize::from(port % 2),
            );
            tokio::spawn(relay(Arc::clone(&shared), stream, upstream, rng));
        }
        drop(listener);
        shared.faults.count("refused for a moment");
        sleep(REFUSING).await;
    }
}

async fn relay(shared: Arc<Shared>, near: TcpStream, upstream: SocketAddr, mut rng: Rng) {
    let kind = if shared.is_stormy() {
        plan::draw(&mut rng)
    } else {
        Kind::None
    };
    if kind == Kind::ResetAtAccept {
        shared.faults.count(kind.name());
        let _ = near.set_zero_linger();
        return;
    }
    let Ok(far) = TcpStream::connect(upstream).await else {
        return;
    };
    if near.set_nodelay(true).and(far.set_nodelay(true)).is_err() {
        return;
    }
    // Whatever the connection ends with is what was planned, or the wish of one of its ends.
    let _ = Pipe::new(shared, near, far, kind, rng).run().await;
}

/// Holds up all traffic for a while, now and then.
pub(crate) async fn pauses(shared: Arc<Shared>, mut rng: Rng) {
    while shared.is_stormy() {
        sleep(Duration::from_millis(
            rng.within(1_000, 4_000).try_into().unwrap(),
        ))
        .await;
        if !shared.is_stormy() {
            return;
        }
        shared.paused.send_replace(true);
        shared.faults.count("all traffic paused");
        sleep(Duration::from_millis(
            rng.within(200, 1_000).try_into().unwrap(),
        ))
        .await;
        shared.paused.send_replace(false);
    }
}
