//! A simulator on a free port, and a client for it.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;
use patchwright::simulator::{Options, Simulator, seed, serve};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

pub(crate) const BEARER: &str = "Bearer some-token";

pub(crate) struct Api {
    pub(crate) simulator: Simulator,
    base: String,
    client: Client<HttpConnector, Full<Bytes>>,
    // The server ends when this is dropped.
    stop: Option<oneshot::Sender<()>>,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Api {
    pub(crate) async fn start() -> Self {
        Self::with(Options::default()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let simulator = Simulator::new(options);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(serve(listener, simulator.clone(), async move {
            drop(stopped.await);
        }));
        let mut client = Client::builder(TokioExecutor::new());
        // A dropped connection must be seen, not tried again.
        let client = client.retry_canceled_requests(false).build_http();
        Self {
            simulator,
            base,
            client,
            stop: Some(stop),
        }
    }

    /// The server ends when this is dropped.
    pub(crate) fn stopper(&mut self) -> Option<oneshot::Sender<()>> {
        self.stop.take()
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Result<Answer, Error> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body.into())).unwrap();
        let (head, body) = self.client.request(request).await?.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Ok(Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body,
        })
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let headers = [("authorization", BEARER)];
        self.send(Method::GET, path, &headers, "").await.unwrap()
    }

    pub(crate) async fn patch(&self, path: &str, body: impl Into<Bytes>) -> Answer {
        self.try_patch(path, body).await.unwrap()
    }

    pub(crate) async fn try_patch(
        &self,
        path: &str,
        body: impl Into<Bytes>,
    ) -> Result<Answer, Error> {
        let headers = [
            ("authorization", BEARER),
            ("content-type", "application/json"),
        ];
        self.send(Method::PATCH, path, &headers, body).await
    }

    pub(crate) async fn control(&self, method: Method, path: &str, body: &str) -> Answer {
        let path = format!("/__control/{path}");
        self.send(method, &path, &[], body.to_owned())
            .await
            .unwrap()
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Checks that it is a complete `ErrorBody` and returns status and message.
    pub(crate) fn error(&self) -> (u16, String) {
        let body = self.json();
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/json");
        assert_eq!(body["status"], self.status);
        assert!(body["code"].is_string(), "{body}");
        assert!(
            body["details"].is_array() && body["errors"].is_array(),
            "{body}"
        );
        assert_eq!(
            self.headers["inin-correlation-id"],
            *body["contextId"].as_str().unwrap()
        );
        (self.status, body["message"].as_str().unwrap().to_owned())
    }
}

/// The path of the n-th participant of a seed conversation.
pub(crate) fn participant(family: &str, conversation: &str, n: u32) -> String {
    let id = seed::participant(conversation, n);
    format!("/api/v2/conversations{family}/{conversation}/participants/{id}")
}
