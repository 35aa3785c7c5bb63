//! What a rejection demands, for rules with `timing = "on-reject"`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::repair::target::Targets;
use crate::rule::{Rule, Rules};

/// How long a demand is remembered: an API's requirements change with its releases, not by the minute.
const REMEMBERED: Duration = Duration::from_secs(60 * 60);

/// Nested `errors` of an error body that are looked at.
const NESTED: usize = 32;

/// A set of a rule's targets, and whether its `content_type` belongs to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Demand {
    targets: u64,
    pub(crate) content_type: bool,
}

impl Demand {
    pub(crate) fn all() -> Self {
        Self {
            targets: u64::MAX,
            content_type: true,
        }
    }

    pub(crate) fn wants(self, target: usize) -> bool {
        target < Targets::MOST && self.targets >> target & 1 == 1
    }

    pub(crate) fn is_empty(self) -> bool {
        self == Self::default()
    }

    fn add(&mut self, target: usize) {
        if target < Targets::MOST {
            self.targets |= 1 << target;
        }
    }

    pub(crate) fn union(self, other: Self) -> Self {
        let content_type = self.content_type || other.content_type;
        Self {
            targets: self.targets | other.targets,
            content_type,
        }
    }

    /// What a rejection's body names. A member is named by `details[].fieldName`, or in quotes in a
    /// message: without the quotes "conflicts with the current state" would name `state`.
    pub(crate) fn named_in(rejection: &[u8], rule: &Rule) -> Self {
        let mut demand = Self::default();
        let Ok(body) = serde_json::from_slice::<Value>(rejection) else {
            return demand;
        };
        let nested = array(&body, "errors").take(NESTED);
        for error in std::iter::once(&body).chain(nested) {
            demand.read(error, rule);
        }
        demand
    }

    fn read(&mut self, error: &Value, rule: &Rule) {
        let message = text(error, "message").unwrap_or_default();
        let details = array(error, "details").take(NESTED);
        let fields: Vec<&str> = details
            .filter_map(|detail| text(detail, "fieldName"))
            .collect();
        for (target, pointer) in rule.pointers.iter().enumerate() {
            let member = pointer.split('/').nth(1).unwrap_or_default();
            let dotted = pointer.trim_start_matches('/').replace('/', ".");
            let is_quoted = |name: &str| {
                ['\'', '"', '`']
                    .iter()
                    .any(|quote| message.contains(&format!("{quote}{name}{quote}")))
            };
            let is_field = fields
                .iter()
                .any(|field| *field == member || *field == dotted || *field == pointer);
            if is_field || is_quoted(member) || is_quoted(&dotted) {
                self.add(target);
            }
        }
        let message = message.to_ascii_lowercase();
        let names_type = ["content-type", "content type", "media type"]
            .iter()
            .any(|name| message.contains(name));
        self.content_type |= names_type && rule.content_type.is_some();
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
    /// Per rule and target (and at the end its content type) until when, in ms from `start`.
    until: Vec<Vec<AtomicU64>>,
}

impl Demands {
    pub(crate) fn new(rules: &Rules) -> Self {
        let slots = |rule: &Rule| {
            (0..=rule.targets.len())
                .map(|_| AtomicU64::new(0))
                .collect()
        };
        Self {
            start: Instant::now(),
            until: rules.iter().map(slots).collect(),
        }
    }

    pub(crate) fn remember(&self, rule: &Rule, demand: Demand) {
        let until = self.now() + u64::try_from(REMEMBERED.as_millis()).unwrap_or(u64::MAX);
        for (target, slot) in self.slots(rule).iter().enumerate() {
            let is_type = target == rule.targets.len();
            if if is_type {
                demand.content_type
            } else {
                demand.wants(target)
            } {
                slot.store(until, Ordering::Relaxed);
            }
        }
    }

    pub(crate) fn remembered(&self, rule: &Rule) -> Demand {
        let mut demand = Demand::default();
        let now = self.now();
        for (target, slot) in self.slots(rule).iter().enumerate() {
            if slot.load(Ordering::Relaxed) > now {
                if target == rule.targets.len() {
                    demand.content_type = true;
                } else {
                    demand.add(target);
                }
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
