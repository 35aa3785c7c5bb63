//! What a rejection demands: gaps of rules with `timing = "on-reject"`, and the steps of a rule that wait.

mod blame;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::StatusCode;
use serde_json::Value;
use tokio::time::Instant;

pub(crate) use self::blame::Undone;
use crate::repair::reshape::{Named, Step};
use crate::repair::target::Targets;
use crate::rule::spec::Timing;
use crate::rule::{Rule, Rules, Waiting};

/// How long a demand is remembered: an API's requirements change with its releases, not by the minute.
const REMEMBERED: Duration = Duration::from_secs(60 * 60);

/// Nested `errors` of an error body that are looked at.
const NESTED: usize = 32;

/// A set of what a rule can do for a request: its targets, then its cases, then its header fields, then its
/// other path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Demand(u64);

/// A definite rejection, and the body that it was about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refused<'a> {
    pub(crate) status: StatusCode,
    /// The error body.
    pub(crate) text: &'a [u8],
    /// Whether another body may fare better after this status.
    pub(crate) of_the_body: bool,
    /// The body that was refused.
    pub(crate) body: &'a [u8],
}

/// What a rejection asks for of one rule, besides what is done at once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) demand: Demand,
    /// JSON pointers of nulls that are to go. They are not remembered: another request's null may be
    /// welcome.
    nulls: Vec<String>,
}

impl Asked {
    /// By a rejection. A member is named by `details[].fieldName`, or in quotes in a message: without the
    /// quotes "conflicts with the current state" would name `state`. A caller's value may also stand in
    /// brackets, as the API writes `Value [X] is not valid`.
    pub(crate) fn by(refused: Refused<'_>, rule: &Rule) -> Self {
        let mut asked = Self::default();
        match refused.status {
            // It speaks of this path, and of the precondition: no body would fare better.
            StatusCode::NOT_FOUND => asked.demand.add(bit(rule, Waiting::Path)),
            StatusCode::PRECONDITION_FAILED => asked.demand.add(headers_bit(rule)),
            _ => {}
        }
        let error = serde_json::from_slice::<Value>(refused.text);
        if let Some(error) = error.ok().filter(|_| refused.of_the_body) {
            asked.read(&Errors::of(&error), refused.body, rule);
        }
        asked
    }

    fn read(&mut self, errors: &Errors<'_>, body: &[u8], rule: &Rule) {
        for (target, pointer) in rule.pointers.iter().enumerate() {
            let outermost = pointer.split('/').nth(1).unwrap_or_default();
            let parent = Named::member(&format!("/{outermost}"));
            if errors.name(&Named::member(pointer)) || errors.name(&parent) {
                self.demand.add(target);
            }
        }
        for index in 0..rule.recipe.case.len() {
            let named = rule.recipe.case_named(index, body);
            if named.is_some_and(|named| errors.name(&named)) {
                self.demand.add(bit(rule, Waiting::Step(Step::Case(index))));
            }
        }
        let nulls = rule.recipe.nulls(body).into_iter();
        let named = nulls.filter(|null| errors.name(null));
        self.nulls = named.map(|null| null.pointer).collect();
    }

    /// The same, and this.
    pub(crate) fn besides(mut self, demand: Demand) -> Self {
        self.demand = self.demand.union(demand);
        self
    }

    /// Whether a step of the rule still waits.
    pub(crate) fn waits_for(&self, rule: &Rule, waiting: Waiting<'_>) -> bool {
        match waiting {
            Waiting::Step(Step::Null(pointer)) => !self.nulls.iter().any(|null| null == pointer),
            other => self.demand.waits_for(rule, other),
        }
    }
}

impl Demand {
    /// Most things that a rule can wait for.
    pub(crate) const MOST: usize = Targets::MOST;

    pub(crate) fn wants(self, bit: usize) -> bool {
        bit < Self::MOST && self.0 >> bit & 1 == 1
    }

    pub(crate) fn waits_for(self, rule: &Rule, waiting: Waiting<'_>) -> bool {
        !self.wants(bit(rule, waiting))
    }

    /// Whether the rule's header fields are to go.
    pub(crate) fn wants_no_headers(self, rule: &Rule) -> bool {
        self.wants(headers_bit(rule))
    }

    fn add(&mut self, bit: usize) {
        if bit < Self::MOST {
            self.0 |= 1 << bit;
        }
    }

    pub(crate) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// All gaps, where the rule fills them before the first send.
    fn eager(rule: &Rule) -> Self {
        let mut demand = Self::default();
        if rule.timing == Timing::Eager {
            (0..rule.targets.len()).for_each(|target| demand.add(target));
        }
        demand
    }
}

fn bit(rule: &Rule, waiting: Waiting<'_>) -> usize {
    match waiting {
        Waiting::Step(Step::Case(index)) => rule.targets.len() + index,
        Waiting::Path => headers_bit(rule) + 1,
        // Never among what is demanded: see `Asked`.
        Waiting::Step(Step::Null(_)) => Demand::MOST,
    }
}

fn headers_bit(rule: &Rule) -> usize {
    rule.targets.len() + rule.recipe.case.len()
}

/// An error body, and those that it holds.
struct Errors<'v>(Vec<Error<'v>>);

impl<'v> Errors<'v> {
    fn of(error: &'v Value) -> Self {
        let nested = array(error, "errors").take(NESTED);
        Self(
            std::iter::once(error)
                .chain(nested)
                .map(Error::read)
                .collect(),
        )
    }

    fn name(&self, named: &Named) -> bool {
        self.0.iter().any(|error| error.names(named))
    }
}

/// What an error body says.
struct Error<'v> {
    message: &'v str,
    fields: Vec<&'v str>,
}

impl<'v> Error<'v> {
    fn read(error: &'v Value) -> Self {
        let details = array(error, "details").take(NESTED);
        Self {
            message: text(error, "message").unwrap_or_default(),
            fields: details
                .filter_map(|detail| text(detail, "fieldName"))
                .collect(),
        }
    }

    fn names(&self, named: &Named) -> bool {
        let dotted = named.pointer.trim_start_matches('/').replace('/', ".");
        let is_field = |field: &&str| **field == dotted || **field == named.pointer;
        let quotes = [('\'', '\''), ('"', '"'), ('`', '`')];
        let says = |text: &str, (open, close): (char, char)| {
            !text.is_empty() && self.message.contains(&format!("{open}{text}{close}"))
        };
        let value = named.value.as_deref().unwrap_or_default();
        self.fields.iter().any(is_field)
            || quotes
                .into_iter()
                .any(|quote| says(&dotted, quote) || says(value, quote))
            || says(value, ('[', ']'))
    }
}

fn array<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name)?.as_str()
}

/// The demands that were met lately, by rule.
#[derive(Debug)]
pub(crate) struct Demands {
    start: Instant,
    /// Per rule and bit until when, in ms from `start`. Not for its other path: a 404 speaks of one
    /// conversation, and the next may well be there.
    until: Vec<Vec<AtomicU64>>,
}

impl Demands {
    pub(crate) fn new(rules: &Rules) -> Self {
        let slots = |rule: &Rule| (0..=headers_bit(rule)).map(|_| AtomicU64::new(0)).collect();
        Self {
            start: Instant::now(),
            until: rules.iter().map(slots).collect(),
        }
    }

    /// What is to be done before a request is sent for the first time.
    pub(crate) fn at_once(&self, rule: &Rule) -> Demand {
        Demand::eager(rule).union(self.remembered(rule))
    }

    pub(crate) fn remember(&self, rule: &Rule, demand: Demand) {
        let until = self.now() + u64::try_from(REMEMBERED.as_millis()).unwrap_or(u64::MAX);
        for (bit, slot) in self.slots(rule).iter().enumerate() {
            if demand.wants(bit) {
                slot.store(until, Ordering::Relaxed);
            }
        }
    }

    fn remembered(&self, rule: &Rule) -> Demand {
        let now = self.now();
        let mut demand = Demand::default();
        for (bit, slot) in self.slots(rule).iter().enumerate() {
            if slot.load(Ordering::Relaxed) > now {
                demand.add(bit);
            }
        }
        demand
    }

    fn slots(&self, rule: &Rule) -> &[AtomicU64] {
        self.until.get(rule.index).map_or(&[], Vec::as_slice)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
