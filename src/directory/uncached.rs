use std::sync::Arc;

use tokio::time::Instant;

use super::fetch::{FetchLimits, Transport, fetch};
use super::{Ask, Clock, Directory, LookupError, Reading, Snapshot, Tick};
use crate::layer::record::Origin;

/// A directory that remembers nothing: one GET per repaired request.
#[derive(Clone, Debug)]
pub struct Uncached<T> {
    transport: T,
    limits: FetchLimits,
    clock: Arc<Clock>,
}

impl<T> Uncached<T> {
    /// Looks up through `transport`.
    pub fn new(transport: T, limits: FetchLimits) -> Self {
        Self {
            transport,
            limits,
            clock: Arc::default(),
        }
    }
}

impl<T: Transport> Directory for Uncached<T> {
    fn now(&self) -> Tick {
        self.clock.tick()
    }

    async fn read(&self, ask: &Ask) -> Result<Reading, LookupError> {
        let (tick, read_at) = (self.clock.tick(), Instant::now());
        let conversation = fetch(self.transport.clone(), ask, self.limits.clone(), |_| ()).await?;
        let snapshot = Snapshot {
            conversation,
            tick,
            read_at,
        };
        Ok(Reading {
            snapshot,
            origin: Origin::Miss,
        })
    }
}
