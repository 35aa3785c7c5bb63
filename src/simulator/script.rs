//! Changes of state that happen by themselves, once so many requests were answered.

use http::Method;
use serde::Deserialize;

/// Entries that may wait at once; the oldest makes room.
const MOST: usize = 1_000;

/// A change from outside, as when an agent picks up.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateChange {
    /// `{conversationId}`
    pub conversation: String,
    /// `{participantId}`
    pub participant: String,
    /// The next state of the communication that counts.
    #[serde(default)]
    pub state: Option<String>,
    /// The next queue, by id.
    #[serde(default)]
    pub queue: Option<String>,
}

/// A change that comes right after the n-th request from now: that one is still carried out on the old
/// state, whatever follows meets the new one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct After {
    /// After how many requests.
    pub requests: u64,
    /// Counts only requests with this method; any when absent.
    #[serde(default)]
    pub method: Option<String>,
    /// What changes.
    pub set: StateChange,
}

#[derive(Debug, Default)]
pub(super) struct Script(Vec<After>);

impl FromIterator<After> for Script {
    fn from_iter<I: IntoIterator<Item = After>>(changes: I) -> Self {
        Self(changes.into_iter().collect())
    }
}

impl Script {
    pub(super) fn add(&mut self, after: After) {
        if self.0.len() >= MOST {
            self.0.remove(0);
        }
        self.0.push(after);
    }

    /// Counts a request and returns the changes that are due after it.
    pub(super) fn advance(&mut self, method: &Method) -> Vec<StateChange> {
        for after in &mut self.0 {
            if after
                .method
                .as_deref()
                .is_none_or(|only| only == method.as_str())
            {
                after.requests = after.requests.saturating_sub(1);
            }
        }
        let due = self.0.extract_if(.., |after| after.requests == 0);
        due.map(|after| after.set).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(requests: u64, participant: &str) -> After {
        let (conversation, participant) = ("c".to_owned(), participant.to_owned());
        let set = StateChange {
            conversation,
            participant,
            state: None,
            queue: None,
        };
        After {
            requests,
            method: None,
            set,
        }
    }

    #[test]
    fn of_too_many_changes_the_oldest_makes_room() {
        let mut script = Script::default();
        script.add(after(1, "oldest"));
        for _ in 0..MOST {
            script.add(after(2, "later"));
        }
        assert_eq!(script.advance(&Method::GET), []);
        assert_eq!(script.advance(&Method::GET).len(), MOST);
    }
}
