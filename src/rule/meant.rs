//! From a request to the one that its caller meant: the rules are followed from path to path until one
//! keeps the request.

use std::borrow::Cow;

use http::Method;

use super::{Match, Rule, Rules};
use crate::repair::Repair;
use crate::repair::diagnosis::Diagnosis;
use crate::repair::reshape::{Current, Part, Reshaped, Step};

/// Paths that may lead to each other in a row. The packs need two; the bound ends rules that lead in a
/// circle.
pub(super) const MOST_STEPS: usize = 4;

/// The request that was meant.
#[derive(Clone, Debug)]
pub struct Meant<'r, 't> {
    /// The rule that kept it.
    pub rule: &'r Rule,
    /// The method that it is sent with.
    pub method: Method,
    /// The path that the rule keeps it at, where that is not the one it came to.
    pub path: Option<String>,
    /// What is sent, in order.
    pub sends: Vec<Send<'r, 't>>,
    /// What was done.
    pub repairs: Vec<Repair>,
    /// JSON pointers of members that were left out.
    pub dropped: Vec<String>,
    /// What must be so for that.
    pub current: Vec<Current>,
    /// What a rejection would be about.
    pub doubt: Option<Diagnosis>,
    /// Whether it was not repaired because a step would have had to guess.
    pub(crate) is_stuck: bool,
}

/// One request to send.
#[derive(Clone, Debug)]
pub struct Send<'r, 't> {
    /// What it is called in reports: the member that it holds, or `rest`.
    pub name: &'r str,
    /// Where it goes, where that is not the path that the request came to.
    pub path: Option<String>,
    /// Its body.
    pub body: Cow<'t, [u8]>,
}

/// A step that may wait for a rejection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waiting<'a> {
    /// A step of the rule's recipe.
    Step(Step<'a>),
    /// The path to try after a 404.
    Path,
}

impl Rules {
    /// What the caller of a request meant. `waits` says which steps of a rule wait for a rejection that has
    /// not come. `Err`: the request goes as it came.
    pub(crate) fn meant<'r, 't>(
        &'r self,
        found: &Match<'r, '_>,
        method: &Method,
        body: &'t [u8],
        waits: impl Fn(&Rule, Waiting<'_>) -> bool,
    ) -> Result<Meant<'r, 't>, Diagnosis> {
        let mut meant = Meant {
            rule: found.rule,
            method: method.clone(),
            path: None,
            sends: Vec::new(),
            repairs: Vec::new(),
            dropped: Vec::new(),
            current: Vec::new(),
            doubt: None,
            is_stuck: false,
        };
        let mut body = Cow::Borrowed(body);
        for _ in 0..MOST_STEPS {
            let here = meant.path.clone();
            let found = match &here {
                None => found.clone(),
                Some(path) => match self.find(&meant.method, path) {
                    Some(found) => found,
                    None => break,
                },
            };
            let rule = found.rule;
            meant.rule = rule;
            let wait = |step: Step<'_>| waits(rule, Waiting::Step(step));
            let reshaped = match body {
                Cow::Borrowed(body) => rule.recipe.apply(body, found.participant(), wait)?,
                Cow::Owned(body) => rule
                    .recipe
                    .apply(&body, found.participant(), wait)?
                    .into_owned(),
            };
            let Reshaped {
                parts,
                participant,
                repairs,
                dropped,
                current,
                doubt,
            } = reshaped;
            meant.did(&repairs);
            meant.dropped.extend(dropped);
            meant.current.extend(current);
            meant.doubt = doubt.or(meant.doubt);
            let to = found.route.addresses.to.as_ref();
            let led_to = to.and_then(|to| to.path(&found, participant.as_deref()));
            // Where nobody was picked the request stays where it was, and what it was.
            let has_its_method = to.is_some() && led_to.is_none();
            if let Some(method) = &rule.method
                && *method != meant.method
                && !has_its_method
            {
                meant.method = method.clone();
                meant.did(&[Repair::Method]);
            }
            let Some(to) = led_to else {
                let path = meant.path.clone();
                meant.keep(&found, parts, path.as_deref(), &waits);
                return Ok(meant);
            };
            meant.path = Some(to);
            meant.did(&[Repair::Path]);
            body = parts
                .into_iter()
                .next()
                .map(|part| part.body)
                .unwrap_or_default();
        }
        let path = meant.path.clone();
        meant.sends.push(Send {
            name: REST,
            path,
            body,
        });
        Ok(meant)
    }
}

/// What remains of a body beside members that are sent elsewhere.
const REST: &str = "rest";

impl<'r, 't> Meant<'r, 't> {
    /// The request as it came, and what is wrong with it.
    pub(crate) fn as_it_came(
        found: &Match<'r, '_>,
        method: &Method,
        body: &'t [u8],
        diagnosis: Diagnosis,
    ) -> Self {
        let body = Cow::Borrowed(body);
        Self {
            rule: found.rule,
            method: method.clone(),
            path: None,
            sends: vec![Send {
                name: REST,
                path: None,
                body,
            }],
            repairs: Vec::new(),
            dropped: Vec::new(),
            current: Vec::new(),
            doubt: Some(diagnosis),
            is_stuck: true,
        }
    }

    fn did(&mut self, repairs: &[Repair]) {
        for repair in repairs {
            if !self.repairs.contains(repair) {
                self.repairs.push(*repair);
            }
        }
    }

    /// The rule at the end of the way keeps the request.
    fn keep(
        &mut self,
        found: &Match<'r, '_>,
        parts: Vec<Part<'t>>,
        path: Option<&str>,
        waits: &impl Fn(&Rule, Waiting<'_>) -> bool,
    ) {
        let addresses = &found.route.addresses;
        let mut own = path.map(str::to_owned);
        if let Some(address) = &addresses.after_404
            && !waits(found.rule, Waiting::Path)
        {
            own = address.path(found, None).or(own);
            self.did(&[Repair::Path]);
        }
        for Part { reroute, body } in parts {
            let elsewhere = reroute.and_then(|at| {
                let name = found.rule.recipe.reroute.get(at)?;
                Some((name.as_str(), addresses.reroute.get(at)?.path(found, None)))
            });
            let (name, path) = elsewhere.unwrap_or((REST, own.clone()));
            self.sends.push(Send { name, path, body });
        }
    }
}

#[cfg(test)]
mod tests;
