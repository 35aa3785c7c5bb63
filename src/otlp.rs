//! Traces for an OpenTelemetry collector: OTLP over HTTP, as protobuf
//! (<https://opentelemetry.io/docs/specs/otlp/#otlphttp>).
//!
//! Requests never wait for it. What they hand over waits in a queue with a bound, beyond which it is dropped and
//! counted. One task sends, a batch at a time, and waits longer after each failure while the queue fills up.

mod messages;
mod sending;
#[cfg(test)]
mod tests;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use metrics::Counter;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::timeout;

use self::sending::Sending;
use crate::config::Otlp;
use crate::metrics::Metrics;
use crate::proxy::Exports;
use crate::trace::journal::{Recorded, Sink};
use crate::upstream::BuildError;
use crate::watch::Reload;

/// What the sending task is told.
#[derive(Debug)]
enum Message {
    Trace(Recorded),
    /// To send all that came before this, and then to say so.
    Flush(oneshot::Sender<()>),
}

/// Where sampled traces go.
#[derive(Debug)]
pub struct Exporter {
    queue: mpsc::Sender<Message>,
    hurry: Arc<Notify>,
    bound: Duration,
    dropped: Dropped,
    reload: Option<Arc<dyn Reload>>,
}

impl Exporter {
    /// Sends as configured. Without TLS roots, where TLS is spoken, it can't.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn new(config: &Otlp, metrics: &Metrics) -> Result<Self, BuildError> {
        let spans = metrics.spans();
        let hurry = Arc::default();
        let sending = Sending::new(config, spans.clone(), Arc::clone(&hurry))?;
        let reload = sending.reload();
        let (queue, messages) = mpsc::channel(config.queue);
        tokio::spawn(sending.run(messages));
        Ok(Self {
            queue,
            hurry,
            bound: config.timeout,
            dropped: Dropped(spans.dropped),
            reload,
        })
    }
}

impl Sink for Exporter {
    fn take(&self, trace: Recorded) {
        let spans = trace.spans.len() as u64;
        if self.queue.try_send(Message::Trace(trace)).is_err() {
            self.dropped.0.increment(spans);
        }
    }
}

impl Exports for Exporter {
    fn flush(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async {
            let (done, is_done) = oneshot::channel();
            let flush = async {
                self.hurry.notify_one();
                if self.queue.send(Message::Flush(done)).await.is_ok() {
                    let _ = is_done.await;
                }
            };
            if timeout(self.bound, flush).await.is_err() {
                tracing::warn!("traces are lost: the collector did not take them in time");
            }
        })
    }

    fn reload(&self) -> Option<Arc<dyn Reload>> {
        self.reload.clone()
    }
}

/// Spans that found no place in the queue.
struct Dropped(Counter);

impl std::fmt::Debug for Dropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dropped").finish_non_exhaustive()
    }
}
