//! The answer to come.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body::Body;
use http_body_util::Full;
use pin_project_lite::pin_project;
use tower_service::Service;
use tracing::Span;

use super::body::{ProxyBody, Share};
use super::rest::Rest;
use crate::answer::OwnAnswer;
use crate::call::CallOf;
use crate::metrics::Metrics;

/// What a request that is passed on keeps until its answer comes.
pub(super) struct Passage {
    pub(super) share: Share,
    pub(super) metrics: Metrics,
    /// Whether it is a HEAD.
    pub(super) head: bool,
    /// Names its client in whatever is logged of it.
    pub(super) span: Span,
}

/// An answer of the proxy's own.
struct Made<B> {
    response: Response<Full<Bytes>>,
    share: Share,
    /// What of the request is taken before it is answered.
    rest: Option<Rest<B>>,
}

pin_project! {
    /// The answer to come.
    pub struct ProxyFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        state: State<S, B>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, B>
    where
        S: Service<Request<B>>,
    {
        // In a box: it is rare, and would make every answer to come as large.
        Made { made: Option<Box<Made<B>>> },
        Passing {
            #[pin]
            answering: CallOf<S, Request<B>>,
            passage: Option<Passage>,
        },
    }
}

impl<S, B> ProxyFuture<S, B>
where
    S: Service<Request<B>>,
{
    pub(super) fn made(
        response: Response<Full<Bytes>>,
        share: Share,
        rest: Option<Rest<B>>,
    ) -> Self {
        let made = Made {
            response,
            share,
            rest,
        };
        let made = Some(Box::new(made));
        Self {
            state: State::Made { made },
        }
    }

    pub(super) fn passing(answering: CallOf<S, Request<B>>, passage: Passage) -> Self {
        let passage = Some(passage);
        Self {
            state: State::Passing { answering, passage },
        }
    }
}

impl<S: Service<Request<B>>, B> std::fmt::Debug for ProxyFuture<S, B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProxyFuture").finish_non_exhaustive()
    }
}

impl<S, B, R> Future for ProxyFuture<S, B>
where
    S: Service<Request<B>, Response = Response<R>>,
    B: Body + Unpin,
    R: Body<Data = Bytes>,
{
    type Output = Result<Response<ProxyBody<R>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answered = match self.project().state.project() {
            StateProjection::Made { made } => {
                if let Some(rest) = made.as_mut().and_then(|made| made.rest.as_mut()) {
                    ready!(rest.poll_end(cx));
                }
                made.take().map(|made| {
                    let Made {
                        response, share, ..
                    } = *made;
                    response.map(|body| ProxyBody::made(body, share))
                })
            }
            StateProjection::Passing { answering, passage } => {
                let entered = passage.as_ref().map(|passage| passage.span.enter());
                let answer = answering.poll(cx);
                drop(entered);
                let response = ready!(answer)?;
                passage.take().map(|passage| passage.end(response))
            }
        };
        // A future that is polled after its end has nothing more to say.
        answered.map_or(Poll::Pending, |response| Poll::Ready(Ok(response)))
    }
}

impl Passage {
    fn end<R: Body<Data = Bytes>>(self, response: Response<R>) -> Response<ProxyBody<R>> {
        self.share.answered(&response);
        let own = response.extensions().get::<OwnAnswer>().copied();
        if let Some(OwnAnswer(code)) = own {
            self.metrics.own_answer(code);
            if self.head {
                return without_body(response).map(|body| ProxyBody::made(body, self.share));
            }
        }
        response.map(|body| ProxyBody::passed(body, self.share))
    }
}

/// RFC 9110 section 9.3.2: the answer to HEAD has the fields of the one to GET, and no content. hyper
/// sees to that on HTTP/1.1 only.
pub(super) fn without_body<R: Body>(response: Response<R>) -> Response<Full<Bytes>> {
    let length = response.body().size_hint().exact();
    let mut response = response.map(|_| Full::default());
    if let Some(length) = length.filter(|length| *length > 0) {
        let length = HeaderValue::from(length);
        response
            .headers_mut()
            .insert(header::CONTENT_LENGTH, length);
    }
    response
}
