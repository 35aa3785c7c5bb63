//! Why there is no answer from the upstream, and what the caller is told instead.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use http::{Response, StatusCode};

use super::body::ResponseBody;
use super::connector::is_of_tls;
use super::sending::{CallerFault, Overdue};
use super::transport;
use crate::answer::{Answer, RequestId};
use crate::layer::record::NoAnswer;

/// When a place may be free.
const BUSY: Duration = Duration::from_secs(1);

/// No answer, and whose fault that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// No connection: nothing was delivered.
    Unreachable,
    /// The same, because TLS failed.
    NoTls,
    /// There are connections, and no place on one: nothing was carried out.
    Busy,
    /// The connection broke, or what came was no HTTP answer. Whether the request was carried out is
    /// unknown.
    Broken,
    /// The upstream has the request and says nothing.
    Timeout,
    /// The caller stopped sending its own request.
    CallerStalled,
    /// The caller hung up, or sent an invalid body.
    CallerBroken,
}

impl Failure {
    /// What a failed exchange means. The caller's fault comes first: the client reports it as a failure
    /// of the connection, which it is only in consequence.
    pub(super) fn of(error: &transport::Error, caller: Option<CallerFault>) -> Self {
        match caller {
            Some(CallerFault::Stalled) => Self::CallerStalled,
            Some(CallerFault::Broken) => Self::CallerBroken,
            None if is_of_tls(error) => Self::NoTls,
            None => match error {
                transport::Error::Unreachable(_) => Self::Unreachable,
                transport::Error::Busy(_) => Self::Busy,
                transport::Error::Broken(_) => Self::Broken,
            },
        }
    }

    pub(super) fn is_callers(self) -> bool {
        matches!(self, Self::CallerStalled | Self::CallerBroken)
    }

    pub(super) fn answer(self) -> Answer {
        match self {
            Self::Unreachable => Answer::new(
                StatusCode::BAD_GATEWAY,
                "patchwright.upstream.unreachable",
                "no connection to the upstream; nothing was delivered",
            ),
            Self::NoTls => Answer::new(
                StatusCode::BAD_GATEWAY,
                "patchwright.upstream.unreachable",
                "no connection to the upstream, because TLS failed; nothing was delivered",
            ),
            Self::Busy => Answer::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "patchwright.upstream.busy",
                "the upstream takes no more requests for now; nothing was carried out",
            )
            .retry_after(BUSY),
            Self::Broken => Answer::new(
                StatusCode::BAD_GATEWAY,
                "patchwright.upstream.broken",
                "the upstream broke off before an answer; whether it carried out the request is unknown",
            ),
            Self::Timeout => Answer::new(
                StatusCode::GATEWAY_TIMEOUT,
                "patchwright.upstream.timeout",
                "the upstream gave no answer in time; whether it carried out the request is unknown",
            ),
            Self::CallerStalled => Answer::new(
                StatusCode::REQUEST_TIMEOUT,
                "patchwright.request.timeout",
                "the request body stopped coming",
            ),
            Self::CallerBroken => Answer::new(
                StatusCode::BAD_REQUEST,
                "patchwright.request.incomplete",
                "the request body broke off or is not valid",
            ),
        }
    }

    pub(super) fn into_response(self, id: RequestId) -> Response<ResponseBody> {
        let mut response = self.answer().into_response(id).map(ResponseBody::here);
        // Also where the caller is to blame: either way this is not what the upstream thinks.
        response.extensions_mut().insert(NoAnswer);
        response
    }
}

impl From<Overdue> for Failure {
    fn from(overdue: Overdue) -> Self {
        match overdue {
            Overdue::Upstream => Self::Timeout,
            Overdue::Caller => Self::CallerStalled,
        }
    }
}

/// An error with everything that caused it: hyper's own text is only its outermost layer.
pub(super) struct Chain<'a>(pub(super) &'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut next = Some(self.0);
        let mut separator = "";
        while let Some(error) = next {
            write!(f, "{separator}{error}")?;
            separator = ": ";
            next = error.source();
        }
        Ok(())
    }
}
