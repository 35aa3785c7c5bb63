//! From a PATCH to its fill: what is remembered, what Redis has, what is looked up.

use crate::replica::{Snapshot, Tick, keep};
use crate::run::{Due, Flight, Patch, Run};
use crate::setup::Redis;
use crate::traffic::Time;

/// As in src/directory/cached.rs.
const OVERTAKEN: u8 = 3;

impl Run<'_> {
    pub(crate) fn fill(&mut self, patch: Patch) {
        let hit = self.hit(patch);
        match (self.setup.redis, hit) {
            (Redis::Off | Redis::Push, Some(snapshot)) => self.send(patch, snapshot),
            (Redis::Off, None) => self.join_or_fetch(patch),
            (Redis::Push, None) | (Redis::Confirm, _) => {
                self.figures.redis += 1;
                self.after(self.world.redis_trip, Due::Consulted(patch));
            }
        }
    }

    /// What this process has that may fill.
    fn hit(&self, patch: Patch) -> Option<Snapshot> {
        let replica = &self.replicas[self.replica(patch.event)];
        let floor = self.floor(patch);
        replica.hit(self.key(patch.event), floor, self.now, self.setup.max_age)
    }

    fn floor(&self, patch: Patch) -> Tick {
        let conversation = self.events[patch.event].conversation;
        self.replicas[self.replica(patch.event)].floor(conversation, patch.newer_than)
    }

    /// One question asks Redis for the last write, and for the snapshot where there is none here.
    pub(crate) fn consulted(&mut self, patch: Patch) {
        let (replica, key) = (self.replica(patch.event), self.key(patch.event));
        let conversation = self.events[patch.event].conversation;
        self.replicas[replica].wrote(conversation, self.writes[conversation]);
        let shared = self.shared[key].filter(|_| self.hit(patch).is_none());
        if let Some(snapshot) = shared {
            self.replicas[replica].keep(key, snapshot);
        }
        match self.hit(patch) {
            Some(snapshot) => self.send(patch, snapshot),
            None => self.join_or_fetch(patch),
        }
    }

    fn join_or_fetch(&mut self, patch: Patch) {
        let (replica, key, floor) = (
            self.replica(patch.event),
            self.key(patch.event),
            self.floor(patch),
        );
        if let Some(flight) = self.replicas[replica].join(key, floor) {
            self.flights[flight].waiting.push(patch);
            return;
        }
        let (tick, flight) = (self.tick(), self.flights.len());
        self.replicas[replica].take_off(key, tick, flight);
        self.flights.push(Flight {
            event: patch.event,
            replica,
            tick,
            read_at: self.now,
            version: 0,
            waiting: vec![patch],
        });
        let token = self.token(patch.event);
        self.figures.lookups[token] += 1;
        let way = self.world.way(patch.event, 4 + 2 * flight as u64);
        self.after(way, Due::LookupReaches(flight));
    }

    pub(crate) fn way_back(&self, event: usize, flight: usize) -> Time {
        self.world.way(event, 5 + 2 * flight as u64)
    }

    pub(crate) fn land(&mut self, flight: usize) {
        let Flight {
            event,
            replica,
            tick,
            read_at,
            version,
            ..
        } = self.flights[flight];
        let waiting = std::mem::take(&mut self.flights[flight].waiting);
        let (key, conversation) = (self.key(event), self.events[event].conversation);
        let snapshot = Snapshot {
            tick,
            read_at,
            version,
        };
        self.replicas[replica].land(key, flight, snapshot);
        if self.setup.redis != Redis::Off {
            // What stores it is answered with the last write.
            self.figures.redis += 1;
            keep(&mut self.shared[key], snapshot);
            self.replicas[replica].wrote(conversation, self.writes[conversation]);
        }
        for patch in waiting {
            // What a write overtook is read again, but not for ever.
            if tick > self.floor(patch) || patch.overtaken == OVERTAKEN {
                self.send(patch, snapshot);
            } else {
                self.join_or_fetch(Patch {
                    overtaken: patch.overtaken + 1,
                    ..patch
                });
            }
        }
    }
}
