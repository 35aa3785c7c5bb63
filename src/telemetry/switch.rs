use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::TelemetryError;
use super::filter::{self, Filter};

/// Switches what is logged while the process runs. Clones switch the same log.
#[derive(Clone)]
pub struct Switch(Arc<Shared>);

struct Shared {
    start: String,
    /// The filter in force. Held while another takes its place.
    in_force: Mutex<String>,
    filter: Filter,
}

impl Switch {
    pub(super) fn new(start: &str, filter: Filter) -> Self {
        let start = start.trim().to_owned();
        Self(Arc::new(Shared {
            in_force: Mutex::new(start.clone()),
            start,
            filter,
        }))
    }

    /// Of no log.
    #[cfg(test)]
    pub(crate) fn of_nothing(start: &str) -> Self {
        Self::new(start, Filter::new(filter::parse(start).unwrap()))
    }

    /// The filter in force.
    pub fn in_force(&self) -> String {
        let in_force = self.0.in_force.lock();
        in_force.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Has `text` be the filter from now on. One that is wrong changes nothing.
    pub fn set(&self, text: &str) -> Result<(), TelemetryError> {
        let text = text.trim();
        let targets = filter::parse(text)?;
        let mut in_force = self
            .0
            .in_force
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.0.filter.set(targets);
        let before = std::mem::replace(&mut *in_force, text.to_owned());
        drop(in_force);
        if before != text {
            // Whatever is logged from now on: who reads the log later must not wonder why it says more or less.
            tracing::warn!(before, now = text, "what is logged has been switched");
        }
        Ok(())
    }

    /// Back to the filter of the start.
    pub fn reset(&self) -> Result<(), TelemetryError> {
        self.set(&self.0.start)
    }
}

impl fmt::Debug for Switch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Switch")
            .field("in_force", &self.in_force())
            .finish_non_exhaustive()
    }
}
