//! What is looked at when somebody asks, rather than counted along: that would cost every request.

use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::SystemTime;

use super::names::{BUFFERED, CACHE_BYTES, CACHE_ENTRIES, RATE_ALLOWED, RATE_LEFT};
use super::page::{Kind, Page};
use super::process;
use crate::directory::cached::Store;
use crate::layer::budget::Budget;

/// Where to look.
pub(super) struct Now {
    started: SystemTime,
    buffered: OnceLock<Budget>,
    remembered: Mutex<Remembered>,
}

/// What the proxy in force remembers.
#[derive(Default)]
struct Remembered {
    store: Weak<Store>,
    upstreams: Vec<ShownUpstream>,
}

/// An upstream, and what the store knows it as.
#[derive(Clone, Debug)]
pub struct ShownUpstream {
    /// Its name in the configuration.
    pub name: String,
    /// Its name for the [`Store`].
    pub known_as: Arc<str>,
}

impl Now {
    pub(super) fn new() -> Self {
        Self {
            started: SystemTime::now(),
            buffered: OnceLock::new(),
            remembered: Mutex::default(),
        }
    }

    /// The first one counts.
    pub(super) fn show_buffered(&self, budget: &Budget) {
        let _ = self.buffered.set(budget.clone());
    }

    /// The last one counts.
    pub(super) fn show_store(&self, store: &Arc<Store>, upstreams: Vec<ShownUpstream>) {
        let store = Arc::downgrade(store);
        let mut remembered = self
            .remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *remembered = Remembered { store, upstreams };
    }

    pub(super) fn show(&self, page: &mut Page) {
        if let Some(budget) = self.buffered.get() {
            let text =
                "Bytes of bodies and answers that are held in memory; limits.buffered bounds them.";
            page.single(BUFFERED, Kind::Gauge, text, budget.held());
        }
        self.remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .show(page);
        process::show(page, self.started);
    }
}

impl Remembered {
    fn show(&self, page: &mut Page) {
        let Some(store) = self.store.upgrade() else {
            return;
        };
        let (entries, bytes) = store.usage();
        let text = "Snapshots that are kept; cache.capacity bounds them.";
        page.single(CACHE_ENTRIES, Kind::Gauge, text, entries);
        let text = "Bytes of the snapshots that are kept, as cache.max_bytes bounds them.";
        page.single(CACHE_BYTES, Kind::Gauge, text, bytes);
        let lowest = store.lowest_rates();
        let known = || {
            let upstreams = self.upstreams.iter();
            upstreams.filter_map(|one| Some((&*one.name, *lowest.get(&one.known_as)?)))
        };
        if known().next().is_none() {
            return;
        }
        let text = "Requests that the upstream leaves the credential that has the fewest of them, in its minute.";
        page.family(RATE_LEFT, Kind::Gauge, text);
        for (name, (left, _)) in known() {
            page.sample(RATE_LEFT, [("upstream", name)], left);
        }
        let text = "Requests that the upstream allows that credential in a minute.";
        page.family(RATE_ALLOWED, Kind::Gauge, text);
        for (name, (_, allowed)) in known() {
            page.sample(RATE_ALLOWED, [("upstream", name)], allowed);
        }
    }
}
