//! The trace that a request belongs to.

use std::sync::Arc;

use http::Request;

use crate::config::{Trace, Traceparent};
use crate::fields::Fields;
use crate::repair::header::signs_the_trace;
use crate::trace::journal::{Journal, Recording, Sink};
use crate::trace::{self, Share, ids};

/// Goes on with the traces of requests, or leaves them alone, which is the default.
#[derive(Clone, Debug, Default)]
pub struct Tracing(Option<Continue>);

#[derive(Clone, Debug)]
struct Continue {
    share: Share,
    sink: Option<Arc<dyn Sink>>,
}

impl Tracing {
    /// As it is configured. What is sampled goes to `sink`.
    pub fn new(config: &Trace, sink: Option<Arc<dyn Sink>>) -> Self {
        Self(match config.traceparent {
            Traceparent::Continue => Some(Continue {
                share: config.share(),
                sink,
            }),
            Traceparent::Pass => None,
        })
    }

    /// Has a request say that it came through here. The result is there if the request is recorded.
    pub(super) fn enter<B>(&self, request: &mut Request<B>, fields: Fields) -> Option<Recording> {
        let Continue { share, sink } = self.0.as_ref()?;
        let headers = request.headers_mut();
        if fields.has(Fields::SIGNATURE_INPUT) && signs_the_trace(headers) {
            return None;
        }
        let (context, parent) = if fields.has(Fields::TRACE) {
            trace::enter(headers, *share, ids::draw)
        } else {
            (trace::begin(headers, *share, ids::draw), None)
        };
        // Whoever asks for it need not read the field again.
        request.extensions_mut().insert(context);
        let sink = sink.as_ref().filter(|_| context.is_sampled())?;
        let journal = Journal::new(context, parent, request.method(), request.version());
        let journal = Arc::new(journal);
        request.extensions_mut().insert(Arc::clone(&journal));
        Some(Recording::new(journal, Arc::clone(sink)))
    }
}
