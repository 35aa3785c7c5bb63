use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::peer::within;

/// A batch as it came.
pub(crate) struct Batch {
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Bytes,
    pub(crate) spans: Vec<Span>,
    pub(crate) resource: BTreeMap<String, String>,
}

/// A collector on loopback.
pub(crate) struct Collector {
    pub(crate) address: SocketAddr,
    batches: mpsc::UnboundedReceiver<Batch>,
}

#[derive(Clone)]
struct Taking {
    batches: mpsc::UnboundedSender<Batch>,
    /// Of each batch.
    refuses: i64,
}

impl Collector {
    pub(crate) async fn start() -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), 0)
    }

    /// As one that takes batches and leaves so many spans out of each.
    pub(crate) fn on(listener: TcpListener, refuses: i64) -> Self {
        let address = listener.local_addr().unwrap();
        let (sender, batches) = mpsc::unbounded_channel();
        let state = Taking {
            batches: sender,
            refuses,
        };
        let router = Router::new()
            .route("/v1/traces", post(take))
            .with_state(state);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, batches }
    }

    pub(crate) async fn batch(&mut self) -> Batch {
        within("a batch", self.batches.recv()).await.unwrap()
    }
}

async fn take(
    State(taking): State<Taking>,
    headers: HeaderMap,
    bytes: Bytes,
) -> (StatusCode, Vec<u8>) {
    let request = ExportTraceServiceRequest::decode(bytes.clone()).unwrap();
    let [resource] = &request.resource_spans[..] else {
        panic!("one resource: {request:?}");
    };
    let spans = resource
        .scope_spans
        .iter()
        .flat_map(|scope| scope.spans.clone());
    let _ = taking.batches.send(Batch {
        headers,
        spans: spans.collect(),
        resource: attributes(&resource.resource.as_ref().unwrap().attributes),
        bytes,
    });
    let partial = ExportTracePartialSuccess {
        rejected_spans: taking.refuses,
        error_message: String::new(),
    };
    let answer = ExportTraceServiceResponse {
        partial_success: (taking.refuses > 0).then_some(partial),
    };
    (StatusCode::OK, answer.encode_to_vec())
}

pub(crate) fn attributes(all: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |one: &KeyValue| match one.value.clone().unwrap().value.unwrap() {
        Value::StringValue(text) => text,
        Value::IntValue(number) => number.to_string(),
        other => panic!("{other:?}"),
    };
    all.iter().map(|one| (one.key.clone(), text(one))).collect()
}
