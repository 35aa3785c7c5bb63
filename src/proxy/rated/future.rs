use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{HeaderValue, Request, Response};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};
use tower_service::Service;

use super::{Patience, Shared};
use crate::directory::cached::{Account, Key, Sent};
use crate::layer::record::NoAnswer;
use crate::metrics::Held;

/// Who sent a request.
pub(super) enum Payer {
    Known(Key),
    /// Nothing is known of anybody's rate, so that nobody was looked for.
    Unknown(HeaderValue),
}

/// What is kept of a request until its answer is heard.
pub(super) struct Pass {
    shared: Arc<Shared>,
    payer: Option<Payer>,
    /// Dropped with the future, once what the answer says was heard.
    sent: Option<Sent>,
}

impl Pass {
    pub(super) fn new(shared: Arc<Shared>, payer: Option<Payer>) -> Self {
        Self {
            shared,
            payer,
            sent: None,
        }
    }

    /// Counts the request as on its way, where anything is counted.
    pub(super) fn sent(&mut self, account: Option<Account>) {
        self.sent = account.map(Account::sent);
    }

    fn heard<R>(&self, answer: &Response<R>) {
        let upstream = answer.extensions().get::<NoAnswer>().is_none();
        if let Some(payer) = self.payer.as_ref().filter(|_| upstream) {
            let rates = self.shared.store.rates();
            rates.heard(
                || match payer {
                    Payer::Known(payer) => *payer,
                    Payer::Unknown(credential) => self.shared.callers.payer(credential),
                },
                &self.shared.upstream,
                answer.status(),
                answer.headers(),
            );
        }
    }
}

/// A request that waits, with the service that is ready for it.
pub(super) struct Hold<S, B> {
    inner: S,
    request: Request<B>,
    account: Account,
    patience: Patience,
    _held: Held,
}

impl<S, B> Hold<S, B> {
    pub(super) fn new(
        inner: S,
        request: Request<B>,
        account: Account,
        patience: Patience,
        held: Held,
    ) -> Self {
        Self {
            inner,
            request,
            account,
            patience,
            _held: held,
        }
    }
}

pin_project! {
    /// The answer to come.
    pub struct RatedFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        state: State<S, B>,
        pass: Pass,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, B>
    where
        S: Service<Request<B>>,
    {
        // In boxes: it is rare, and would make every answer to come as large.
        Held {
            hold: Option<Box<Hold<S, B>>>,
            sleep: Pin<Box<Sleep>>,
        },
        Sent {
            #[pin]
            answering: S::Future,
        },
    }
}

impl<S, B> RatedFuture<S, B>
where
    S: Service<Request<B>>,
{
    pub(super) fn held(hold: Hold<S, B>, until: Instant, pass: Pass) -> Self {
        let hold = Some(Box::new(hold));
        let sleep = Box::pin(sleep_until(until));
        Self {
            state: State::Held { hold, sleep },
            pass,
        }
    }

    pub(super) fn sent(answering: S::Future, pass: Pass) -> Self {
        Self {
            state: State::Sent { answering },
            pass,
        }
    }
}

impl<S, B, R> Future for RatedFuture<S, B>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Output = Result<Response<R>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let answering = match this.state.as_mut().project() {
                StateProjection::Sent { answering } => {
                    let answer = ready!(answering.poll(cx))?;
                    this.pass.heard(&answer);
                    return Poll::Ready(Ok(answer));
                }
                StateProjection::Held { hold, sleep } => {
                    ready!(sleep.as_mut().poll(cx));
                    // Others may have been sooner, or have been told to wait for longer.
                    let again = hold.as_ref().and_then(|hold| {
                        let wait = hold.account.wait()?;
                        hold.patience.allows(wait)
                    });
                    if let Some(until) = again {
                        sleep.as_mut().reset(until);
                        continue;
                    }
                    let Some(hold) = hold.take() else {
                        // It was sent already, and that state replaces this one.
                        return Poll::Pending;
                    };
                    let mut hold = *hold;
                    this.pass.sent(Some(hold.account));
                    hold.inner.call(hold.request)
                }
            };
            this.state.set(State::Sent { answering });
        }
    }
}

impl<S: Service<Request<B>>, B> fmt::Debug for RatedFuture<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RatedFuture").finish_non_exhaustive()
    }
}
