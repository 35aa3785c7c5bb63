//! A stream that is taken, and one that is waited for. Both find their way back.

use std::fmt;
use std::sync::Arc;

use tokio::sync::oneshot::Receiver;

use super::connection::Sender;
use super::state::{Grant, Id};
use super::{NoGrant, Shared};

/// One stream of one connection, until it is dropped.
pub(in crate::upstream) struct Lease {
    id: Id,
    shared: Arc<Shared>,
}

impl Lease {
    pub(super) fn new(id: Id, shared: Arc<Shared>) -> Self {
        Self { id, shared }
    }

    /// The connection that it is on.
    pub(super) fn id(&self) -> Id {
        self.id
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lease").field(&self.id).finish()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.shared.give_back(self.id);
    }
}

/// A place in the queue.
pub(super) struct Waiting {
    grant: Receiver<Grant<Sender, NoGrant>>,
    shared: Arc<Shared>,
}

impl Waiting {
    pub(super) fn new(grant: Receiver<Grant<Sender, NoGrant>>, shared: Arc<Shared>) -> Self {
        Self { grant, shared }
    }

    pub(super) async fn granted(&mut self) -> Option<Grant<Sender, NoGrant>> {
        (&mut self.grant).await.ok()
    }
}

impl Drop for Waiting {
    /// The stream may have been granted just when the request was given up.
    fn drop(&mut self) {
        self.grant.close();
        if let Ok(Grant::Stream(id, _)) = self.grant.try_recv() {
            self.shared.give_back(id);
        }
    }
}
