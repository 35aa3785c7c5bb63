//! The report, as `GET /report` gives it.

use std::borrow::Cow;
use std::time::SystemTime;

use http::Method;
use serde_json::{Value, json};

use super::call::{Call, Caller, Key};
use super::verdict::advice;
use super::{Book, Ledger, Needs, RuleVerdict};
use crate::harmless::harmless;
use crate::layer::options::{Mode, Options};
use crate::layer::record::{Reason, Repair};
use crate::rfc3339;
use crate::rule::pack::mode_word;
use crate::rule::{Broken, Rule, Rules};

/// What stands for a caller with neither a name nor a readable `User-Agent`.
const UNKNOWN: &str = "unknown";

impl Ledger {
    /// All that was noted, with what the rules in force make of it. `options` says how far they go.
    pub fn report(&self, rules: &Rules, options: &Options, now: SystemTime) -> Value {
        // Requests are noted while the text is made.
        let book = self.copy();
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "since": rfc3339::seconds(book.since),
            "time": rfc3339::seconds(now),
            "rules": rules.iter().map(|rule| book.rule(rule, options)).collect::<Vec<_>>(),
            "callers": book.callers(rules),
            "forgotten": book.forgotten,
        })
    }
}

impl Book {
    fn rule(&self, rule: &Rule, options: &Options) -> Value {
        let Needs {
            complete,
            repaired,
            observed,
            verdicts,
            last,
        } = self.rules.get(rule.name()).copied().unwrap_or_default();
        let (mode, share) = options.reach_of(rule);
        let is_observing = match mode {
            Mode::Off => false,
            Mode::Observe => true,
            Mode::Enforce => share.get() < 1.0,
        };
        let verdict = RuleVerdict::of(verdicts).filter(|_| is_observing);
        json!({
            "rule": rule.name(),
            "mode": mode_word(mode),
            "enforce_share": share.get(),
            "verdict": verdict.map(RuleVerdict::as_str),
            "advice": verdict.map(|verdict| advice(verdict, verdicts, mode, share)),
            "complete": complete,
            "repaired": repaired,
            "observed": observed,
            "would_have_helped": verdicts.would_have_helped,
            "not_needed": verdicts.not_needed,
            "unclear": verdicts.unclear,
            "last_needed": last.map(rfc3339::seconds),
        })
    }

    /// Callers with their calls, both the most frequent first.
    fn callers(&self, rules: &Rules) -> Vec<Value> {
        let calls = self.calls.iter().map(|call| (call.key(), call));
        let mut calls: Vec<_> = calls.collect();
        calls.sort_by_key(|(key, call)| (key.caller, u64::MAX - call.count, call.turn()));
        let callers = calls.chunk_by(|(a, _), (b, _)| a.caller == b.caller);
        let mut callers: Vec<_> = callers.collect();
        let count =
            |calls: &[(Key<'_>, &Call)]| calls.iter().map(|(_, call)| call.count).sum::<u64>();
        callers.sort_by_key(|calls| u64::MAX - count(calls));
        let caller = |calls: &[(Key<'_>, &Call)]| {
            let (name, named) = match calls.first()?.0.caller {
                Caller::Named(name) => (harmless(name), true),
                Caller::Agent(agent) => (harmless(agent), false),
                Caller::Unknown => (Cow::Borrowed(UNKNOWN), false),
            };
            let calls = calls.iter().map(|(key, call)| call.to_json(key, rules));
            Some(json!({ "caller": name, "named": named, "calls": calls.collect::<Vec<_>>() }))
        };
        callers.into_iter().filter_map(caller).collect()
    }
}

impl Call {
    fn to_json(&self, key: &Key<'_>, rules: &Rules) -> Value {
        let repairs: Vec<_> = key.repairs.clone().filter_map(repair).collect();
        let filled: Vec<_> = key.filled.clone().collect();
        let broken = Broken {
            method: &Method::from_bytes(key.method.as_bytes()).unwrap_or_default(),
            template: key.template,
            repairs: &repairs,
            filled: &filled,
            reason: key.reason,
            hint: key.hint,
        };
        json!({
            "method": key.method,
            "template": key.template,
            "rule": key.rule,
            "outcome": key.outcome.as_str(),
            "repairs": key.repairs.clone().collect::<Vec<_>>(),
            "filled": filled,
            "reason": key.reason.map(Reason::as_str),
            "hint": key.hint.map(harmless),
            "count": self.count,
            "accepted": self.accepted,
            "refused": self.refused,
            "would_have_helped": self.verdicts.would_have_helped,
            "not_needed": self.verdicts.not_needed,
            "unclear": self.verdicts.unclear,
            "first": rfc3339::seconds(self.first),
            "last": rfc3339::seconds(self.last),
            "instead": rules.instead(&broken),
        })
    }
}

fn repair(word: &str) -> Option<Repair> {
    let mut all = Repair::ALL.iter().copied();
    all.find(|repair| repair.as_str() == word)
}
