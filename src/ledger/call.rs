use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::SystemTime;

use super::Verdicts;
use crate::kept::{Facts, Kept, Several};
use crate::layer::record::{Outcome, Reason};

/// What tells one kind of broken call from another.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Key<'a> {
    pub(super) caller: Caller<'a>,
    pub(super) rule: &'a str,
    pub(super) method: &'a str,
    pub(super) template: &'a str,
    pub(super) outcome: Outcome,
    pub(super) reason: Option<Reason>,
    pub(super) repairs: Several<'a>,
    pub(super) filled: Several<'a>,
    pub(super) hint: Option<&'a str>,
}

/// In the order in which those are shown who call equally often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Caller<'a> {
    /// A `[[client]]`.
    Named(&'a str),
    Unknown,
    /// The beginning of a `User-Agent`.
    Agent(&'a str),
}

impl Hash for Key<'_> {
    /// Of what differs most often: the rest is compared.
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.caller, self.template, self.outcome, self.hint).hash(state);
    }
}

/// Whether anything is wrong with the request, as far as that was looked at.
pub(super) fn is_broken(facts: &Facts) -> bool {
    let looked_at = !matches!(
        facts.reason,
        Some(
            Reason::ModeOff
                | Reason::TooLarge
                | Reason::Overloaded
                | Reason::Coding
                | Reason::Signed
        )
    );
    facts.outcome != Outcome::Complete && looked_at
}

impl<'a> Key<'a> {
    pub(super) fn of(kept: &'a Kept) -> Self {
        let facts = kept.facts();
        let caller = match (kept.client(), kept.user_agent()) {
            (Some(name), _) => Caller::Named(name),
            (None, Some(agent)) if !agent.trim_start().is_empty() => Caller::Agent(agent),
            (None, _) => Caller::Unknown,
        };
        Self {
            caller,
            rule: kept.rule(),
            method: kept.method(),
            template: kept.template(),
            outcome: facts.outcome,
            reason: facts.reason,
            repairs: kept.repairs(),
            filled: kept.filled(),
            hint: kept.hint(),
        }
    }
}

/// A kind of broken call, and how often it came.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// The first of them.
    like: Arc<Kept>,
    pub(super) count: u64,
    /// Answered 2xx.
    pub(super) accepted: u64,
    /// Answered otherwise, or not at all.
    pub(super) refused: u64,
    pub(super) verdicts: Verdicts,
    pub(super) first: SystemTime,
    pub(super) last: SystemTime,
    turn: u64,
}

impl Call {
    /// Of which none was seen yet.
    pub(super) fn like(kept: &Arc<Kept>) -> Self {
        let time = kept.facts().time;
        Self {
            like: Arc::clone(kept),
            count: 0,
            accepted: 0,
            refused: 0,
            verdicts: Verdicts::default(),
            first: time,
            last: time,
            turn: 0,
        }
    }

    pub(super) fn key(&self) -> Key<'_> {
        Key::of(&self.like)
    }

    pub(super) fn seen(&mut self, facts: &Facts, turn: u64) {
        self.count += 1;
        self.turn = turn;
        self.last = self.last.max(facts.time);
        let accepted = facts
            .status
            .is_some_and(|status| (200..300).contains(&status));
        *if accepted {
            &mut self.accepted
        } else {
            &mut self.refused
        } += 1;
        if let Some(verdict) = facts.verdict {
            self.verdicts.add(verdict);
        }
    }

    /// The number of the record that was the last of this kind.
    pub(super) fn turn(&self) -> u64 {
        self.turn
    }
}
