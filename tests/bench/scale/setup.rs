//! What is compared: how many processes, who gets which request, and what they share.

use std::fmt;

use crate::draws::Draws;
use crate::traffic::{Event, Time, What};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    pub(crate) replicas: usize,
    pub(crate) balancer: Balancer,
    pub(crate) partition: Partition,
    pub(crate) redis: Redis,
    pub(crate) max_age: Time,
}

/// By what the balancer chooses a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Balancer {
    Random,
    /// A hash of the token.
    Token,
    /// A hash of the conversation's id in the path.
    Conversation,
}

/// Whom a snapshot may fill for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Partition {
    /// Who fetched it: the only one that patchwright has.
    Token,
    /// Everybody, to see what keeping credentials apart costs.
    Nobody,
}

/// What processes share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Redis {
    Off,
    /// Snapshots, and writes as far as the push of them has come.
    Push,
    /// The same, and nothing fills before Redis has said that no write is newer (`confirm = true`).
    Confirm,
}

impl Setup {
    pub(crate) fn replica(&self, seed: u64, index: usize, event: &Event) -> usize {
        let hash = match (self.balancer, event.what) {
            (Balancer::Token, What::Update { token } | What::Write { token }) => {
                Draws::of(seed, token, 4)
            }
            (Balancer::Conversation, _) => Draws::of(seed, event.conversation, 5),
            _ => Draws::of(seed, index, 6),
        };
        { hash }.below(self.replicas)
    }

    /// How many partitions there are, and which is a token's.
    pub(crate) fn partition(&self, tokens: usize, token: usize) -> (usize, usize) {
        match self.partition {
            Partition::Token => (tokens, token),
            Partition::Nobody => (1, 0),
        }
    }
}

impl fmt::Display for Balancer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Random => "random",
            Self::Token => "token",
            Self::Conversation => "conversation",
        })
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Token => "token",
            Self::Nobody => "none",
        })
    }
}

impl fmt::Display for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Off => "no",
            Self::Push => "push",
            Self::Confirm => "confirm",
        })
    }
}
