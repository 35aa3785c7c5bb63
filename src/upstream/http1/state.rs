//! Where connections are while no request has them.

use std::collections::VecDeque;

use tokio::runtime::{Handle, Id};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::line::{Line, Sender};

/// Among so many requests that took a connection of another thread one makes sure that the next need not: where
/// requests are few, a connection for each thread would be too old whenever it is wanted.
pub(super) const OFTEN: u32 = 16;

/// The runtime that a connection's task is on. To send on it from another wakes that one's thread for each request,
/// and this one's for each answer.
pub(super) type Home = Option<Id>;

/// Where this is called. `None` outside of any runtime, as when a process ends.
pub(super) fn here() -> Home {
    Handle::try_current().ok().map(|runtime| runtime.id())
}

/// The connections that are idle, and who waits for one.
#[derive(Default)]
pub(super) struct State {
    /// The last one last.
    pub(super) idle: Vec<Kept>,
    waiting: VecDeque<(Home, oneshot::Sender<Line>)>,
    /// Whether somebody looks after those that are idle.
    pub(super) watched: bool,
    borrowed: u32,
}

/// A connection that is idle.
pub(super) struct Kept {
    pub(super) sender: Sender,
    pub(super) home: Home,
    pub(super) since: Instant,
}

impl State {
    /// The last one of here, or else of anywhere: another thread is woken in microseconds, and a handshake takes
    /// as long as several requests.
    pub(super) fn take(&mut self, here: Home) -> Option<Kept> {
        let own = self.idle.iter().rposition(|kept| kept.home == here);
        let last = self.idle.len().checked_sub(1)?;
        Some(self.idle.remove(own.unwrap_or(last)))
    }

    /// Whether whoever borrowed so often had better make one.
    pub(super) fn borrows_often(&mut self) -> bool {
        self.borrowed = (self.borrowed + 1) % OFTEN;
        self.borrowed == 0
    }

    pub(super) fn wait(&mut self, here: Home) -> oneshot::Receiver<Line> {
        // Those that were given up, as when their own connection was made first.
        self.waiting.retain(|(_, waiting)| !waiting.is_closed());
        let (waiting, line) = oneshot::channel();
        self.waiting.push_back((here, waiting));
        line
    }

    /// Who has waited for longest, be it where the connection is or else anywhere.
    pub(super) fn next(&mut self, home: Home) -> Option<oneshot::Sender<Line>> {
        let near = self.waiting.iter().position(|(here, _)| *here == home);
        let (_, waiting) = self.waiting.remove(near.unwrap_or(0))?;
        Some(waiting)
    }
}
