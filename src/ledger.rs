//! Which callers still send what is broken, what each rule was needed for, and whether it helped.
//!
//! Pure but for the lock: the time of a record is passed in. What a rule makes of a request is told when
//! somebody asks for the report.

mod call;
mod report;
mod verdict;

use std::hash::BuildHasher as _;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use self::call::{Call, Key, is_broken};
pub use self::verdict::RuleVerdict;
use crate::kept::{Facts, Kept};
use crate::layer::record::{Outcome, Verdict};

/// Broken calls that are kept: a few dozen callers with a few kinds each, in half a megabyte. Callers choose their
/// `User-Agent`, so there must be a bound, and the longest unseen goes first.
const CALLS: usize = 500;

/// Records that wait to be noted together: one by one, between all else that a request needs, each takes several times
/// as long. Whoever notes the last of them, or reads, notes all.
const WAITING: usize = 32;

/// Rules that are counted. Their names come from configurations, of which a process may read many.
const RULES: usize = 1000;

/// What was noted since the start. Clones share it.
#[derive(Clone, Debug)]
pub struct Ledger(Arc<Mutex<Book>>);

#[derive(Clone, Debug)]
struct Book {
    since: SystemTime,
    waiting: Vec<Arc<Kept>>,
    calls: HashTable<Call>,
    /// Keyed, but no match for somebody who sets out to find collisions: what they would gain is that the few
    /// calls that are kept are compared one by one.
    hasher: DefaultHashBuilder,
    /// Counts records, for telling which call is the longest unseen: a clock may stand still or go back.
    turn: u64,
    forgotten: u64,
    rules: HashMap<Box<str>, Needs>,
}

/// How often a rule was needed.
#[derive(Clone, Copy, Debug, Default)]
struct Needs {
    complete: u64,
    repaired: u64,
    observed: u64,
    verdicts: Verdicts,
    /// When it last did something, or would have.
    last: Option<SystemTime>,
}

/// How often observing came to each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Verdicts {
    would_have_helped: u64,
    not_needed: u64,
    unclear: u64,
}

impl Ledger {
    /// Begins at `since`.
    pub fn new(since: SystemTime) -> Self {
        Self(Arc::new(Mutex::new(Book {
            since,
            waiting: Vec::with_capacity(WAITING),
            calls: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            turn: 0,
            forgotten: 0,
            rules: HashMap::new(),
        })))
    }

    /// Notes what became of a request. Nothing is allocated for what is known already.
    pub fn note(&self, kept: &Arc<Kept>) {
        let mut book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        book.waiting.push(Arc::clone(kept));
        if book.waiting.len() >= WAITING {
            book.settle();
        }
    }

    fn copy(&self) -> Book {
        let mut book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        book.settle();
        book.clone()
    }
}

impl Book {
    fn settle(&mut self) {
        let mut waiting = mem::take(&mut self.waiting);
        for kept in waiting.drain(..) {
            self.note_rule(kept.rule(), kept.facts());
            if is_broken(kept.facts()) {
                self.note_call(&kept);
            }
        }
        self.waiting = waiting;
    }

    fn note_rule(&mut self, rule: &str, facts: &Facts) {
        let has_room = self.rules.len() < RULES;
        let needs = match self.rules.get_mut(rule) {
            Some(needs) => needs,
            None if has_room => self.rules.entry(rule.into()).or_default(),
            None => return,
        };
        match facts.outcome {
            Outcome::Complete => needs.complete += 1,
            Outcome::Repaired => needs.repaired += 1,
            Outcome::Observed => needs.observed += 1,
            Outcome::Forwarded | Outcome::Rejected => {}
        }
        if let Some(verdict) = facts.verdict {
            needs.verdicts.add(verdict);
        }
        let acted = match facts.outcome {
            Outcome::Repaired | Outcome::Rejected => true,
            Outcome::Observed => facts.verdict.is_some(),
            Outcome::Complete | Outcome::Forwarded => false,
        };
        if acted {
            needs.last = needs.last.max(Some(facts.time));
        }
    }

    fn note_call(&mut self, kept: &Arc<Kept>) {
        let Self { calls, hasher, .. } = self;
        let key = Key::of(kept);
        let hash = hasher.hash_one(&key);
        self.turn += 1;
        if let Some(call) = calls.find_mut(hash, |call| key == call.key()) {
            return call.seen(kept.facts(), self.turn);
        }
        if calls.len() >= CALLS
            && let Some(oldest) = calls.iter().map(Call::turn).min()
        {
            calls.retain(|call| call.turn() != oldest);
            self.forgotten += 1;
        }
        let mut call = Call::like(kept);
        call.seen(kept.facts(), self.turn);
        calls.insert_unique(hash, call, |call| hasher.hash_one(call.key()));
    }
}

impl Verdicts {
    fn add(&mut self, verdict: Verdict) {
        *match verdict {
            Verdict::WouldHaveHelped => &mut self.would_have_helped,
            Verdict::NotNeeded => &mut self.not_needed,
            Verdict::Unclear => &mut self.unclear,
        } += 1;
    }
}

#[cfg(test)]
mod tests;
