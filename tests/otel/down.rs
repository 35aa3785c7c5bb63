//! A collector that is not there, or does not take everything.

use std::sync::Arc;

use tokio::net::TcpListener;

use crate::collector::Collector;
use crate::peer::within;
use crate::world::World;

#[tokio::test]
async fn while_it_is_down_requests_go_on_and_what_is_too_much_is_counted() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let toml = format!(
        "[trace.otlp]\nurl = \"http://{address}\"\ninterval = \"10ms\"\nqueue = 2\nbatch = 1\ntimeout = \"1s\"\n"
    );
    let world = Arc::new(World::with(&toml).await);
    for _ in 0..12 {
        assert_eq!(world.patch("").await.status(), 202);
    }
    // One is tried again and again, two wait, and the rest has no place: three or four spans each.
    within("what is dropped", async {
        while dropped(&world.metrics().await) < 27 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    // It comes up, and gets what waited.
    let mut collector = Collector::on(TcpListener::bind(address).await.unwrap(), 0);
    for _ in 0..3 {
        assert!(!collector.batch().await.spans.is_empty());
    }
}

fn dropped(metrics: &str) -> u64 {
    let name = "patchwright_trace_spans_total{result=\"dropped\"} ";
    let line = metrics.lines().find_map(|line| line.strip_prefix(name));
    line.map_or(0, |count| count.parse().unwrap())
}

#[tokio::test]
async fn one_that_never_answers_holds_the_end_up_no_longer_than_it_may() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let toml = format!(
        "[trace.otlp]\nurl = \"http://{}\"\ninterval = \"10ms\"\ntimeout = \"50ms\"\n",
        silent.local_addr().unwrap()
    );
    let world = World::with(&toml).await;
    assert_eq!(world.patch("").await.status(), 202);
    let _held = silent.accept().await.unwrap();
    world.end().await;
}

#[tokio::test]
async fn what_it_leaves_out_counts_as_failed() {
    let mut collector = Collector::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), 1);
    let toml = format!(
        "[trace.otlp]\nurl = \"http://{}\"\ninterval = \"10ms\"\n",
        collector.address
    );
    let world = Arc::new(World::with(&toml).await);
    world.patch("").await;
    assert_eq!(collector.batch().await.spans.len(), 4);
    world
        .counted("patchwright_trace_spans_total{result=\"exported\"} 3")
        .await;
    world
        .counted("patchwright_trace_spans_total{result=\"failed\"} 1")
        .await;
}
