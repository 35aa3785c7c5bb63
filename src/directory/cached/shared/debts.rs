use std::collections::HashSet;

use crate::directory::cached::Key;

/// Conversations whose bumps are remembered. Beyond that it is cheaper for everyone to begin a new epoch.
const MOST: usize = 1024;

/// Writes that the store has not heard of.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Debts {
    /// None.
    #[default]
    None,
    /// To these conversations.
    Some(HashSet<Key>),
    /// To too many, or to who knows which: only a new epoch makes up for it.
    All,
}

impl Debts {
    pub(super) fn add(&mut self, conversation: Key) {
        match self {
            Self::None => *self = Self::Some(HashSet::from([conversation])),
            Self::Some(known) if known.len() < MOST || known.contains(&conversation) => {
                known.insert(conversation);
            }
            Self::Some(_) => *self = Self::All,
            Self::All => {}
        }
    }

    /// Takes back what could not be paid.
    pub(super) fn merge(&mut self, unpaid: Self) {
        match unpaid {
            Self::None => {}
            Self::Some(unpaid) => unpaid.into_iter().for_each(|one| self.add(one)),
            Self::All => *self = Self::All,
        }
    }
}
