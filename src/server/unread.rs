//! Answers over HTTP/2 that wait for their caller to read them.
//!
//! A caller that opens no window for a stream blocks that stream alone. Nothing of it can be seen on the
//! socket, and hyper waits for ever: with it a place among the requests, and the connection upstream.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::time::Instant;

use super::activity::InFlight;
use crate::progress::Progress;

/// Most bytes of one frame that we hand over. Whatever its window, a stream gets a whole one: this is what
/// a window of one byte costs us, and what a slow caller must take within `timeouts.idle`.
pub(super) const FRAME: usize = 16 << 10;

/// What was handed to hyper and is not written yet, of one stream.
#[derive(Debug)]
pub(super) struct Unread {
    frames: AtomicUsize,
    progress: Progress,
}

impl Unread {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            frames: AtomicUsize::new(0),
            progress: Progress::new(),
        })
    }

    /// A frame goes to hyper.
    pub(super) fn handed(&self) {
        // The time that the upstream took before is not the caller's.
        if self.frames.fetch_add(1, Ordering::AcqRel) == 0 {
            self.progress.touch();
        }
    }

    /// A frame has been written, or will never be.
    pub(super) fn taken(&self) {
        self.progress.touch();
        self.frames.fetch_sub(1, Ordering::AcqRel);
    }

    /// Since when the caller has taken nothing, though there is something.
    pub(super) fn since(&self) -> Option<Instant> {
        let waits = self.frames.load(Ordering::Acquire) > 0;
        waits.then(|| self.progress.last())
    }
}

/// The bytes of a frame, with the request that they answer: it is in flight until they have been written.
struct Handed {
    bytes: Bytes,
    in_flight: Arc<InFlight>,
}

impl AsRef<[u8]> for Handed {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Handed {
    fn drop(&mut self) {
        if let Some(unread) = self.in_flight.unread() {
            unread.taken();
        }
    }
}

/// `bytes` as hyper gets them, so that it is seen when they have been written.
pub(super) fn hand(bytes: Bytes, in_flight: &Arc<InFlight>) -> Bytes {
    let Some(unread) = in_flight.unread() else {
        return bytes;
    };
    unread.handed();
    Bytes::from_owner(Handed {
        bytes,
        in_flight: Arc::clone(in_flight),
    })
}
