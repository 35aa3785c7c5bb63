//! What was recorded, as OTLP's messages. Pure.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{
    ResourceSpans, ScopeSpans, Span as SpanMessage, SpanFlags, Status,
};
use prost::Message as _;

use crate::trace::Context;
use crate::trace::journal::{Fact, Kind, Recorded, Span};

const SERVICE: &str = env!("CARGO_PKG_NAME");
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A batch.
pub(super) fn request(batch: Vec<Recorded>) -> ExportTraceServiceRequest {
    let spans = batch.into_iter().flat_map(|trace| {
        let context = trace.context;
        let spans = trace.spans.into_iter();
        spans.map(move |one| span(context, one))
    });
    let service = BTreeMap::from([
        ("service.name", Fact::from(SERVICE)),
        ("service.version", Fact::from(VERSION)),
    ]);
    let scope = InstrumentationScope {
        name: SERVICE.to_owned(),
        version: VERSION.to_owned(),
        ..InstrumentationScope::default()
    };
    let resource = Resource {
        attributes: service.into_iter().map(attribute).collect(),
        ..Resource::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource),
            scope_spans: vec![ScopeSpans {
                scope: Some(scope),
                spans: spans.collect(),
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    }
}

/// How many spans a collector that took a batch left out of it.
pub(super) fn refused(answer: &[u8]) -> u64 {
    let answer = ExportTraceServiceResponse::decode(answer).unwrap_or_default();
    let partial = answer.partial_success.unwrap_or_default();
    u64::try_from(partial.rejected_spans).unwrap_or(0)
}

fn span(context: Context, span: Span) -> SpanMessage {
    let kind = match span.kind {
        Kind::Server => SpanKind::Server,
        Kind::Client => SpanKind::Client,
        Kind::Internal => SpanKind::Internal,
    };
    // The request's own parent is in another process, if it has one.
    let is_root = span.id.get().to_be_bytes() == context.span_id().to_bytes();
    let mut flags = u32::from(context.flags()) | SpanFlags::ContextHasIsRemoteMask as u32;
    if is_root && span.parent.is_some() {
        flags |= SpanFlags::ContextIsRemoteMask as u32;
    }
    let id = |id: NonZeroU64| id.get().to_be_bytes().to_vec();
    let code = if span.failed {
        StatusCode::Error
    } else {
        StatusCode::Unset
    };
    SpanMessage {
        trace_id: context.trace_id().to_bytes().to_vec(),
        span_id: id(span.id),
        parent_span_id: span.parent.map(id).unwrap_or_default(),
        flags,
        name: span.name.into_owned(),
        kind: kind.into(),
        start_time_unix_nano: nanoseconds(span.began),
        end_time_unix_nano: nanoseconds(span.began + span.took),
        attributes: span.facts.into_iter().map(attribute).collect(),
        status: Some(Status {
            code: code.into(),
            ..Status::default()
        }),
        ..SpanMessage::default()
    }
}

fn attribute((key, fact): (&'static str, Fact)) -> KeyValue {
    let value = match fact {
        Fact::Text(text) => Value::StringValue(text.into_owned()),
        Fact::Number(number) => Value::IntValue(number),
    };
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

fn nanoseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
