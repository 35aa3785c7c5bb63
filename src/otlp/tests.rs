use std::sync::Mutex;
use std::time::Duration;

use http::{Method, StatusCode, Version};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::trace::journal::{Journal, Recording};
use crate::trace::{Context, Share, ids};

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        std::io::Write::write(&mut *self.0.lock().unwrap(), bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn config(listener: &TcpListener) -> Otlp {
    let address = listener.local_addr().unwrap();
    Otlp {
        url: format!("http://{address}").parse().unwrap(),
        headers: None,
        headers_file: None,
        ca: None,
        queue: 8,
        batch: 1,
        interval: Duration::from_millis(10),
        timeout: Duration::from_secs(10),
    }
}

/// Hands a request with one span to `exporter`.
fn hand_over(exporter: &Arc<Exporter>) {
    let context = Context::begun(ids::draw(), Share::new(1.0));
    let journal = Journal::new(context, None, &Method::GET, Version::HTTP_11);
    journal.answered(StatusCode::OK);
    let sink = Arc::clone(exporter) as Arc<dyn Sink>;
    drop(Recording::new(Arc::new(journal), sink));
}

async fn counted(metrics: &Metrics, result: &str, count: u64) {
    let line = format!("patchwright_trace_spans_total{{result=\"{result}\"}} {count}\n");
    let counted = async {
        while !metrics.render().contains(&line) {
            tokio::task::yield_now().await;
        }
    };
    let counted = timeout(Duration::from_secs(20), counted).await;
    assert!(counted.is_ok(), "no {line}: {}", metrics.render());
}

/// Answers each request on a connection of its own with the next status.
async fn answer(listener: TcpListener, statuses: &[u16]) -> TcpListener {
    for status in statuses {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.windows(4).any(|end| end == b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let answer =
            format!("HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
    listener
}

#[tokio::test]
async fn an_outage_is_logged_once_and_so_is_its_end() {
    let written = Written::default();
    let writer = written.clone();
    let log = tracing_subscriber::fmt().with_writer(move || writer.clone());
    let _log = tracing::subscriber::set_default(log.finish());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let metrics = Metrics::new();
    let exporter = Arc::new(Exporter::new(&config(&listener), &metrics).unwrap());
    // The collector will never take what it answers 400: it is not tried again.
    let answering = tokio::spawn(async { answer(listener, &[400, 400, 200, 400]).await });
    for (result, count) in [("failed", 1), ("failed", 2), ("exported", 1), ("failed", 3)] {
        hand_over(&exporter);
        counted(&metrics, result, count).await;
    }
    answering.await.unwrap();
    let log = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    let said = |text: &str| log.matches(text).count();
    assert_eq!(said("can't be exported"), 2, "{log}");
    assert_eq!(said("exported again"), 1, "{log}");
}

#[tokio::test]
async fn what_is_not_in_use_any_more_gives_up_at_the_next_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let metrics = Metrics::new();
    let exporter = Arc::new(Exporter::new(&config(&listener), &metrics).unwrap());
    hand_over(&exporter);
    drop(exporter);
    drop(listener);
    counted(&metrics, "failed", 1).await;
}

#[tokio::test]
async fn what_may_be_taken_another_time_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let metrics = Metrics::new();
    let exporter = Arc::new(Exporter::new(&config(&listener), &metrics).unwrap());
    hand_over(&exporter);
    let listener = answer(listener, &[503]).await;
    // Whoever is in a hurry doesn't wait for the pause to be over.
    let answering = tokio::spawn(async { answer(listener, &[200]).await });
    exporter.flush().await;
    counted(&metrics, "exported", 1).await;
    answering.await.unwrap();
}
