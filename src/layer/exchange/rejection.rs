use std::marker::PhantomData;
use std::time::Duration;

use bytes::Bytes;
use http::response::Parts;
use http::{HeaderMap, Response};
use http_body::Body;
use tokio::time::timeout;

use crate::layer::body::{Filled, Replay, ResponseBody};

/// Most bytes of a rejection that are read before it is passed on instead: error bodies are short.
const LIMIT: usize = 64 << 10;

/// A definite rejection: an answer that was read to its end.
pub(super) struct Rejection<R> {
    head: Parts,
    pub(super) bytes: Bytes,
    trailers: Option<HeaderMap>,
    body: PhantomData<fn() -> R>,
}

impl<R: Body<Data = Bytes> + Unpin> Rejection<R> {
    /// `Err` passes on an answer that is too long, too slow or broken: what it said is unknown then.
    pub(super) async fn read(
        answer: Response<R>,
        deadline: Duration,
    ) -> Result<Self, Response<ResponseBody<R>>> {
        let (head, body) = answer.into_parts();
        let mut replay = Replay::new(body);
        match timeout(deadline, replay.fill(LIMIT)).await {
            Ok(Filled::Whole) => {
                let (bytes, trailers) = replay.into_bytes();
                Ok(Self {
                    head,
                    bytes,
                    trailers,
                    body: PhantomData,
                })
            }
            _ => Err(Response::from_parts(head, ResponseBody::replay(replay))),
        }
    }

    pub(super) fn into_response(self) -> Response<ResponseBody<R>> {
        let body = Replay::whole(self.bytes, self.trailers);
        Response::from_parts(self.head, ResponseBody::replay(body))
    }
}
