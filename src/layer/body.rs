//! Bodies of requests and responses that went through the layer.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;

mod replay;
mod taught;

pub(crate) use replay::{Filled, Replay};
pub(crate) use taught::Pupil;
use taught::Taught;

use super::budget::Share;

/// Body of a request behind the layer: the caller's own, or what was made of it.
#[derive(Debug)]
pub struct RequestBody<B: Body> {
    kind: RequestKind<B>,
}

#[derive(Debug)]
enum RequestKind<B: Body> {
    Original(B),
    Whole(Whole),
    /// In a box: most bodies are none, and are moved often.
    Replay(Box<Replay<B>>),
}

/// A body that was read to its end, or made.
struct Whole {
    data: Option<Bytes>,
    trailers: Option<Box<HeaderMap>>,
    /// What its bytes are charged to.
    _keep: Arc<Share>,
}

impl<B: Body> RequestBody<B> {
    pub(crate) fn original(body: B) -> Self {
        Self {
            kind: RequestKind::Original(body),
        }
    }

    pub(crate) fn replay(body: Replay<B>) -> Self {
        Self {
            kind: RequestKind::Replay(Box::new(body)),
        }
    }

    /// It keeps what its bytes were charged to.
    pub(crate) fn whole(data: Bytes, trailers: Option<HeaderMap>, keep: Arc<Share>) -> Self {
        Self {
            kind: RequestKind::Whole(Whole::new(data, trailers, keep)),
        }
    }
}

/// The data is a caller's, so none is shown.
impl std::fmt::Debug for Whole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Whole").finish_non_exhaustive()
    }
}

impl Whole {
    fn new(data: Bytes, trailers: Option<HeaderMap>, keep: Arc<Share>) -> Self {
        Self {
            data: Some(data).filter(|data| !data.is_empty()),
            trailers: trailers.map(Box::new),
            _keep: keep,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.data.as_ref().map_or(0, Bytes::len) as u64)
    }

    fn next(&mut self) -> Option<Frame<Bytes>> {
        let data = self.data.take().map(Frame::data);
        data.or_else(|| Some(Frame::trailers(*self.trailers.take()?)))
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for RequestBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match &mut self.kind {
            RequestKind::Original(body) => Pin::new(body).poll_frame(cx),
            RequestKind::Whole(body) => Poll::Ready(body.next().map(Ok)),
            RequestKind::Replay(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            RequestKind::Original(body) => body.is_end_stream(),
            RequestKind::Whole(body) => body.is_end_stream(),
            RequestKind::Replay(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            RequestKind::Original(body) => body.size_hint(),
            RequestKind::Whole(body) => body.size_hint(),
            RequestKind::Replay(body) => body.size_hint(),
        }
    }
}

/// Body of a response from the layer: the inner service's own, passed through, or the layer's.
#[derive(Debug)]
pub struct ResponseBody<R: Body> {
    kind: ResponseKind<R>,
}

#[derive(Debug)]
enum ResponseKind<R: Body> {
    Inner(R),
    Whole(Whole),
    Replay(Box<Replay<R>>),
    Own(Full<Bytes>),
    Taught(Taught<R>),
}

impl<R: Body> ResponseBody<R> {
    pub(crate) fn inner(body: R) -> Self {
        Self {
            kind: ResponseKind::Inner(body),
        }
    }

    pub(crate) fn replay(body: Replay<R>) -> Self {
        Self {
            kind: ResponseKind::Replay(Box::new(body)),
        }
    }

    /// It keeps what its bytes were charged to.
    pub(crate) fn whole(data: Bytes, trailers: Option<HeaderMap>, keep: Arc<Share>) -> Self {
        Self {
            kind: ResponseKind::Whole(Whole::new(data, trailers, keep)),
        }
    }

    pub(crate) fn own(body: Full<Bytes>) -> Self {
        Self {
            kind: ResponseKind::Own(body),
        }
    }

    pub(crate) fn taught(body: R, pupil: Pupil) -> Self {
        Self {
            kind: ResponseKind::Taught(Taught::new(body, pupil)),
        }
    }
}

impl<R: Body<Data = Bytes> + Unpin> Body for ResponseBody<R> {
    type Data = Bytes;
    type Error = R::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, R::Error>>> {
        match &mut self.kind {
            ResponseKind::Inner(body) => Pin::new(body).poll_frame(cx),
            ResponseKind::Whole(body) => Poll::Ready(body.next().map(Ok)),
            ResponseKind::Replay(body) => Pin::new(body).poll_frame(cx),
            ResponseKind::Own(body) => Pin::new(body)
                .poll_frame(cx)
                .map_err(|never| match never {}),
            ResponseKind::Taught(body) => body.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            ResponseKind::Inner(body) => body.is_end_stream(),
            ResponseKind::Whole(body) => body.is_end_stream(),
            ResponseKind::Replay(body) => body.is_end_stream(),
            ResponseKind::Own(body) => body.is_end_stream(),
            ResponseKind::Taught(taught) => taught.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            ResponseKind::Inner(body) => body.size_hint(),
            ResponseKind::Whole(body) => body.size_hint(),
            ResponseKind::Replay(body) => body.size_hint(),
            ResponseKind::Own(body) => body.size_hint(),
            ResponseKind::Taught(taught) => taught.body.size_hint(),
        }
    }
}
