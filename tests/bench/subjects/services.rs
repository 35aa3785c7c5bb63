//! The layer around an upstream that has its answer ready.

use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Empty, Full};
use patchwright::RepairLayer;
use patchwright::layer::Repair;
use patchwright::layer::options::Options;
use patchwright::rule::Rules;
use tokio::runtime::{Builder, Runtime};
use tower::{Layer as _, Service};

use super::answers::Answers;
use super::bodies::{conversation, participant_id};
use super::directories::{Directory, empty};

type Repairing = Repair<Answers<Empty<Bytes>>, Directory>;

/// With the strict pack and the options that the program ships with; lookups answer a conversation of three.
fn repairing() -> Repairing {
    let directory = empty(Bytes::from(conversation(3)));
    RepairLayer::new(Arc::new(Rules::strict()), directory, Options::default(), ())
        .layer(Answers(Empty::new()))
}

/// A PATCH as a browser's SDK sends it.
pub(crate) fn patch(body: Bytes) -> Request<Full<Bytes>> {
    let path = format!(
        "/api/v2/conversations/c0000000-0000-4000-8000-000000000001/participants/{}",
        participant_id(3)
    );
    request(Method::PATCH, &path)
        .header("content-type", "application/json")
        .header("content-length", body.len())
        .body(Full::new(body))
        .unwrap()
}

/// A GET of what no rule knows.
pub(crate) fn stranger() -> Request<Full<Bytes>> {
    let request = request(Method::GET, "/api/v2/users/me");
    request.body(Full::default()).unwrap()
}

fn request(method: Method, path: &str) -> http::request::Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header("host", "127.0.0.1:8080")
        .header(
            "user-agent",
            "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
        )
        .header("accept", "application/json")
        .header("accept-language", "en-GB,en;q=0.8,de;q=0.5")
        .header(
            "authorization",
            "Bearer kq3V8x1d0ZsYb7Lr5uTn2GmXcWfPaJhE9oIv6RtDyK4lMwQzSgBiNpUe",
        )
        .header("origin", "https://desk.example.com")
        .header("referer", "https://desk.example.com/interactions")
}

/// A GET of one of a hundred conversations, or of what is below it.
pub(crate) fn get(number: u32, below: &str) -> Request<Full<Bytes>> {
    let number = number % 100;
    let path = format!("/api/v2/conversations/c0000000-0000-4000-8000-{number:012}{below}");
    request(Method::GET, &path).body(Full::default()).unwrap()
}

/// A layer whose upstream answers each GET with a conversation of three.
#[derive(Debug)]
pub(crate) struct Reader {
    service: Repair<Answers<Full<Bytes>>, Directory>,
    runtime: Runtime,
}

impl Reader {
    pub(crate) fn new() -> Self {
        let answer = Bytes::from(conversation(3));
        let directory = empty(answer.clone());
        let rules = Arc::new(Rules::strict());
        let layer = RepairLayer::new(rules, directory, Options::default(), ());
        let runtime = Builder::new_current_thread().enable_time().build();
        Self {
            service: layer.layer(Answers(Full::new(answer))),
            runtime: runtime.unwrap(),
        }
    }

    /// Length of the answer, which is read.
    pub(crate) fn read(&mut self, request: Request<Full<Bytes>>) -> usize {
        let answer = self.service.call(request);
        self.runtime.block_on(async {
            let answer = answer.await.unwrap_or_else(|never| match never {});
            let frame = pin!(answer.into_body()).frame().await;
            let frame = frame.and_then(Result::ok);
            frame.map_or(0, |frame| frame.data_ref().map_or(0, Bytes::len))
        })
    }
}

/// A layer and the runtime whose clock it needs.
#[derive(Debug)]
pub(crate) struct Caller {
    service: Repairing,
    runtime: Runtime,
}

impl Caller {
    pub(crate) fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_time().build();
        Self {
            service: repairing(),
            runtime: runtime.unwrap(),
        }
    }

    /// One that has looked up the participant of [`patch`].
    pub(crate) fn that_knows(body: &Bytes) -> Self {
        let mut caller = Self::new();
        caller.call(patch(body.clone()));
        caller
    }

    pub(crate) fn call(&mut self, request: Request<Full<Bytes>>) -> StatusCode {
        let response = self.runtime.block_on(self.service.call(request));
        response.map_or_else(|never| match never {}, |response| response.status())
    }
}
