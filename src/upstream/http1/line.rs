//! A connection while a request has it.

use std::fmt;
use std::mem;
use std::sync::{Arc, Weak};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use tokio::runtime::Handle;

use super::state::Home;
use super::{Error, Shared};
use crate::upstream::body::RequestBody;

pub(super) type Sender = SendRequest<RequestBody>;

/// A connection that is lent to a request. It finds its way back when it is dropped, as soon as nothing of
/// the request or its answer is left on it.
pub(in crate::upstream) struct Line {
    pub(super) sender: Option<Sender>,
    pool: Weak<Shared>,
    pub(super) home: Home,
    /// Whether it has carried a request before.
    pub(super) used: bool,
}

impl Line {
    pub(super) fn new(sender: Sender, pool: &Arc<Shared>, home: Home, used: bool) -> Self {
        Self {
            sender: Some(sender),
            pool: Arc::downgrade(pool),
            home,
            used,
        }
    }

    /// Sends a request on it. `None` when it is back where it was: hyper gives it back when its connection was
    /// closed before a byte of it was written. It may go to another then; but if that happens on a connection
    /// that was made for it, nowhere.
    pub(super) async fn request(
        &mut self,
        request: &mut Option<Request<RequestBody>>,
    ) -> Result<Option<Response<Incoming>>, Error> {
        let (Some(sender), Some(sent)) = (&mut self.sender, request.take()) else {
            return Err(Error::Nothing);
        };
        let mut error = match sender.try_send_request(sent).await {
            Ok(response) => return Ok(Some(response)),
            Err(error) => error,
        };
        self.give_up();
        match error.take_message() {
            Some(unsent) if self.used => {
                *request = Some(unsent);
                Ok(None)
            }
            _ => Err(Error::Broken(error.into_error())),
        }
    }

    /// Closes it instead, once what is on it has ended.
    pub(in crate::upstream) fn give_up(&mut self) {
        self.sender = None;
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").finish_non_exhaustive()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let Some(mut sender) = self.sender.take() else {
            return;
        };
        let home = self.home;
        if sender.is_ready() {
            if let Some(pool) = self.pool.upgrade() {
                pool.take_back(sender, home);
            }
        } else if !sender.is_closed() {
            // The caller hung up before the end of its answer, or the upstream answered before the end of
            // the request; or hyper's own task is on another thread, and just about to notice the end.
            let pool = mem::take(&mut self.pool);
            let Ok(runtime) = Handle::try_current() else {
                return;
            };
            runtime.spawn(async move {
                if sender.ready().await.is_ok()
                    && let Some(pool) = pool.upgrade()
                {
                    pool.take_back(sender, home);
                }
            });
        }
    }
}
