//! The keys of a rule about the request itself, compiled.

use http::HeaderName;

use super::Compiler;
use super::recipe::Reader;
use crate::repair::diagnosis::Diagnosis;
use crate::repair::reshape::Recipe;
use crate::repair::target::Targets;
use crate::rule::address::{Address, Value};
use crate::rule::spec::{DiagnosisSpec, ReshapeSpec, RuleSpec};
use crate::rule::template::Template;
use crate::rule::{Addresses, PARTICIPANT};

/// What a problem is about: a key of the rule.
pub(super) type Problem = (String, String);

impl Compiler {
    pub(super) fn recipe(&mut self, index: usize, spec: &RuleSpec) -> Recipe {
        let mut problems = contradictions(spec);
        let recipe = Reader::new(&mut problems).recipe(&spec.reshape);
        // Besides the fills: a bit for the header fields, and one for the other path.
        let waiting = recipe.case.len() + spec.fill.len() + 2;
        if waiting > Targets::MOST {
            let problem = format!("more than {} things to wait for", Targets::MOST);
            problems.push(("on_reject".to_owned(), problem));
        }
        for (key, problem) in problems {
            self.fault("rule", index, key, problem);
        }
        recipe
    }

    pub(super) fn headers(&mut self, index: usize, spec: &RuleSpec) -> Vec<HeaderName> {
        let mut headers = Vec::new();
        for name in &spec.reshape.drop_headers {
            match name.parse() {
                Ok(name) => headers.push(name),
                Err(_) => self.fault(
                    "rule",
                    index,
                    "drop_headers",
                    format!("{name:?} is no header name"),
                ),
            }
        }
        headers
    }

    /// Where requests to one of the rule's paths go.
    pub(super) fn addresses(
        &mut self,
        index: usize,
        spec: &RuleSpec,
        path: &Template,
    ) -> Addresses {
        let ReshapeSpec {
            pick,
            reroute,
            on_reject,
            path: to,
            ..
        } = &spec.reshape;
        let mut address = |key: &str, text: &str| match address(text, path, !pick.is_empty()) {
            Ok(address) => Some(address),
            Err(problem) => {
                self.fault("rule", index, key, problem);
                None
            }
        };
        Addresses {
            to: to.as_ref().and_then(|text| address("path", text)),
            reroute: reroute
                .iter()
                .filter_map(|(name, text)| address(&format!("reroute.{name}"), text))
                .collect(),
            after_404: on_reject
                .path
                .as_ref()
                .and_then(|text| address("on_reject.path", text)),
        }
    }
}

fn address(text: &str, path: &Template, picks: bool) -> Result<Address, String> {
    let template = Template::parse(text).map_err(|error| format!("{text:?}: {error}"))?;
    let value = |name: &str| match path.params().position(|known| known == name) {
        Some(position) => Ok(Value::Param(position)),
        None if picks && name == PARTICIPANT => Ok(Value::Picked),
        None => Err(format!(
            "{text:?} has {{{name}}}, which a path of the rule does not have"
        )),
    };
    let values = template.params().map(value).collect::<Result<_, _>>()?;
    Ok(Address { template, values })
}

/// Keys that don't go together.
fn contradictions(spec: &RuleSpec) -> Vec<Problem> {
    let ReshapeSpec {
        path,
        pick,
        body,
        reroute,
        drop_current,
        on_reject,
        diagnosis,
        method,
        ..
    } = &spec.reshape;
    let waits = !(on_reject.case.is_empty() && on_reject.drop_null.is_empty());
    let mut problems = Vec::new();
    let mut problem = |key: &str, text: &str| problems.push((key.to_owned(), text.to_owned()));
    if path.is_some() {
        let here = [
            ("fill", !spec.fill.is_empty()),
            ("reroute", !reroute.is_empty()),
            ("drop_current", !drop_current.is_empty()),
            ("on_reject", waits || on_reject.path.is_some()),
        ];
        for (key, _) in here.iter().filter(|(_, is_here)| *is_here) {
            problem(
                key,
                "has no place beside `path`: it belongs in the rule of the path that is led to",
            );
        }
    }
    if !reroute.is_empty() && !spec.fill.is_empty() {
        problem(
            "fill",
            "has no place beside `reroute`: fill in a rule of the path that members are sent to",
        );
    }
    if !drop_current.is_empty() && reroute.is_empty() {
        problem(
            "drop_current",
            "is for what stands beside members that go elsewhere: name them in `reroute`",
        );
    }
    let names = |path: &str| path.contains(&format!("{{{PARTICIPANT}}}"));
    if !pick.is_empty() && !path.as_deref().is_some_and(names) {
        problem("pick", "needs a `path` that has {participantId}");
    }
    if !pick.is_empty() && spec.paths.iter().any(|path| names(path)) {
        problem(
            "pick",
            "is for paths that name no participant: this rule has one with {participantId}",
        );
    }
    if path.as_ref().is_some_and(|path| spec.paths.contains(path)) {
        problem(
            "path",
            "is one of the rule's own `paths`: it leads to itself",
        );
    }
    if body.is_some() && path.is_none() && method.is_none() {
        problem("body", "needs the `path` or `method` to send it with");
    }
    if body.is_some() && diagnosis.is_none() {
        problem(
            "body",
            "needs a [rule.diagnosis] for requests that have a body of their own",
        );
    }
    problems
}

/// What is written of a diagnosis, over what is usually said of its reason.
pub(super) fn diagnosis(spec: &DiagnosisSpec) -> Diagnosis {
    let usual = Diagnosis::of(spec.reason, "");
    Diagnosis {
        flaw: spec.reason,
        hint: spec.hint.clone().unwrap_or(usual.hint),
        advice: spec.advice.clone().unwrap_or(usual.advice),
    }
}
