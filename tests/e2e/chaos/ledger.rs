//! What was asked for, what callers were told, and what the upstream did: the laws of a run.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::world::{self, Place, World};

/// Violations that are printed in full.
const PRINTED: u64 = 40;

/// How often a request must have been carried out, from what its caller saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expect {
    /// No answer yet.
    Pending,
    /// It was told: done.
    One,
    /// It was told: not done.
    Zero,
    /// It could not know.
    AtMostOne,
}

#[derive(Debug)]
struct Entry {
    kind: &'static str,
    place: Place,
    state: Option<&'static str>,
    expect: Expect,
    told: String,
    /// The request that carried it out, as the answer named it.
    answered_by: u64,
    done_by: Vec<u64>,
}

/// One accepted write, as the simulator lists it.
#[derive(Debug, Deserialize)]
pub(crate) struct Effect {
    pub(crate) seq: u64,
    request: u64,
    template: String,
    conversation: String,
    participant: String,
    state: Option<(String, String)>,
    attributes: serde_json::Map<String, serde_json::Value>,
}

#[derive(Debug, Default)]
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
        entries.push(Entry {
            kind,
            place: place.clone(),
            state,
            expect: Expect::Pending,
            told: String::new(),
            answered_by: 0,
            done_by: Vec::new(),
        });
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
        let entry = format!("{:?}", lock(&self.entries)[usize::try_from(n).unwrap()]);
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
        let wrong = self.done(n, effect.request, |entry| {
            let target = world.target(entry.place.target);
            let to = effect.state.as_ref().map(|(_, to)| to.as_str());
            if effect.template != entry.place.template()
                || (&effect.conversation, &effect.participant)
                    != (&target.conversation, &target.participant)
            {
                Some("it was done elsewhere")
            } else if effect.attributes != world::meant(n) {
                Some("its attributes are not those that were sent")
            } else if to.is_some() && to != entry.state {
                Some("it changed the state unasked")
            } else {
                None
            }
        });
        if let Some(wrong) = wrong {
            self.violate(&format!("request {n}: {wrong}: {effect:?}"));
        }
    }

    /// A request was carried out.
    pub(crate) fn done<T>(
        &self,
        n: u64,
        request: u64,
        look: impl FnOnce(&EntryView<'_>) -> Option<T>,
    ) -> Option<T> {
        let mut entries = lock(&self.entries);
        let Some(entry) = entries.get_mut(usize::try_from(n).unwrap()) else {
            drop(entries);
            self.violate(&format!("an effect of request {n}, which was never made"));
            return None;
        };
        entry.done_by.push(request);
        if entry.done_by.len() > 1 {
            self.violate(&format!(
                "request {n} was carried out {} times: {entry:?}",
                entry.done_by.len()
            ));
        }
        look(&EntryView {
            place: &entry.place,
            state: entry.state,
        })
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
                self.violate(&format!("request {n} {wrong}: {entry:?}"));
            }
            let by = entry.answered_by;
            if entry.expect == Expect::One && by != 0 && done == 1 && entry.done_by[0] != by {
                self.violate(&format!(
                    "request {n} got the answer to another request: {entry:?}"
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

/// What an effect is compared with.
pub(crate) struct EntryView<'a> {
    pub(crate) place: &'a Place,
    pub(crate) state: Option<&'static str>,
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

/// When the proxy was last being replaced: connections of before may end without an answer.
#[derive(Debug, Default)]
pub(crate) struct Restarts(Mutex<(bool, Option<Instant>)>);

impl Restarts {
    pub(crate) fn begin(&self) {
        lock(&self.0).0 = true;
    }

    pub(crate) fn end(&self) {
        *lock(&self.0) = (false, Some(Instant::now()));
    }

    pub(crate) fn excuse(&self, born: Instant) -> bool {
        let (now, last) = *lock(&self.0);
        now || last.is_some_and(|last| born < last)
    }
}
