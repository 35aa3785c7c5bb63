//! The report, as `GET /report` gives it.

use std::borrow::Cow;
use std::time::SystemTime;

use serde_json::{Value, json};

use super::call::Call;
use super::verdict::advice;
use super::{Book, Ledger, Needs, RuleVerdict};
use crate::harmless::harmless;
use crate::layer::options::{Mode, Options};
use crate::layer::record::Reason;
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
        let mut calls: Vec<_> = self.calls.iter().collect();
        let order = |call: &&Call| {
            (
                !call.named,
                call.caller.clone(),
                u64::MAX - call.count,
                call.turn(),
            )
        };
        calls.sort_by_cached_key(order);
        let callers = calls.chunk_by(|a, b| (a.named, &a.caller) == (b.named, &b.caller));
        let mut callers: Vec<_> = callers.collect();
        callers.sort_by_key(|calls| u64::MAX - calls.iter().map(|call| call.count).sum::<u64>());
        let caller = |calls: &[&Call]| {
            let first = calls.first()?;
            let name = first.caller.as_deref().map(harmless);
            Some(json!({
                "caller": name.unwrap_or(Cow::Borrowed(UNKNOWN)),
                "named": first.named,
                "calls": calls.iter().map(|call| call.to_json(rules)).collect::<Vec<_>>(),
            }))
        };
        callers.into_iter().filter_map(caller).collect()
    }
}

impl Call {
    fn to_json(&self, rules: &Rules) -> Value {
        let broken = Broken {
            method: &self.method,
            template: &self.template,
            repairs: &self.repairs,
            filled: &self.filled,
            reason: self.reason,
            hint: self.hint.as_deref(),
        };
        json!({
            "method": self.method.as_str(),
            "template": self.template,
            "rule": self.rule,
            "outcome": self.outcome.as_str(),
            "repairs": self.repairs.iter().map(|repair| repair.as_str()).collect::<Vec<_>>(),
            "filled": self.filled,
            "reason": self.reason.map(Reason::as_str),
            "hint": self.hint.as_deref().map(harmless),
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
