//! The course of events: requests, lookups and what the upstream sees, in simulated time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::draws::Draws;
use crate::replica::{Replica, Snapshot, Tick};
use crate::setup::{Redis, Setup};
use crate::traffic::{Event, Time, What, World};

/// What was counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) updates: u64,
    /// GETs, by token.
    pub(crate) lookups: Vec<u64>,
    /// PATCHes that reached the upstream with a fill, the second attempts included.
    pub(crate) fills: u64,
    /// Those whose fill was not the state any more.
    pub(crate) stale: u64,
    /// Those among them that were sent after the gateway had answered the write that made them so: what
    /// processes could have told each other.
    pub(crate) untold: u64,
    /// Those that were refused and sent again.
    pub(crate) resent: u64,
    /// Times that Redis was asked or told, pushes not counted.
    pub(crate) redis: u64,
}

/// A PATCH on its way to its fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Patch {
    pub(crate) event: usize,
    pub(crate) newer_than: Tick,
    /// How often its lookup was.
    pub(crate) overtaken: u8,
    /// Whether it was refused once.
    pub(crate) second: bool,
}

/// A PATCH with its fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sent {
    at: Tick,
    version: u64,
    /// Whether an answered write is newer than what it was filled with.
    untold: bool,
}

/// What is due at some time. The order of variants decides nothing: there is a number before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    Event(usize),
    /// Redis answered whether what is there may fill.
    Consulted(Patch),
    LookupReaches(usize),
    LookupAnswered(usize),
    PatchReaches(Patch, Sent),
    Refused(Patch, Tick),
    WriteSent(usize),
    WriteReaches(usize),
    WriteAnswered(usize),
    CallerTold(usize, Tick),
    RedisTold(usize, Tick),
    Pushed(usize, usize, Tick),
}

/// A lookup.
#[derive(Debug)]
pub(crate) struct Flight {
    pub(crate) event: usize,
    pub(crate) replica: usize,
    pub(crate) tick: Tick,
    pub(crate) read_at: Time,
    pub(crate) version: u64,
    pub(crate) waiting: Vec<Patch>,
}

/// A simulation that is under way.
pub(crate) struct Run<'a> {
    pub(crate) world: &'a World,
    pub(crate) setup: &'a Setup,
    pub(crate) events: &'a [Event],
    pub(crate) replicas: Vec<Replica>,
    pub(crate) flights: Vec<Flight>,
    /// How often each conversation's state has changed.
    pub(crate) versions: Vec<u64>,
    /// The last write on each conversation that was answered.
    answered: Vec<Tick>,
    /// What Redis has: the last write on each conversation, and snapshots by key.
    pub(crate) writes: Vec<Tick>,
    pub(crate) shared: Vec<Option<Snapshot>>,
    pub(crate) now: Time,
    ticks: Tick,
    due: BinaryHeap<Reverse<(Time, u64, Due)>>,
    scheduled: u64,
    pub(crate) figures: Figures,
}

/// Lets the events happen in front of patchwright as it is set up.
pub(crate) fn run(world: &World, setup: &Setup, events: &[Event]) -> Figures {
    let (partitions, _) = setup.partition(world.tokens, 0);
    let conversations = world.conversations;
    let replica = || Replica::new(conversations, partitions);
    let mut run = Run {
        world,
        setup,
        events,
        replicas: (0..setup.replicas).map(|_| replica()).collect(),
        flights: Vec::new(),
        versions: vec![0; conversations],
        answered: vec![0; conversations],
        writes: vec![0; conversations],
        shared: vec![None; conversations * partitions],
        now: 0,
        ticks: 0,
        due: BinaryHeap::new(),
        scheduled: 0,
        figures: Figures {
            lookups: vec![0; world.tokens],
            ..Figures::default()
        },
    };
    run.expect(0);
    while let Some(Reverse((at, _, due))) = run.due.pop() {
        run.now = at;
        run.happen(due);
    }
    run.figures
}

impl Run<'_> {
    fn expect(&mut self, event: usize) {
        if let Some(next) = self.events.get(event) {
            self.schedule(next.at, Due::Event(event));
        }
    }

    fn schedule(&mut self, at: Time, due: Due) {
        self.scheduled += 1;
        self.due.push(Reverse((at, self.scheduled, due)));
    }

    pub(crate) fn after(&mut self, wait: Time, due: Due) {
        self.schedule(self.now + wait, due);
    }

    pub(crate) fn tick(&mut self) -> Tick {
        self.ticks += 1;
        self.ticks
    }

    pub(crate) fn replica(&self, event: usize) -> usize {
        self.setup
            .replica(self.world.seed, event, &self.events[event])
    }

    pub(crate) fn key(&self, event: usize) -> usize {
        let (partitions, partition) = self.setup.partition(self.world.tokens, self.token(event));
        self.events[event].conversation * partitions + partition
    }

    pub(crate) fn token(&self, event: usize) -> usize {
        match self.events[event].what {
            What::Update { token } | What::Write { token } => token,
            What::Elsewhere => 0,
        }
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Event(event) => {
                self.expect(event + 1);
                self.begin(event);
            }
            Due::Consulted(patch) => self.consulted(patch),
            Due::LookupReaches(flight) => {
                let event = self.flights[flight].event;
                self.flights[flight].version = self.versions[self.events[event].conversation];
                let back = self.way_back(event, flight);
                self.after(back, Due::LookupAnswered(flight));
            }
            Due::LookupAnswered(flight) => self.land(flight),
            Due::PatchReaches(patch, sent) => self.arrive(patch, sent),
            Due::Refused(patch, sent) => self.fill(Patch {
                newer_than: sent,
                overtaken: 0,
                second: true,
                ..patch
            }),
            Due::WriteSent(event) => {
                let way = self.world.way(event, 0);
                self.after(way, Due::WriteReaches(event));
            }
            Due::WriteReaches(event) => {
                self.versions[self.events[event].conversation] += 1;
                let way = self.world.way(event, 1);
                self.after(way, Due::WriteAnswered(event));
            }
            Due::WriteAnswered(event) => {
                self.wrote(event);
                self.after(self.confirmation(), Due::CallerTold(event, self.ticks));
            }
            Due::CallerTold(event, tick) => {
                let last = &mut self.answered[self.events[event].conversation];
                *last = tick.max(*last);
            }
            Due::RedisTold(event, tick) => self.redis_told(event, tick),
            Due::Pushed(replica, conversation, tick) => {
                self.replicas[replica].wrote(conversation, tick);
            }
        }
    }

    fn begin(&mut self, event: usize) {
        let Event {
            conversation, what, ..
        } = self.events[event];
        match what {
            What::Elsewhere => self.versions[conversation] += 1,
            What::Write { .. } => {
                self.wrote(event);
                self.after(self.confirmation(), Due::WriteSent(event));
            }
            What::Update { .. } => {
                self.figures.updates += 1;
                self.fill(Patch {
                    event,
                    newer_than: 0,
                    overtaken: 0,
                    second: false,
                });
            }
        }
    }

    // === What the upstream sees

    pub(crate) fn send(&mut self, patch: Patch, snapshot: Snapshot) {
        let sent = Sent {
            at: self.tick(),
            version: snapshot.version,
            untold: snapshot.tick < self.answered[self.events[patch.event].conversation],
        };
        let way = self.world.way(patch.event, u64::from(patch.second) * 2);
        self.after(way, Due::PatchReaches(patch, sent));
    }

    fn arrive(&mut self, patch: Patch, sent: Sent) {
        self.figures.fills += 1;
        if sent.version == self.versions[self.events[patch.event].conversation] {
            return;
        }
        self.figures.stale += 1;
        self.figures.untold += u64::from(sent.untold);
        if !patch.second && self.world.refuses(patch.event) {
            self.figures.resent += 1;
            let way = self.world.way(patch.event, 1);
            self.after(way, Due::Refused(patch, sent.at));
        }
    }

    // === Writes

    /// Before the write is forwarded, and when it is answered.
    fn wrote(&mut self, event: usize) {
        let tick = self.tick();
        let replica = self.replica(event);
        self.replicas[replica].wrote(self.events[event].conversation, tick);
        if self.setup.redis != Redis::Off {
            // The generation; Redis pushes it to those that track it.
            self.figures.redis += 1;
            self.after(self.world.redis_trip / 2, Due::RedisTold(event, tick));
        }
    }

    /// A write goes on, and its answer back, when Redis has it: the others can know.
    fn confirmation(&self) -> Time {
        match self.setup.redis {
            Redis::Off => 0,
            Redis::Push | Redis::Confirm => self.world.redis_trip,
        }
    }

    fn redis_told(&mut self, event: usize, tick: Tick) {
        let conversation = self.events[event].conversation;
        let last = &mut self.writes[conversation];
        *last = tick.max(*last);
        let own = self.replica(event);
        for replica in (0..self.replicas.len()).filter(|other| *other != own) {
            let mut draws = Draws::of(self.world.seed, event, 8 + replica as u64);
            let wait = self.world.redis_trip / 2 + draws.exponential(self.world.push_delay);
            self.after(wait, Due::Pushed(replica, conversation, tick));
        }
    }
}
