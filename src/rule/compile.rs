//! From specs to rules: everything that can be wrong with them is found here, all at once.

use std::sync::Arc;

use http::{HeaderValue, Method};

use super::pack::{Pack, Specs};
use super::spec::{RejectionSpec, RuleSpec, SourceSpec, SpecFault};
use super::template::Template;
use super::tree::{Reach, Tree};
use super::{PARTICIPANT, Rejection, Resource, Route, Rule, Rules, Source, SourceUse};
use crate::repair::target::Targets;

mod recipe;
mod reshape;

impl Rules {
    /// The rules for an upstream that wants `state` and `routing` beside the attributes.
    pub fn strict() -> Self {
        Self::built_in(Pack::Strict)
    }

    /// The rules for the published API.
    pub fn official() -> Self {
        Self::built_in(Pack::Official)
    }

    #[expect(
        clippy::expect_used,
        reason = "the packs are part of the program, and a test compiles them"
    )]
    fn built_in(pack: Pack) -> Self {
        let specs = Specs::built_in(pack).expect("the pack reads");
        Self::compile(specs.sources(), specs.rules(), specs.diagnoses()).expect("the pack compiles")
    }

    /// Compiles rules, their sources and what rejections mean. `Err` holds every fault.
    pub fn compile(
        sources: &[SourceSpec],
        rules: &[RuleSpec],
        diagnoses: &[RejectionSpec],
    ) -> Result<Self, Vec<SpecFault>> {
        let mut compiler = Compiler::default();
        for (index, spec) in sources.iter().enumerate() {
            compiler.source(index, spec);
        }
        for (index, spec) in rules.iter().enumerate() {
            compiler.rule(index, spec);
        }
        for (index, spec) in diagnoses.iter().enumerate() {
            compiler.rejection(index, spec);
        }
        compiler.finish()
    }
}

#[derive(Default)]
struct Compiler {
    faults: Vec<SpecFault>,
    rules: Vec<Rule>,
    /// `None` stands for a source that has a fault of its own: rules that name it have none for that.
    sources: Vec<(String, Option<Source>)>,
    routes: Tree<Vec<Arc<Route>>>,
    methods: Vec<Method>,
    resources: Tree<Resource>,
    rejections: Vec<Rejection>,
}

impl Compiler {
    fn fault(
        &mut self,
        table: &'static str,
        index: usize,
        key: impl Into<String>,
        problem: impl Into<String>,
    ) {
        self.faults.push(SpecFault {
            table,
            index,
            key: key.into(),
            problem: problem.into(),
        });
    }

    fn source(&mut self, index: usize, spec: &SourceSpec) {
        let faults = &mut self.faults;
        let source = Source::compile(spec, |key, problem| {
            faults.push(SpecFault {
                table: "source",
                index,
                key: key.to_owned(),
                problem,
            });
        });
        if let Some(source) = &source {
            for reach in [Reach::Exact, Reach::Below] {
                self.resources.entry(&source.get, reach, || Resource {
                    source: index,
                    below: reach == Reach::Below,
                });
            }
        }
        self.sources.push((spec.name.clone(), source));
    }

    fn rule(&mut self, index: usize, spec: &RuleSpec) {
        let targets = Targets::new(spec.fill.iter().map(|(pointer, _)| pointer.as_str()))
            .unwrap_or_else(|error| {
                self.fault("rule", index, "fill", error.to_string());
                Targets::default()
            });
        let content_type = spec.content_type.as_ref().and_then(|value| {
            let parsed = HeaderValue::from_str(value).ok();
            if parsed.is_none() {
                self.fault(
                    "rule",
                    index,
                    "content_type",
                    format!("{value:?} can't be sent as a header"),
                );
            }
            parsed
        });
        let recipe = self.recipe(index, spec);
        let drop_headers = self.headers(index, spec);
        self.check_rule(index, spec);
        for path in &spec.paths {
            self.path(index, spec, path);
        }
        for path in &spec.except {
            match Template::parse(path) {
                // A place of its own in the tree, where no rule is, hides the parameters beside it.
                Ok(template) => drop(self.routes.entry(&template, Reach::Exact, Vec::new)),
                Err(error) => self.fault("rule", index, "except", format!("{path:?}: {error}")),
            }
        }
        self.rules.push(Rule {
            index,
            name: spec.name.clone(),
            content_type,
            timing: spec.timing,
            mode: spec.mode,
            enforce_share: spec.enforce_share,
            resend_on: spec.resend_on.clone(),
            on_lookup_failure: spec.on_lookup_failure,
            targets,
            pointers: spec
                .fill
                .iter()
                .map(|(pointer, _)| pointer.clone())
                .collect(),
            recipe,
            method: spec.reshape.method.clone(),
            drop_headers,
            mistyped: spec.reshape.mistyped.clone(),
        });
    }

    fn rejection(&mut self, index: usize, spec: &RejectionSpec) {
        if spec.codes.is_empty() && spec.messages.is_empty() {
            let problem =
                "names no code to know the answer by, such as [\"not.a.user\"], and no message";
            self.fault("diagnosis", index, "codes", problem);
        }
        self.rejections.push(Rejection {
            codes: spec.codes.clone(),
            messages: spec
                .messages
                .iter()
                .map(|text| text.to_lowercase())
                .collect(),
            diagnosis: reshape::diagnosis(&spec.diagnosis),
        });
    }

    fn check_rule(&mut self, index: usize, spec: &RuleSpec) {
        if spec.methods.is_empty() {
            self.fault(
                "rule",
                index,
                "methods",
                "names no method, such as [\"PATCH\"]",
            );
        }
        if spec.paths.is_empty() {
            self.fault("rule", index, "paths", "names no path template");
        }
        if spec.reads().next().is_none() {
            return;
        }
        if spec.sources.is_empty() {
            self.fault("rule", index, "sources", "names no source to read from");
        }
        for name in &spec.sources {
            if !self.sources.iter().any(|(known, _)| known == name) {
                self.fault(
                    "rule",
                    index,
                    "sources",
                    format!("there is no source {name:?}"),
                );
            }
        }
        for (key, pointer, field) in spec.reads() {
            let mut named = self
                .sources
                .iter()
                .filter(|(known, _)| spec.sources.contains(known));
            let has_field = |source: &Option<Source>| {
                source
                    .as_ref()
                    .is_none_or(|source| source.field(field).is_some())
            };
            let is_known = named.any(|(_, source)| has_field(source));
            if !is_known && !spec.sources.is_empty() {
                self.fault(
                    "rule",
                    index,
                    format!("{key}.{pointer}"),
                    format!("none of its sources has a field {field:?}"),
                );
            }
        }
    }

    fn path(&mut self, index: usize, spec: &RuleSpec, path: &str) {
        let template = match Template::parse(path) {
            Ok(template) => template,
            Err(error) => return self.fault("rule", index, "paths", format!("{path:?}: {error}")),
        };
        let participant = template.params().position(|name| name == PARTICIPANT);
        if participant.is_none() && spec.reads().next().is_some() {
            let problem = format!(
                "{path:?} has no {{{PARTICIPANT}}}, so it names nobody whose state could be filled in"
            );
            return self.fault("rule", index, "paths", problem);
        }
        let mut sources = Vec::new();
        let mut problems = Vec::new();
        for name in &spec.sources {
            let Some(at) = self.sources.iter().position(|(known, _)| known == name) else {
                continue;
            };
            let Some((_, Some(source))) = self.sources.get(at) else {
                continue;
            };
            match source_use(at, source, &template, spec) {
                Ok(used) => sources.push(used),
                Err(param) => problems.push(format!(
                    "{path:?} has no {{{param}}}, which source {name:?} needs"
                )),
            }
        }
        for problem in problems {
            self.fault("rule", index, "paths", problem);
        }
        let route = Route {
            rule: index,
            template: path.to_owned(),
            methods: spec.methods.clone(),
            params: template.params().map(str::to_owned).collect(),
            participant,
            sources,
            addresses: self.addresses(index, spec, &template),
        };
        let routes = self.routes.entry(&template, Reach::Exact, Vec::new);
        let taken = routes.iter().find(|other| {
            other
                .methods
                .iter()
                .any(|method| route.methods.contains(method))
        });
        if let Some(other) = taken.map(|other| other.rule) {
            let other = self
                .rules
                .get(other)
                .map_or(spec.name.as_str(), |rule| rule.name.as_str());
            let problem = format!("{path:?} is matched by rule {other:?} already");
            return self.fault("rule", index, "paths", problem);
        }
        for method in &route.methods {
            if !self.methods.contains(method) {
                self.methods.push(method.clone());
            }
        }
        routes.push(Arc::new(route));
    }

    fn finish(self) -> Result<Rules, Vec<SpecFault>> {
        if !self.faults.is_empty() {
            return Err(self.faults);
        }
        let sources = self.sources.into_iter();
        Ok(Rules {
            list: self.rules,
            sources: sources
                .filter_map(|(_, source)| source.map(Arc::new))
                .collect(),
            routes: self.routes,
            methods: self.methods,
            resources: self.resources,
            rejections: self.rejections,
        })
    }
}

/// How a path uses a source; `Err` names a parameter that the path doesn't have.
fn source_use(
    at: usize,
    source: &Source,
    path: &Template,
    spec: &RuleSpec,
) -> Result<SourceUse, String> {
    let position = |wanted: &str| {
        path.params()
            .position(|name| name == wanted)
            .ok_or_else(|| wanted.to_owned())
    };
    Ok(SourceUse {
        source: at,
        params: source
            .get
            .params()
            .map(position)
            .collect::<Result<_, _>>()?,
        fields: spec
            .reads()
            .map(|(_, _, field)| source.field(field))
            .collect(),
    })
}
