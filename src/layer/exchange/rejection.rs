use std::borrow::Cow;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use http_body::Body;
use tokio::time::timeout;

use crate::layer::body::{Filled, Replay, ResponseBody};
use crate::layer::budget::{Budget, Share};
use crate::repair::coding::Codings;

/// Most bytes of a rejection that are read before it is passed on instead: error bodies are short.
const LIMIT: usize = 64 << 10;

/// A definite rejection: an answer that was read to its end.
pub(super) struct Rejection<R> {
    head: Response<()>,
    bytes: Bytes,
    share: Arc<Share>,
    trailers: Option<HeaderMap>,
    body: PhantomData<fn() -> R>,
}

impl<R: Body<Data = Bytes> + Unpin> Rejection<R> {
    /// `Err` passes on an answer that is too long, too slow or broken, or finds no room: what it said is
    /// unknown then.
    pub(super) async fn read(
        answer: Response<R>,
        deadline: Duration,
        budget: &Budget,
    ) -> Result<Self, Response<ResponseBody<R>>> {
        let (head, body) = answer.into_parts();
        let share = budget.share();
        let mut replay = Replay::new(body, Arc::clone(&share));
        match timeout(deadline, replay.fill(LIMIT)).await {
            Ok(Filled::Whole) => {
                let (bytes, trailers) = replay.into_bytes();
                Ok(Self {
                    head: Response::from_parts(head, ()),
                    bytes,
                    share,
                    trailers,
                    body: PhantomData,
                })
            }
            _ => Err(Response::from_parts(head, ResponseBody::replay(replay))),
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        self.head.status()
    }

    pub(super) fn head(&self) -> &Response<()> {
        &self.head
    }

    /// What it says: callers ask for codings, so the upstream may have used one.
    pub(super) fn text(&self) -> Cow<'_, [u8]> {
        let codings = Codings::of(self.head.headers()).ok();
        let codings = codings.filter(|codings| !codings.is_identity());
        let text = codings.and_then(|codings| codings.decode(&self.bytes, LIMIT).ok());
        text.map_or(Cow::Borrowed(&self.bytes), Cow::Owned)
    }

    pub(super) fn into_response(self) -> Response<ResponseBody<R>> {
        let (bytes, trailers, share) = (self.bytes, self.trailers, self.share);
        self.head
            .map(|()| ResponseBody::whole(bytes, trailers, share))
    }
}
