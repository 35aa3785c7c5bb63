use std::hash::{Hash, Hasher};
use std::time::SystemTime;

use http::Method;

use super::Verdicts;
use crate::harmless::first;
use crate::layer::record::{Outcome, Reason, Record, Repair};

/// Characters of a `User-Agent` that tell callers apart. Callers choose it, and it is shown to people.
const CALLER_CHARS: usize = 120;

/// What tells one kind of broken call from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key<'a> {
    caller: Caller<'a>,
    rule: &'a str,
    method: &'a Method,
    template: &'a str,
    outcome: Outcome,
    reason: Option<Reason>,
    repairs: &'a [Repair],
    filled: Filled<'a>,
    hint: Option<&'a str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Caller<'a> {
    /// A `[[client]]`.
    Named(&'a str),
    /// The beginning of a `User-Agent`.
    Agent(&'a str),
    Unknown,
}

/// JSON pointers, as a record lends them or as a call keeps them.
#[derive(Clone, Copy, Debug)]
enum Filled<'a> {
    Lent(&'a [&'a str]),
    Kept(&'a [Box<str>]),
}

impl Filled<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Lent(lent) => lent.len(),
            Self::Kept(kept) => kept.len(),
        }
    }

    fn iter(&self) -> impl Iterator<Item = &str> {
        let (lent, kept) = match self {
            Self::Lent(lent) => (*lent, [].as_slice()),
            Self::Kept(kept) => ([].as_slice(), *kept),
        };
        lent.iter()
            .copied()
            .chain(kept.iter().map(|pointer| &**pointer))
    }
}

impl PartialEq for Filled<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Lent(one), Self::Lent(other)) => one == other,
            (Self::Kept(one), Self::Kept(other)) => one == other,
            (Self::Lent(lent), Self::Kept(kept)) | (Self::Kept(kept), Self::Lent(lent)) => {
                let mut pairs = lent.iter().zip(*kept);
                lent.len() == kept.len() && pairs.all(|(lent, kept)| *lent == &**kept)
            }
        }
    }
}

impl Eq for Filled<'_> {}

impl Hash for Key<'_> {
    /// Of what differs most often: the rest is compared.
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.caller, self.template, self.outcome, self.hint).hash(state);
        (self.filled.len(), self.repairs.len()).hash(state);
    }
}

impl<'a> Key<'a> {
    /// `None` for a request with nothing wrong, as far as that was looked at.
    pub(super) fn of(record: &'a Record<'_>) -> Option<Self> {
        let looked_at = !matches!(
            record.reason,
            Some(
                Reason::ModeOff
                    | Reason::TooLarge
                    | Reason::Overloaded
                    | Reason::Coding
                    | Reason::Signed
            )
        );
        (record.outcome != Outcome::Complete && looked_at).then(|| Self {
            caller: Caller::of(record),
            rule: record.rule,
            method: record.method,
            template: record.template,
            outcome: record.outcome,
            reason: record.reason,
            repairs: record.repairs,
            filled: Filled::Lent(record.filled),
            hint: record.hint,
        })
    }
}

impl<'a> Caller<'a> {
    fn of(record: &'a Record<'_>) -> Self {
        match (record.client, record.user_agent) {
            (Some(name), _) => Self::Named(name),
            (None, Some(agent)) if !agent.trim_start().is_empty() => {
                Self::Agent(first(agent, CALLER_CHARS))
            }
            (None, _) => Self::Unknown,
        }
    }
}

/// A kind of broken call, and how often it came.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) caller: Option<Box<str>>,
    pub(super) named: bool,
    pub(super) rule: Box<str>,
    pub(super) method: Method,
    pub(super) template: Box<str>,
    pub(super) outcome: Outcome,
    pub(super) reason: Option<Reason>,
    pub(super) repairs: Box<[Repair]>,
    pub(super) filled: Box<[Box<str>]>,
    pub(super) hint: Option<Box<str>>,
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
    pub(super) fn new(key: &Key<'_>, now: SystemTime) -> Self {
        let (caller, named) = match key.caller {
            Caller::Named(name) => (Some(name), true),
            Caller::Agent(agent) => (Some(agent), false),
            Caller::Unknown => (None, false),
        };
        Self {
            caller: caller.map(Into::into),
            named,
            rule: key.rule.into(),
            method: key.method.clone(),
            template: key.template.into(),
            outcome: key.outcome,
            reason: key.reason,
            repairs: key.repairs.into(),
            filled: key.filled.iter().map(Into::into).collect(),
            hint: key.hint.map(Into::into),
            count: 0,
            accepted: 0,
            refused: 0,
            verdicts: Verdicts::default(),
            first: now,
            last: now,
            turn: 0,
        }
    }

    pub(super) fn key(&self) -> Key<'_> {
        Key {
            caller: match (&self.caller, self.named) {
                (Some(name), true) => Caller::Named(name),
                (Some(agent), false) => Caller::Agent(agent),
                (None, _) => Caller::Unknown,
            },
            rule: &self.rule,
            method: &self.method,
            template: &self.template,
            outcome: self.outcome,
            reason: self.reason,
            repairs: &self.repairs,
            filled: Filled::Kept(&self.filled),
            hint: self.hint.as_deref(),
        }
    }

    pub(super) fn seen(&mut self, record: &Record<'_>, now: SystemTime, turn: u64) {
        self.count += 1;
        self.turn = turn;
        self.last = self.last.max(now);
        let accepted = record.status.is_some_and(|status| status.is_success());
        *if accepted {
            &mut self.accepted
        } else {
            &mut self.refused
        } += 1;
        if let Some(verdict) = record.verdict {
            self.verdicts.add(verdict);
        }
    }

    /// The number of the record that was the last of this kind.
    pub(super) fn turn(&self) -> u64 {
        self.turn
    }
}

#[cfg(test)]
mod tests {
    use super::Filled;

    #[test]
    fn pointers_are_the_same_lent_or_kept_and_more_of_them_are_others() {
        let kept = |pointers: &[&str]| pointers.iter().map(|one| (*one).into()).collect::<Vec<_>>();
        let (one, two) = (kept(&["/a"]), kept(&["/a", "/b"]));
        assert_eq!(Filled::Lent(&["/a"]), Filled::Kept(&one));
        assert_ne!(Filled::Lent(&["/a"]), Filled::Kept(&two));
        assert_ne!(Filled::Kept(&two), Filled::Lent(&["/a", "/c"]));
        assert_ne!(Filled::Kept(&one), Filled::Kept(&two));
    }
}
