//! What callers and agents do, the same for every combination of settings.

use crate::draws::{Draws, Zipf};

/// Microseconds.
pub(crate) type Time = u64;

pub(crate) const MS: Time = 1000;
pub(crate) const SECOND: Time = 1000 * MS;

/// Who asks, how often, and how far away the upstream is.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) seed: u64,
    /// How long it is watched.
    pub(crate) length: Time,
    pub(crate) tokens: usize,
    /// Conversations that are open at once.
    pub(crate) conversations: usize,
    /// Tokens that write to one conversation: the CRM's, the bot's.
    pub(crate) tokens_each: usize,
    /// How unevenly bursts fall on conversations, see [`Zipf`].
    pub(crate) skew: u32,
    /// Between two bursts of one token, on average.
    pub(crate) between_bursts: Time,
    /// Attribute updates of a burst: from one to so many, each as likely.
    pub(crate) burst: usize,
    /// Between two updates of a burst, on average.
    pub(crate) between_updates: Time,
    /// Between two changes of a conversation's state, on average.
    pub(crate) between_changes: Time,
    /// Of a hundred changes so many go through the gateway, the others past it: agents' desktops, the callers.
    pub(crate) through: usize,
    /// To the upstream or back: at least, and on average so much more.
    pub(crate) one_way: Time,
    pub(crate) delay: Time,
    /// Of a hundred stale fills so many are refused (400 or 409); the others are taken, and may undo the change.
    pub(crate) refused: usize,
    /// A question to Redis and its answer.
    pub(crate) redis_trip: Time,
    /// Until a write that Redis has is pushed to another process: half a trip, and on average so much more.
    pub(crate) push_delay: Time,
}

impl World {
    /// A contact centre of middle size: eight tokens that use four tenths of their 300 requests a minute for
    /// PATCHes, 400 conversations whose state changes twice a minute.
    pub(crate) fn usual() -> Self {
        Self {
            seed: 5,
            length: 20 * 60 * SECOND,
            tokens: 8,
            conversations: 400,
            tokens_each: 2,
            skew: 1,
            between_bursts: 2 * SECOND,
            burst: 7,
            between_updates: 400 * MS,
            between_changes: 30 * SECOND,
            through: 30,
            one_way: 35 * MS,
            delay: 10 * MS,
            refused: 50,
            // In the same data centre.
            redis_trip: MS,
            push_delay: MS,
        }
    }

    /// The `nth` of the tokens that write to a conversation.
    fn token(&self, conversation: usize, nth: usize) -> usize {
        Draws::of(self.seed, conversation * self.tokens_each + nth, 1).below(self.tokens)
    }

    /// How long a message takes to or from the upstream: leg `leg` of the event's requests.
    pub(crate) fn way(&self, event: usize, leg: u64) -> Time {
        if self.delay == 0 {
            return self.one_way;
        }
        self.one_way + Draws::of(self.seed, event, 16 + leg).exponential(self.delay)
    }

    /// Whether the upstream refuses the event's PATCH if its fill is stale.
    pub(crate) fn refuses(&self, event: usize) -> bool {
        Draws::of(self.seed, event, 2).below(100) < self.refused
    }
}

/// Something that happens whatever patchwright does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) at: Time,
    pub(crate) conversation: usize,
    pub(crate) what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A PATCH of attributes alone, which needs a fill.
    Update { token: usize },
    /// A state change that a caller sends through the gateway.
    Write { token: usize },
    /// A state change that the gateway does not see.
    Elsewhere,
}

/// All that happens, in order.
pub(crate) fn events(world: &World) -> Vec<Event> {
    let mut events = Vec::new();
    updates(world, &mut events);
    changes(world, &mut events);
    events.sort_by_key(|event| event.at);
    events
}

fn updates(world: &World, events: &mut Vec<Event>) {
    let mut draws = Draws::new(world.seed);
    let zipf = Zipf::new(world.conversations, world.skew);
    // All tokens' bursts are one Poisson process.
    let between = world.between_bursts / world.tokens.max(1) as u64;
    let mut at = draws.exponential(between);
    while at < world.length {
        let conversation = zipf.pick(&mut draws);
        let token = world.token(conversation, draws.below(world.tokens_each));
        let mut update_at = at;
        for _ in 0..=draws.below(world.burst) {
            events.push(Event {
                at: update_at,
                conversation,
                what: What::Update { token },
            });
            update_at += draws.exponential(world.between_updates);
        }
        at += draws.exponential(between);
    }
}

fn changes(world: &World, events: &mut Vec<Event>) {
    for conversation in 0..world.conversations {
        let mut draws = Draws::of(world.seed, conversation, 3);
        let mut at = draws.exponential(world.between_changes);
        while at < world.length {
            let what = if draws.below(100) < world.through {
                let token = world.token(conversation, draws.below(world.tokens_each));
                What::Write { token }
            } else {
                What::Elsewhere
            };
            events.push(Event {
                at,
                conversation,
                what,
            });
            at += draws.exponential(world.between_changes);
        }
    }
}
