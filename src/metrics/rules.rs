use std::array;

use metrics::{Counter, Label};

use super::Metrics;
use super::answers::status;
use super::chain::Chain;
use super::names::{FILLED_MEMBERS, OBSERVED, REPAIRS, REQUESTS};
use crate::layer::record::{Outcome, Reason, Record, Repair, Verdict};

/// Heads of chains: more than a configuration has rules.
const HEADS: usize = 64;

/// What is counted by rule. Everything is found once and kept, as it is counted with every request; what
/// never happened does not appear.
pub(super) struct ByRule([Chain<OfRule>; HEADS]);

struct OfRule {
    rule: String,
    requests: Chain<(Ended, Counter)>,
    repairs: Chain<(Repair, Counter)>,
    members: Chain<(String, Counter)>,
    verdicts: Chain<(Verdict, Counter)>,
}

/// How a request ended: outcome, reason and status.
type Ended = (Outcome, Option<Reason>, &'static str);

impl ByRule {
    pub(super) fn new() -> Self {
        Self(array::from_fn(|_| Chain::default()))
    }

    pub(super) fn count(&self, metrics: &Metrics, record: &Record<'_>) {
        let Some(chain) = self.0.get(place(record.rule)) else {
            return;
        };
        let rule = chain.find_or(|of| of.rule == record.rule, || OfRule::new(record.rule));
        let ended = (record.outcome, record.reason, status(record.status));
        rule.ended(metrics, ended).increment(1);
        // Of any other outcome they were not made.
        if record.outcome == Outcome::Repaired {
            for repair in record.repairs {
                rule.repair(metrics, *repair).increment(1);
            }
            for member in record.filled {
                rule.member(metrics, member).increment(1);
            }
        }
        if let Some(verdict) = record.verdict {
            rule.verdict(metrics, verdict).increment(1);
        }
    }
}

impl OfRule {
    fn new(rule: &str) -> Self {
        Self {
            rule: rule.to_owned(),
            requests: Chain::default(),
            repairs: Chain::default(),
            members: Chain::default(),
            verdicts: Chain::default(),
        }
    }

    fn ended(&self, metrics: &Metrics, ended: Ended) -> &Counter {
        let (outcome, reason, status) = ended;
        let new = || {
            let labels = vec![
                self.label(),
                Label::new("outcome", outcome.as_str()),
                Label::new("reason", reason.map_or("", Reason::as_str)),
                Label::new("status", status),
            ];
            (ended, metrics.counter(REQUESTS, labels))
        };
        &self.requests.find_or(|(known, _)| *known == ended, new).1
    }

    fn repair(&self, metrics: &Metrics, repair: Repair) -> &Counter {
        let new = || {
            let labels = vec![self.label(), Label::new("repair", repair.as_str())];
            (repair, metrics.counter(REPAIRS, labels))
        };
        &self.repairs.find_or(|(known, _)| *known == repair, new).1
    }

    /// `member` is a JSON pointer of the rule's and none of the caller's.
    fn member(&self, metrics: &Metrics, member: &str) -> &Counter {
        let new = || {
            let labels = vec![self.label(), Label::new("member", member.to_owned())];
            (member.to_owned(), metrics.counter(FILLED_MEMBERS, labels))
        };
        &self.members.find_or(|(known, _)| known == member, new).1
    }

    /// All words at once: whoever compares the one with the other needs their zeroes.
    fn verdict(&self, metrics: &Metrics, verdict: Verdict) -> &Counter {
        let find = |verdict: Verdict| {
            let new = || {
                let labels = vec![self.label(), Label::new("verdict", verdict.as_str())];
                (verdict, metrics.counter(OBSERVED, labels))
            };
            &self.verdicts.find_or(|(known, _)| *known == verdict, new).1
        };
        for verdict in Verdict::ALL {
            find(*verdict);
        }
        find(verdict)
    }

    fn label(&self) -> Label {
        Label::new("rule", self.rule.clone())
    }
}

/// The place of a rule's name among the heads (FNV-1a: names are the configuration's, nobody picks them to
/// collide).
fn place(rule: &str) -> usize {
    let hash = rule.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    // Its high bits are the better mixed ones.
    (hash >> 16) as usize % HEADS
}
