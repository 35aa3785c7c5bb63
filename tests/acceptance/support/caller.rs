use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use patchwright::simulator::seed;
use serde_json::Value;

use super::within;

/// Someone who sends requests to one address. Clones share the connections.
#[derive(Clone)]
pub(crate) struct Caller {
    address: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// A request that is being made up.
pub(crate) struct Sending {
    caller: Caller,
    request: http::request::Builder,
    body: Bytes,
}

#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// The path of the agent (connected, in a queue) of one of the simulator's conversations.
pub(crate) fn agent(family: &str, conversation: &str) -> String {
    let id = seed::participant(conversation, 3);
    format!("/api/v2/conversations{family}/{conversation}/participants/{id}")
}

/// The bytes of a request whose body is described by `Content-Length`.
pub(crate) fn request(method: &str, target: &str, lines: &[&str], body: &[u8]) -> Vec<u8> {
    let lines = [lines, &[""]].concat().join("\r\n");
    let length = body.len();
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: proxy.example\r\n{lines}Content-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

impl Caller {
    pub(crate) fn to(address: SocketAddr) -> Self {
        let mut client = Client::builder(TokioExecutor::new());
        // What is counted must have been sent by the test.
        let client = client.retry_canceled_requests(false).build_http();
        Self { address, client }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> Sending {
        Sending {
            caller: self.clone(),
            request: Request::builder()
                .method(method)
                .uri(format!("http://{}{path}", self.address)),
            body: Bytes::new(),
        }
    }

    /// A PATCH of JSON by the bearer of `token`.
    pub(crate) fn patch(&self, path: &str, token: &str, body: impl Into<Bytes>) -> Sending {
        self.request(Method::PATCH, path)
            .bearer(token)
            .header("content-type", "application/json")
            .body(body)
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        self.request(Method::GET, path).bearer(token).send().await
    }
}

impl Sending {
    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) async fn send(self) -> Answer {
        let request = self.request.body(Full::new(self.body)).unwrap();
        let answer = within("an answer", self.caller.client.request(request)).await;
        let (head, body) = answer.unwrap().into_parts();
        let body = within("its body", body.collect()).await.unwrap().to_bytes();
        Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body,
        }
    }
}

impl Answer {
    /// The `Patchwright` header, empty where there is none.
    pub(crate) fn report(&self) -> &str {
        let report = self.headers.get("patchwright");
        report.map_or("", |report| report.to_str().unwrap())
    }

    /// Whether the `Patchwright` header has this member.
    pub(crate) fn says(&self, member: &str) -> bool {
        self.report().split(", ").any(|part| part == member)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The code of an `ErrorBody` that is complete, as the SDKs need it.
    pub(crate) fn code(&self) -> String {
        let body = self.json();
        assert_eq!(self.headers["content-type"], "application/json");
        assert_eq!(
            body["status"], self.status,
            "an integer: the Go SDK parses it"
        );
        for (member, is_there) in [
            ("message", body["message"].is_string()),
            ("contextId", body["contextId"].is_string()),
            ("details", body["details"].is_array()),
            ("errors", body["errors"].is_array()),
        ] {
            assert!(is_there, "{member} is wrong in {body}");
        }
        body["code"].as_str().unwrap().to_owned()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}
