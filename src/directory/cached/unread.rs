//! Answers that passed and that nobody has asked for yet, as they came.
//!
//! Fixed places, a few for each hash of a key. An answer takes the place of an older one of the same key, else
//! one that is free, else that of the oldest.

use std::array;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::Instant;

use super::{Key, Settings};
use crate::directory::{Passing, Tick};

mod answer;
mod sweeper;

use answer::Answer;
use sweeper::Sweeper;

/// Places that share a lock. With four, few are displaced while others are free.
const PLACES: usize = 4;

/// Of the conversations that the cache may hold, one in so many more may be unread.
const CONVERSATIONS: u64 = 4;

/// Of its bytes, one in so many is for unread answers, which are ten times as large as snapshots.
const BYTES: u64 = 4;

/// Of those bytes, one answer takes no more than one in so many: a few large ones are read at once rather than
/// that they displace all others.
const LARGEST: usize = 16;

/// Most locks.
const MOST_SETS: u64 = 4096;

/// What is too old is given back no more often than this.
const MIN_PAUSE: Duration = Duration::from_millis(100);

/// How much may be unread.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    sets: u64,
    pub(super) bytes: u64,
}

impl Bounds {
    pub(super) fn of(settings: &Settings) -> Self {
        let places = settings.capacity / CONVERSATIONS;
        let sets = (places / PLACES as u64).min(MOST_SETS);
        Self {
            sets,
            bytes: if sets == 0 {
                0
            } else {
                settings.max_bytes / BYTES
            },
        }
    }
}

/// The answers.
#[derive(Debug)]
pub(super) struct Unread {
    /// Made when the first answer comes.
    sets: OnceLock<Box<[Mutex<Set>]>>,
    bounds: Bounds,
    most: usize,
    max_age: Duration,
    held: AtomicUsize,
    count: AtomicUsize,
    /// Whether somebody gives back what is too old.
    is_swept: AtomicBool,
}

type Set = [Option<Answer>; PLACES];

impl Unread {
    pub(super) fn new(bounds: Bounds, max_age: Duration) -> Self {
        Self {
            sets: OnceLock::new(),
            bounds,
            most: usize::try_from(bounds.bytes).unwrap_or(usize::MAX),
            max_age,
            held: AtomicUsize::new(0),
            count: AtomicUsize::new(0),
            is_swept: AtomicBool::new(false),
        }
    }

    /// Keeps an answer whose GET began at a tick. `false`: there is no room for it.
    pub(super) fn keep(
        self: &Arc<Self>,
        key: Key,
        passing: Passing<'_>,
        tick: Tick,
        read_at: Instant,
    ) -> bool {
        if passing.body.len() > self.most / LARGEST {
            return false;
        }
        let sets = self.sets.get_or_init(|| {
            let sets = 0..self.bounds.sets;
            sets.map(|_| Mutex::default()).collect()
        });
        let Some(mut set) = set(sets, key) else {
            return false;
        };
        let Some(place) = place(&mut set, key, tick) else {
            // A newer one is there.
            return true;
        };
        let before = place.take();
        if let Some(before) = &before {
            self.subtract(before);
        }
        let answer = Answer::new(key, passing, tick, read_at, before);
        self.add(&answer);
        *place = Some(answer);
        let fits = self.make_room(&mut set, tick);
        drop(set);
        self.have_swept();
        fits
    }

    /// The answer of a key.
    pub(super) fn get(&self, key: Key) -> Option<Answer> {
        if self.count.load(Ordering::SeqCst) == 0 {
            return None;
        }
        let set = set(self.sets.get()?, key)?;
        set.iter()
            .flatten()
            .find(|answer| answer.key == key)
            .cloned()
    }

    /// Lets go of the answer of a key, if it is that of a tick.
    pub(super) fn forget(&self, key: Key, tick: Tick) {
        self.retain(key, |answer| answer.tick != tick);
    }

    /// Lets go of the answer of a key.
    pub(super) fn forget_all_of(&self, key: Key) {
        self.retain(key, |_| false);
    }

    pub(super) fn clear(&self) {
        self.sweep(|_| false);
    }

    /// Number of answers, and their weight in bytes.
    #[cfg(any(feature = "proxy", test))]
    pub(super) fn usage(&self) -> (u64, u64) {
        let count = self.count.load(Ordering::SeqCst);
        (count as u64, self.held.load(Ordering::SeqCst) as u64)
    }

    /// Drops others of a set, the oldest first, while too much is held; and at last the newest itself.
    fn make_room(&self, set: &mut Set, newest: Tick) -> bool {
        while self.held.load(Ordering::SeqCst) > self.most {
            let oldest = set
                .iter_mut()
                .filter(|place| place.is_some())
                .min_by_key(|place| place.as_ref().map(|answer| answer.tick));
            let Some(answer) = oldest.and_then(Option::take) else {
                return false;
            };
            self.subtract(&answer);
            if answer.tick == newest {
                return false;
            }
        }
        true
    }

    fn retain(&self, key: Key, keeps: impl Fn(&Answer) -> bool) {
        if let Some(mut set) = self.sets.get().and_then(|sets| set(sets, key)) {
            self.retain_in(&mut set, |answer| answer.key != key || keeps(answer));
        }
    }

    fn sweep(&self, keeps: impl Fn(&Answer) -> bool) {
        for set in self.sets.get().into_iter().flatten() {
            self.retain_in(&mut lock(set), &keeps);
        }
    }

    fn retain_in(&self, set: &mut Set, keeps: impl Fn(&Answer) -> bool) {
        for place in set {
            if let Some(answer) = place.take_if(|answer| !keeps(answer)) {
                self.subtract(&answer);
            }
        }
    }

    fn add(&self, answer: &Answer) {
        self.held.fetch_add(answer.weight(), Ordering::SeqCst);
        self.count.fetch_add(1, Ordering::SeqCst);
    }

    fn subtract(&self, answer: &Answer) {
        self.held.fetch_sub(answer.weight(), Ordering::SeqCst);
        self.count.fetch_sub(1, Ordering::SeqCst);
    }

    /// Has somebody give back what is too old, for as long as there is anything.
    fn have_swept(self: &Arc<Self>) {
        let is_swept = &self.is_swept;
        if is_swept.load(Ordering::SeqCst) || is_swept.swap(true, Ordering::SeqCst) {
            return;
        }
        let sweeper = Sweeper(Arc::downgrade(self));
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(sweeper.run(self.max_age.max(MIN_PAUSE)));
        }
    }
}

fn set(sets: &[Mutex<Set>], key: Key) -> Option<MutexGuard<'_, Set>> {
    let index = key.number().checked_rem(sets.len() as u64)?;
    sets.get(usize::try_from(index).ok()?).map(lock)
}

fn lock(set: &Mutex<Set>) -> MutexGuard<'_, Set> {
    // Nothing under the lock can panic half-way.
    set.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where the answer of a key that was read at a tick goes. `None`: a newer one is there.
fn place(set: &mut Set, key: Key, tick: Tick) -> Option<&mut Option<Answer>> {
    let known = set
        .iter()
        .position(|place| place.as_ref().is_some_and(|answer| answer.key == key));
    let index = if let Some(known) = known {
        known
    } else {
        // Nothing is older than anything.
        let ticks: [_; PLACES] =
            array::from_fn(|at| set.get(at)?.as_ref().map(|answer| answer.tick));
        (0..PLACES).min_by_key(|&at| ticks.get(at))?
    };
    let place = set.get_mut(index)?;
    let is_newer = place
        .as_ref()
        .is_none_or(|answer| answer.key != key || answer.tick <= tick);
    is_newer.then_some(place)
}
