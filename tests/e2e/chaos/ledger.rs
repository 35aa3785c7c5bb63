//! What was asked for, what callers were told, and what the upstream did: the laws of a run.

mod entry;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use self::entry::Entry;
pub(crate) use self::entry::{Effect, Expect};
use crate::world::{self, Place, World};

/// Violations that are printed in full.
const PRINTED: u64 = 40;

#[derive(Default)]
pub(crate) struct Ledger {
    entries: Mutex<Vec<Entry>>,
    told: Mutex<BTreeMap<String, u64>>,
    kinds: Mutex<BTreeMap<&'static str, u64>>,
    micros: Mutex<Vec<u32>>,
    violations: AtomicU64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}

impl Ledger {
    pub(crate) fn violate(&self, what: &str) {
        let count = self.violations.fetch_add(1, Ordering::Relaxed);
        if count < PRINTED {
            println!("VIOLATION  {what}");
        }
    }

    pub(crate) fn violations(&self) -> u64 {
        self.violations.load(Ordering::Relaxed)
    }

    /// A request is about to be sent. Its number marks it.
    pub(crate) fn open(
        &self,
        kind: &'static str,
        place: &Place,
        state: Option<&'static str>,
    ) -> u64 {
        *lock(&self.kinds).entry(kind).or_default() += 1;
        let mut entries = lock(&self.entries);
        entries.push(Entry::new(kind, place.clone(), state));
        entries.len() as u64 - 1
    }

    /// A request without a marker.
    pub(crate) fn count(&self, kind: &'static str, told: &str) {
        *lock(&self.kinds).entry(kind).or_default() += 1;
        self.tell(told);
    }

    fn tell(&self, told: &str) {
        let mut counts = lock(&self.told);
        match counts.get_mut(told) {
            Some(count) => *count += 1,
            None => drop(counts.insert(told.to_owned(), 1)),
        }
    }

    /// What the caller was told of it; `answered_by` is 0 where the answer named no request.
    pub(crate) fn close(&self, n: u64, expect: Expect, told: &str, answered_by: u64) {
        self.tell(told);
        let mut entries = lock(&self.entries);
        let entry = &mut entries[usize::try_from(n).unwrap()];
        assert_eq!(entry.expect, Expect::Pending, "a request is closed once");
        entry.expect = expect;
        told.clone_into(&mut entry.told);
        entry.answered_by = answered_by;
    }

    /// A violation by this request, with all that is known of it.
    pub(crate) fn accuse(&self, n: u64, wrong: &str) {
        let entry = lock(&self.entries)[usize::try_from(n).unwrap()].to_string();
        self.violate(&format!("request {n}: {wrong}: {entry}"));
    }

    /// Whether the caller was told that it is done.
    pub(crate) fn is_one(&self, n: u64) -> bool {
        lock(&self.entries)[usize::try_from(n).unwrap()].expect == Expect::One
    }

    pub(crate) fn took(&self, time: Duration) {
        lock(&self.micros).push(u32::try_from(time.as_micros()).unwrap_or(u32::MAX));
    }

    /// A write at the simulator.
    pub(crate) fn effect(&self, effect: &Effect, world: &World) {
        let marker = effect
            .attributes
            .get("m")
            .and_then(|marker| marker.as_str());
        let Some(n) = marker.and_then(world::number) else {
            return self.violate(&format!("an effect that no request asked for: {effect:?}"));
        };
        self.done(n, effect.request);
        let entries = lock(&self.entries);
        let entry = usize::try_from(n).ok().and_then(|n| entries.get(n));
        if let Some(wrong) = entry.and_then(|entry| entry.differs(n, effect, world)) {
            self.violate(&format!("request {n}: {wrong}: {effect:?}"));
        }
    }

    /// A request was carried out.
    pub(crate) fn done(&self, n: u64, request: u64) {
        let mut entries = lock(&self.entries);
        let entry = usize::try_from(n).ok().and_then(|n| entries.get_mut(n));
        let Some(entry) = entry else {
            return self.violate(&format!("an effect of request {n}, which was never made"));
        };
        entry.done_by.push(request);
        if entry.done_by.len() > 1 {
            self.violate(&format!(
                "request {n} was carried out {} times: {entry}",
                entry.done_by.len()
            ));
        }
    }

    /// Compares what callers were told with what was done; to be called when everything has settled.
    pub(crate) fn settle(&self) -> Settled {
        let mut settled = Settled::default();
        for (n, entry) in lock(&self.entries).iter().enumerate() {
            let done = entry.done_by.len();
            settled.effects += done;
            let wrong = match (entry.expect, done) {
                (Expect::Pending, _) => Some("has no end"),
                (Expect::One, 0) => Some("was answered as done and is lost"),
                (Expect::Zero, 1..) => Some("was answered as not done and was carried out"),
                // Those that were carried out twice are known already.
                _ => None,
            };
            if let Some(wrong) = wrong {
                self.violate(&format!("request {n} {wrong}: {entry}"));
            }
            let by = entry.answered_by;
            if entry.expect == Expect::One && by != 0 && done == 1 && entry.done_by[0] != by {
                self.violate(&format!(
                    "request {n} got the answer to another request: {entry}"
                ));
            }
            match entry.expect {
                Expect::One => settled.one += 1,
                Expect::Zero => settled.zero += 1,
                _ if done == 0 => settled.unknown_undone += 1,
                _ => settled.unknown_done += 1,
            }
        }
        settled
    }

    pub(crate) fn told(&self) -> BTreeMap<String, u64> {
        lock(&self.told).clone()
    }

    pub(crate) fn kinds(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.kinds).clone()
    }

    pub(crate) fn requests(&self) -> u64 {
        lock(&self.kinds).values().sum()
    }

    /// The time below which this share of all answers came.
    pub(crate) fn percentile(&self, share: f64) -> Duration {
        let mut micros = lock(&self.micros).clone();
        micros.sort_unstable();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a rank"
        )]
        let rank = (micros.len() as f64 * share) as usize;
        let last = micros.len().saturating_sub(1);
        Duration::from_micros(
            micros
                .get(rank.min(last))
                .copied()
                .unwrap_or_default()
                .into(),
        )
    }
}

/// Marked requests by what was known of them, and what was done.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    pub(crate) one: usize,
    pub(crate) zero: usize,
    pub(crate) unknown_done: usize,
    pub(crate) unknown_undone: usize,
    pub(crate) effects: usize,
}
