//! HTTP/2 with prior knowledge: many requests at once on one connection.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Version};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::exchange::Caller;
use super::request::{self, Shape};
use crate::ledger::Expect;
use crate::wire::Answer;
use crate::world::World;

/// Longest time until an answer.
const BOUND: Duration = Duration::from_secs(20);

/// What came: an answer, or why there is none and whether it had begun.
type Outcome = Result<Answer, (bool, String)>;

impl Caller {
    pub(super) async fn http2(&mut self) {
        let Some(connection) = self.fresh().await else {
            return;
        };
        let (mut sender, io) = (None, TokioIo::new(connection.stream));
        let born = connection.born;
        if let Ok((ready, driver)) = http2::handshake(TokioExecutor::new(), io).await {
            tokio::spawn(driver);
            sender = Some(ready);
        }
        let Some(sender) = sender else { return };
        for _ in 0..self.rng.within(1, 4) {
            let mut waits = JoinSet::new();
            for _ in 0..self.rng.within(1, 6) {
                let (n, request) = self.request();
                let mut sender = sender.clone();
                waits.spawn(async move {
                    let began = Instant::now();
                    let answered = async {
                        sender
                            .ready()
                            .await
                            .map_err(|error| (false, error.to_string()))?;
                        exchange(sender.send_request(request).await).await
                    };
                    let outcome = timeout(BOUND, answered).await;
                    (
                        n,
                        outcome.unwrap_or_else(|_| Err((false, "hangs".to_owned()))),
                        began,
                    )
                });
            }
            while let Some(Ok((n, outcome, began))) = waits.join_next().await {
                match outcome {
                    Ok(answer) => {
                        self.shared.ledger.took(began.elapsed());
                        self.concluded(n, &answer);
                    }
                    Err((in_body, why)) => self.broken(n, in_body, &why, born),
                }
            }
        }
    }

    fn request(&mut self) -> (u64, Request<Full<Bytes>>) {
        let target = World::drifting(&mut self.rng);
        let place = self.shared.world.place(target, &mut self.rng);
        let n = self.shared.ledger.open("HTTP/2", &place, None);
        let body = request::body(n, &place, &Shape::default(), &mut self.rng);
        let uri = format!("http://api.example{}", self.shared.world.path(&place));
        let request = Request::patch(uri)
            .version(Version::HTTP_2)
            .header("authorization", format!("Bearer {}", self.token))
            .body(Full::new(Bytes::from(body)));
        (n, request.unwrap())
    }

    /// As in HTTP/1: no word while the proxy is being replaced means that nothing was done.
    fn broken(&self, n: u64, in_body: bool, why: &str, born: Instant) {
        let ledger = &self.shared.ledger;
        if in_body {
            ledger.close(n, Expect::AtMostOne, "torn in its body", 0);
        } else if self.shared.restarts.excuse(born) {
            ledger.close(n, Expect::Zero, "no answer, replaced", 0);
        } else {
            ledger.close(n, Expect::AtMostOne, "no answer", 0);
            ledger.accuse(n, why);
        }
    }
}

async fn exchange(
    answered: Result<http::Response<hyper::body::Incoming>, hyper::Error>,
) -> Outcome {
    let (head, body) = answered
        .map_err(|error| {
            let why = format!("{error:?}");
            // A torn answer ends in the reset of its stream, which may overtake the answer's head.
            (why.contains("INTERNAL_ERROR"), why)
        })?
        .into_parts();
    let body = body
        .collect()
        .await
        .map_err(|error| (true, error.to_string()))?
        .to_bytes();
    // As it would read in HTTP/1, for the same judge.
    let lines = head.headers.iter();
    let lines = lines
        .map(|(name, value)| format!("\r\n{name}: {}", String::from_utf8_lossy(value.as_bytes())));
    let text = format!("HTTP/2{}", lines.collect::<String>());
    Ok(Answer {
        status: head.status.as_u16(),
        head: text,
        body: body.to_vec(),
    })
}
