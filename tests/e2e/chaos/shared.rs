//! What all tasks of a run share.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::sync::watch;

use crate::ledger::Ledger;
use crate::world::World;

pub(crate) struct Shared {
    pub(crate) seed: u64,
    pub(crate) proxy: SocketAddr,
    pub(crate) world: Arc<World>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) restarts: Restarts,
    pub(crate) faults: Faults,
    /// Whether faults happen and callers call.
    stormy: AtomicBool,
    /// Whether the relays let nothing pass.
    pub(crate) paused: watch::Sender<bool>,
}

/// Faults of this program's own making, by kind.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<BTreeMap<&'static str, u64>>);

impl Shared {
    pub(crate) fn new(
        seed: u64,
        proxy: SocketAddr,
        world: Arc<World>,
        ledger: Arc<Ledger>,
    ) -> Self {
        Self {
            seed,
            proxy,
            world,
            ledger,
            restarts: Restarts::default(),
            faults: Faults::default(),
            stormy: AtomicBool::new(false),
            paused: watch::Sender::new(false),
        }
    }

    pub(crate) fn is_stormy(&self) -> bool {
        self.stormy.load(Ordering::Relaxed)
    }

    pub(crate) fn storm(&self, rages: bool) {
        self.stormy.store(rages, Ordering::Relaxed);
        self.paused.send_replace(false);
    }
}

impl Faults {
    pub(crate) fn count(&self, kind: &'static str) {
        *self.0.lock().unwrap().entry(kind).or_default() += 1;
    }

    pub(crate) fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.0.lock().unwrap().clone()
    }
}

/// When the proxy was last being replaced: connections of before may end without an answer.
#[derive(Debug, Default)]
pub(crate) struct Restarts(Mutex<(bool, Option<Instant>)>);

impl Restarts {
    pub(crate) fn begin(&self) {
        self.0.lock().unwrap().0 = true;
    }

    pub(crate) fn end(&self) {
        *self.0.lock().unwrap() = (false, Some(Instant::now()));
    }

    pub(crate) fn excuse(&self, born: Instant) -> bool {
        let (now, last) = *self.0.lock().unwrap();
        now || last.is_some_and(|last| born < last)
    }
}
