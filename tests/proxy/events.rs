//! Who watches without reading what it gets.

use std::time::{Duration, SystemTime};

use http::Method;
use patchwright::admin::{Admin, Content, Figures, Readiness, Recent};
use patchwright::layer::record::{Outcome, Record};
use patchwright::metrics::Metrics;
use patchwright::server::{Settings, serve};
use tokio::net::{TcpListener, TcpSocket};

use crate::support::{Peer, within};

/// Several megabytes of events.
fn fill(recent: &Recent) {
    let long = "m".repeat(500);
    for _ in 0..200 {
        let record = Record {
            filled: &[long.as_str(); 32],
            ..Record::new("r", &Method::PATCH, "/a/{b}", Outcome::Repaired)
        };
        recent.push(&record, None, SystemTime::now());
    }
}

#[tokio::test]
async fn a_place_that_nobody_reads_at_is_free_again() {
    let (metrics, recent) = (Metrics::new(), Recent::default());
    fill(&recent);
    let content = Content {
        figures: Figures::new(metrics.tally(), Box::new(|| "enforce")),
        metrics,
        recent,
        config: Box::new(String::new),
        report: Box::new(String::new),
        log: None,
        forget: Box::new(|| {}),
    };
    let ready = Readiness::default();
    ready.set(true);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let settings = Settings {
        idle: Duration::from_millis(200),
        ..Settings::default()
    };
    let forever = std::future::pending();
    tokio::spawn(serve(
        listener,
        Admin::new(content, ready),
        settings,
        forever,
    ));

    let get = format!("GET /events HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let mut silent = Vec::new();
    for _ in 0..8 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let mut peer = Peer::new(socket.connect(address).await.unwrap());
        peer.send(&get).await;
        assert_eq!(peer.head().await.status(), 200);
        silent.push(peer);
    }
    within("a place", async {
        loop {
            let mut peer = Peer::connect(address).await;
            peer.send(&get).await;
            if peer.head().await.status() == 200 {
                break;
            }
        }
    })
    .await;
}
