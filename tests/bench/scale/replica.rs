//! The rule of src/directory/cached.rs, for one process: what may fill, which lookup is joined, what a write
//! makes unusable. Left out, since nothing here reaches it: the bounds of the cache, the breaker, throttled
//! credentials, and passing GETs that teach.

use crate::traffic::Time;

/// A moment, counted in events as the directory's own clock does. Here all processes share one clock.
pub(crate) type Tick = u64;

/// What was read of a conversation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Snapshot {
    /// The moment before the GET was sent, in events and in time.
    pub(crate) tick: Tick,
    pub(crate) read_at: Time,
    /// How often the state had changed when the upstream answered.
    pub(crate) version: u64,
}

impl Snapshot {
    pub(crate) fn fills(&self, floor: Tick, now: Time, max_age: Time) -> bool {
        self.tick > floor && now - self.read_at <= max_age
    }
}

/// A lookup that is under way, by its place among all lookups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Airborne {
    tick: Tick,
    flight: usize,
}

/// One process.
#[derive(Debug)]
pub(crate) struct Replica {
    /// By conversation.
    writes: Vec<Tick>,
    /// By key: conversation and partition.
    kept: Vec<Option<Snapshot>>,
    airborne: Vec<Option<Airborne>>,
}

impl Replica {
    pub(crate) fn new(conversations: usize, partitions: usize) -> Self {
        Self {
            writes: vec![0; conversations],
            kept: vec![None; conversations * partitions],
            airborne: vec![None; conversations * partitions],
        }
    }

    /// A write was seen at `tick`, here or, by what Redis says, elsewhere.
    pub(crate) fn wrote(&mut self, conversation: usize, tick: Tick) {
        let last = &mut self.writes[conversation];
        *last = tick.max(*last);
    }

    /// What a snapshot must be newer than.
    pub(crate) fn floor(&self, conversation: usize, newer_than: Tick) -> Tick {
        self.writes[conversation].max(newer_than)
    }

    pub(crate) fn hit(
        &self,
        key: usize,
        floor: Tick,
        now: Time,
        max_age: Time,
    ) -> Option<Snapshot> {
        self.kept[key].filter(|snapshot| snapshot.fills(floor, now, max_age))
    }

    /// The lookup to wait for, if one is under way that started late enough.
    pub(crate) fn join(&self, key: usize, floor: Tick) -> Option<usize> {
        let airborne = self.airborne[key].filter(|airborne| airborne.tick > floor);
        airborne.map(|airborne| airborne.flight)
    }

    pub(crate) fn take_off(&mut self, key: usize, tick: Tick, flight: usize) {
        self.airborne[key] = Some(Airborne { tick, flight });
    }

    /// A lookup is over: others no longer join it, and what it read is kept unless that is older.
    pub(crate) fn land(&mut self, key: usize, flight: usize, snapshot: Snapshot) {
        if self.airborne[key].is_some_and(|airborne| airborne.flight == flight) {
            self.airborne[key] = None;
        }
        self.keep(key, snapshot);
    }

    pub(crate) fn keep(&mut self, key: usize, snapshot: Snapshot) {
        keep(&mut self.kept[key], snapshot);
    }
}

/// Answers may arrive in any order.
pub(crate) fn keep(place: &mut Option<Snapshot>, snapshot: Snapshot) {
    if place.is_none_or(|kept| kept.tick <= snapshot.tick) {
        *place = Some(snapshot);
    }
}
