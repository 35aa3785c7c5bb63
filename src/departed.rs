//! Whether a request has gone on its way to an upstream.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Travels with a request, as one of its extensions, from the server to the upstream. Before it is set
/// nothing has been sent, and a request that its caller takes back can be forgotten.
#[derive(Clone, Debug, Default)]
pub(crate) struct Departed(Arc<AtomicBool>);

impl Departed {
    /// The request may be with the upstream from now on.
    pub(crate) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
