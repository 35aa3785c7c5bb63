use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use prost::Message as _;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::{Message, messages};
use crate::config::Otlp;
use crate::directory::retry_after;
use crate::metrics::Spans;
use crate::trace::journal::Recorded;
use crate::upstream::plain::Plain;
use crate::upstream::{self, BuildError};
use crate::watch::Reload;

const NAME: &str = "trace.otlp";
const AGENT: &str = concat!("patchwright/", env!("CARGO_PKG_VERSION"));
/// Between tries, at first and at most. The queue is what holds on for longer.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// An answer says how many spans were refused, and why.
const MOST: usize = 64 << 10;

/// What sends, a batch at a time.
#[derive(Debug)]
pub(super) struct Sending {
    transport: Plain,
    uri: Uri,
    headers: HeaderMap,
    batch: usize,
    interval: Duration,
    timeout: Duration,
    spans: Spans,
    hurry: Arc<Notify>,
    /// Since the last failure nothing was taken.
    failing: bool,
}

/// Why a batch was not taken.
enum Refused {
    /// It may be another time, after this if the collector says.
    Now(String, Option<Duration>),
    /// It never will.
    Ever(String),
}

/// How long a batch waits for its next try.
struct Pause(Duration);

impl Pause {
    /// Twice as long each time, and not shorter than the collector asks for.
    fn next(&mut self, asked: Duration) -> Duration {
        let pause = self.0.max(asked).min(LONGEST_WAIT);
        self.0 = self.0.saturating_mul(2);
        pause
    }
}

impl Sending {
    pub(super) fn new(config: &Otlp, spans: Spans, hurry: Arc<Notify>) -> Result<Self, BuildError> {
        let settings = upstream::Settings {
            name: NAME.to_owned(),
            url: config.url.clone(),
            ca: config.ca.clone(),
            identity: None,
            http2: false,
            http2_connections: 0,
            header_bytes: 0,
            connect: config.timeout,
            request: config.timeout,
            idle: config.timeout,
            upstream_idle: config.interval.saturating_mul(2),
        };
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        headers.extend(config.header_fields());
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-protobuf"),
        );
        Ok(Self {
            transport: Plain::new(settings)?,
            uri: config.traces(),
            headers,
            batch: config.batch,
            interval: config.interval,
            timeout: config.timeout,
            spans,
            hurry,
            failing: false,
        })
    }

    pub(super) fn reload(&self) -> Option<Arc<dyn Reload>> {
        self.transport.reload()
    }

    /// Sends until nobody can hand anything over any more.
    pub(super) async fn run(mut self, mut messages: mpsc::Receiver<Message>) {
        loop {
            let (batch, flushed) = self.gather(&mut messages).await;
            let is_last = batch.is_empty() && flushed.is_none();
            // Whoever waits for it has no time for a second try, and neither has who is gone.
            let hurried = flushed.is_some();
            self.send(batch, hurried, &messages).await;
            if let Some(flushed) = flushed {
                let _ = flushed.send(());
            }
            if is_last {
                return;
            }
        }
    }

    /// What is sent next: a whole batch, or what came within the interval, or before a flush.
    async fn gather(
        &self,
        messages: &mut mpsc::Receiver<Message>,
    ) -> (Vec<Recorded>, Option<oneshot::Sender<()>>) {
        let mut batch = Vec::new();
        let mut until = None;
        while batch.len() < self.batch {
            let next = match until {
                None => messages.recv().await,
                Some(until) => match timeout_at(until, messages.recv()).await {
                    Ok(next) => next,
                    Err(_) => break,
                },
            };
            match next {
                Some(Message::Trace(trace)) => batch.push(trace),
                Some(Message::Flush(done)) => return (batch, Some(done)),
                None => break,
            }
            until.get_or_insert_with(|| Instant::now() + self.interval);
        }
        (batch, None)
    }

    async fn send(&mut self, batch: Vec<Recorded>, hurried: bool, rest: &mpsc::Receiver<Message>) {
        let count: usize = batch.iter().map(|trace| trace.spans.len()).sum();
        if count == 0 {
            return;
        }
        let body = Bytes::from(messages::request(batch).encode_to_vec());
        let mut pause = Pause(FIRST_WAIT);
        loop {
            let (problem, asked) = match self.send_once(body.clone()).await {
                Ok(refused) => {
                    let refused = refused.min(count as u64);
                    self.went(count as u64 - refused, refused);
                    return;
                }
                Err(Refused::Ever(problem)) => (problem, None),
                Err(Refused::Now(problem, asked)) => (problem, Some(asked.unwrap_or_default())),
            };
            if !std::mem::replace(&mut self.failing, true) {
                // Once: it is tried again and again, and nothing else depends on it.
                tracing::warn!(%problem, "traces can't be exported; requests go on without");
            }
            let Some(asked) = asked.filter(|_| !hurried && !rest.is_closed()) else {
                self.spans.failed.increment(count as u64);
                return;
            };
            tokio::select! {
                () = sleep(pause.next(asked)) => {}
                () = self.hurry.notified() => {
                    // The last try, before whoever is in a hurry is gone.
                    let sent = self.send_once(body).await;
                    match sent {
                        Ok(_) => self.went(count as u64, 0),
                        Err(_) => self.spans.failed.increment(count as u64),
                    }
                    return;
                }
            }
        }
    }

    fn went(&mut self, taken: u64, refused: u64) {
        self.spans.exported.increment(taken);
        self.spans.failed.increment(refused);
        if std::mem::take(&mut self.failing) {
            tracing::info!("traces are exported again");
        }
    }

    /// Sends a batch. The result is how many of its spans were refused all the same.
    async fn send_once(&self, body: Bytes) -> Result<u64, Refused> {
        let sent = timeout(self.timeout, self.exchange(body)).await;
        sent.unwrap_or_else(|_| {
            let problem = "the collector gave no answer within trace.otlp.timeout";
            Err(Refused::Now(problem.to_owned(), None))
        })
    }

    async fn exchange(&self, body: Bytes) -> Result<u64, Refused> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        request.uri_mut().clone_from(&self.uri);
        request.headers_mut().clone_from(&self.headers);
        let answer = self.transport.send(request).await;
        let answer = answer.map_err(|problem| Refused::Now(problem, None))?;
        let (head, body) = answer.into_parts();
        // Read whatever it is, so that the connection can be used again.
        let text = Limited::new(body, MOST).collect().await;
        let text = text.map(http_body_util::Collected::to_bytes);
        let problem = || format!("the collector answered {}", head.status.as_u16());
        match head.status {
            status if status.is_success() => Ok(messages::refused(&text.unwrap_or_default())),
            // "Retryable Response Codes".
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => {
                let asked = retry_after::read(&head.headers, SystemTime::now());
                Err(Refused::Now(problem(), asked))
            }
            _ => Err(Refused::Ever(problem())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_longest_and_are_as_long_as_is_asked() {
        let seconds = Duration::from_secs;
        let mut pause = Pause(FIRST_WAIT);
        let pauses: Vec<_> = (0..100).map(|_| pause.next(Duration::ZERO)).collect();
        assert_eq!(pauses.get(..6).unwrap(), [1, 2, 4, 8, 16, 30].map(seconds));
        assert_eq!(pauses.last(), Some(&LONGEST_WAIT));
        let mut pause = Pause(FIRST_WAIT);
        assert_eq!(pause.next(seconds(7)), seconds(7));
        assert_eq!(pause.next(seconds(1)), seconds(2));
        assert_eq!(pause.next(Duration::MAX), LONGEST_WAIT);
    }
}
