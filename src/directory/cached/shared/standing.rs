use std::sync::Arc;

use super::debts::Debts;
use super::{Events, Mark, Session};

/// Under what a snapshot was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::directory::cached) enum Bond {
    /// Nothing is shared, or nothing was since this serial.
    Alone(u64),
    /// The mark that its conversation had, as read over the session with this serial.
    Shared(Mark, u64),
}

impl Bond {
    /// Bytes of memory beside itself.
    pub(in crate::directory::cached) fn weight(&self) -> usize {
        match self {
            Self::Alone(_) => 0,
            Self::Shared(mark, _) => mark.epoch.len() + mark.generation.len(),
        }
    }
}

impl Default for Bond {
    fn default() -> Self {
        Self::Alone(0)
    }
}

/// How a replica stands with the store. It changes under one lock.
pub(super) struct Standing {
    /// What was read while alone counts as long as this stays the same.
    pub(super) alone_since: u64,
    pub(super) connected: Option<Connected>,
    pub(super) debts: Debts,
}

/// A session that is in use. Bumps go there from its first moment on, and nothing else while debts are paid.
#[derive(Clone)]
pub(super) struct Connected {
    pub(super) session: Arc<dyn Session>,
    pub(super) serial: u64,
    pub(super) is_paid_up: bool,
}

impl Standing {
    /// The session, where what is shared counts.
    pub(super) fn shared(&self) -> Option<&Connected> {
        self.connected
            .as_ref()
            .filter(|connected| connected.is_paid_up)
    }

    /// Takes a session for bumps, and returns the debts that are to be paid over it.
    pub(super) fn connect(&mut self, session: Arc<dyn Session>, serial: u64) -> Debts {
        self.connected = Some(Connected {
            session,
            serial,
            is_paid_up: false,
        });
        std::mem::take(&mut self.debts)
    }

    /// Whether what is shared counts from now on. Not when the session is over, or another one in its place.
    pub(super) fn join(&mut self, events: &Events) -> bool {
        let ours = self.connected.as_mut();
        let ours = ours.filter(|connected| connected.serial == events.serial());
        match ours {
            Some(connected) if !events.is_over() && self.debts == Debts::None => {
                connected.is_paid_up = true;
                true
            }
            _ => false,
        }
    }

    /// Gives a session up. `false`: it was not in use any more.
    pub(super) fn leave(&mut self, serial: u64, next: u64) -> bool {
        let in_use = self.connected.as_ref();
        if in_use.is_none_or(|connected| connected.serial != serial) {
            return false;
        }
        self.connected = None;
        self.alone_since = next;
        true
    }
}

impl std::fmt::Debug for Standing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Standing")
            .field("shared", &self.shared().is_some())
            .finish_non_exhaustive()
    }
}
