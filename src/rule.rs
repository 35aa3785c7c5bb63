//! Rules and sources as data: what is repaired, and where the current state is read. Pure: a path goes
//! in, what applies to it comes out.

use std::borrow::Cow;
use std::sync::Arc;

use http::{HeaderName, HeaderValue, Method, StatusCode};

pub mod pack;
pub mod source;
pub mod spec;

mod address;
mod compile;
mod instead;
mod meant;
mod rejection;
pub(crate) mod template;
mod tree;

use address::Addresses;
pub use instead::Broken;
pub(crate) use meant::Waiting;
pub use meant::{Meant, Send};
use rejection::Rejection;
pub use source::Source;
use spec::Timing;
use template::MAX_PARAMS;
use tree::{Params, Tree};

use crate::layer::options::{EnforceShare, LookupFailure, Mode};
use crate::repair::reshape::Recipe;
use crate::repair::target::Targets;
use crate::snapshot::Participant;

/// Name of the path parameter that names the participant.
pub const PARTICIPANT: &str = "participantId";

/// A compiled set of rules and the sources that they read.
#[derive(Debug, Default)]
pub struct Rules {
    list: Vec<Rule>,
    /// Shared, because a lookup outlives the request that asked for it.
    sources: Vec<Arc<Source>>,
    /// Template → what applies there.
    routes: Tree<Vec<Arc<Route>>>,
    /// All that any rule is about: what passes is read more often than written.
    methods: Vec<Method>,
    /// Source template, and everything below it → the source.
    resources: Tree<Resource>,
    /// What the upstream's rejections mean.
    rejections: Vec<Rejection>,
}

/// A compiled rule.
#[derive(Debug)]
pub struct Rule {
    pub(crate) index: usize,
    pub(crate) name: String,
    pub(crate) content_type: Option<HeaderValue>,
    pub(crate) timing: Timing,
    pub(crate) mode: Option<Mode>,
    pub(crate) enforce_share: Option<EnforceShare>,
    pub(crate) resend_on: Option<Vec<StatusCode>>,
    pub(crate) on_lookup_failure: Option<LookupFailure>,
    pub(crate) targets: Targets,
    /// The targets' JSON pointers, as they are reported.
    pub(crate) pointers: Vec<String>,
    pub(crate) recipe: Recipe,
    /// The method that the resource has.
    pub(crate) method: Option<Method>,
    /// Fields that mean nothing to the resource.
    pub(crate) drop_headers: Vec<HeaderName>,
    /// Media types that callers give a JSON object by mistake.
    pub(crate) mistyped: Vec<String>,
}

impl Rule {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it fills.
    pub fn targets(&self) -> &Targets {
        &self.targets
    }

    /// JSON pointers of what it fills, in the targets' order.
    pub fn pointers(&self) -> &[String] {
        &self.pointers
    }
}

/// One path template of a rule.
#[derive(Debug)]
struct Route {
    rule: usize,
    /// The template, as it was written.
    template: String,
    methods: Vec<Method>,
    /// Names of the path's parameters.
    params: Vec<String>,
    /// Position of [`PARTICIPANT`] among the path's parameters.
    participant: Option<usize>,
    sources: Vec<SourceUse>,
    addresses: Addresses,
}

/// A source as one path of a rule uses it.
#[derive(Debug)]
struct SourceUse {
    source: usize,
    /// For each parameter of the source its position among the path's parameters.
    params: Vec<usize>,
    /// For each target of the rule, and then for each of its `drop_current`, the source's field.
    fields: Vec<Option<usize>>,
}

/// A source's template, or what lies below it.
#[derive(Clone, Copy, Debug)]
struct Resource {
    source: usize,
    below: bool,
}

/// Stands for one conversation, whichever of its resources a path names: media and general sources of
/// one conversation share it, so that a write through one is noticed by all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConversationId(pub(crate) u64);

impl ConversationId {
    fn new<'v>(values: impl Iterator<Item = &'v str>) -> Self {
        // What no text holds keeps ("ab", "c") and ("a", "bc") apart.
        Self(fnv1a(values.flat_map(|value| value.bytes().chain([0xff]))))
    }
}

/// FNV-1a: replicas that were built by different compilers must agree, which the standard library's hasher does
/// not promise. A collision costs a needless lookup and nothing else.
pub(crate) fn fnv1a(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl Rules {
    /// The rule for a request, if any, by its method and undecoded path.
    pub fn find<'r, 'p>(&'r self, method: &Method, path: &'p str) -> Option<Match<'r, 'p>> {
        let (route, params) = self.route(method, path)?;
        self.matched(route, path, params)
    }

    /// As [`Rules::find`], for whoever has to keep it beside the rules and the path.
    pub(crate) fn mark(&self, method: &Method, path: &str) -> Option<Mark> {
        let (route, params) = self.route(method, path)?;
        let route = Arc::clone(route);
        Some(Mark { route, params })
    }

    /// What [`Rules::find`] says of the method and the path that these rules made the mark of.
    pub(crate) fn marked<'r, 'p>(&'r self, mark: &'r Mark, path: &'p str) -> Option<Match<'r, 'p>> {
        self.matched(&mark.route, path, mark.params)
    }

    fn route(&self, method: &Method, path: &str) -> Option<(&Arc<Route>, Params)> {
        if !self.methods.contains(method) {
            return None;
        }
        let found = self.routes.at(path)?;
        let mut routes = found.value.iter();
        let route = routes.find(|route| route.methods.contains(method))?;
        Some((route, found.params))
    }

    fn matched<'r, 'p>(
        &'r self,
        route: &'r Route,
        path: &'p str,
        params: Params,
    ) -> Option<Match<'r, 'p>> {
        Some(Match {
            rules: self,
            rule: self.list.get(route.rule)?,
            route,
            path,
            params,
        })
    }

    /// The source that a path is the address of, and its conversation.
    pub fn source_at(&self, path: &str) -> Option<(&Arc<Source>, ConversationId)> {
        let (resource, conversation) = self.resource_at(path)?;
        let source = self.sources.get(resource.source)?;
        (!resource.below).then_some((source, conversation))
    }

    /// The conversation that a path belongs to: a source's address or anything below it.
    pub fn conversation_at(&self, path: &str) -> Option<ConversationId> {
        self.resource_at(path).map(|(_, conversation)| conversation)
    }

    fn resource_at(&self, path: &str) -> Option<(Resource, ConversationId)> {
        let found = self.resources.at(path)?;
        Some((*found.value, ConversationId::new(found.params.iter(path))))
    }

    /// The rules, in the order they were written.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.list.iter()
    }
}

/// A rule that applies to a request, with the values of the path's parameters.
#[derive(Clone, Debug)]
pub struct Match<'r, 'p> {
    rules: &'r Rules,
    rule: &'r Rule,
    route: &'r Route,
    path: &'p str,
    params: Params,
}

/// Which rule applies to a request.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    route: Arc<Route>,
    params: Params,
}

impl<'r, 'p> Match<'r, 'p> {
    /// The rule.
    pub fn rule(&self) -> &'r Rule {
        self.rule
    }

    /// The path template that matched.
    pub fn template(&self) -> &'r str {
        &self.route.template
    }

    /// The participant that the path names, empty where it names none.
    pub fn participant(&self) -> &'p str {
        self.value(self.route.participant.unwrap_or(MAX_PARAMS))
    }

    /// Names and values of the path's parameters.
    pub fn params(&self) -> impl Iterator<Item = (&'r str, &'p str)> {
        self.route
            .params
            .iter()
            .map(String::as_str)
            .zip(self.params.iter(self.path))
    }

    /// Where the current state can be read, in the order to try.
    pub fn places(&self) -> impl Iterator<Item = Place<'r>> {
        self.route.sources.iter().filter_map(|used| {
            let source = self.rules.sources.get(used.source)?;
            let values = used.params.iter().map(|&position| self.value(position));
            let path = |position: usize| {
                self.value(used.params.get(position).copied().unwrap_or(MAX_PARAMS))
            };
            Some(Place {
                source,
                path: source.get.path(path),
                conversation: ConversationId::new(values),
                fields: &used.fields,
            })
        })
    }

    /// The conversations that the request belongs to, as its rule's sources see them.
    pub fn conversation(&self) -> Option<ConversationId> {
        let used = self.route.sources.first()?;
        Some(ConversationId::new(
            used.params.iter().map(|&position| self.value(position)),
        ))
    }

    /// Whether there is another path to try after a 404.
    pub(crate) fn has_another_path(&self) -> bool {
        self.route.addresses.after_404.is_some()
    }

    /// Whether the API has no such method and path, and the rule leads to what it has.
    pub(crate) fn is_misplaced(&self, method: &Method) -> bool {
        let has_method = self.rule.method.as_ref().is_none_or(|own| own == method);
        self.route.addresses.to.is_some() || !has_method
    }

    fn value(&self, position: usize) -> &'p str {
        self.params.get(self.path, position)
    }
}

/// One place where the current state can be read for one request.
#[derive(Clone, Debug)]
pub struct Place<'r> {
    /// The source.
    pub source: &'r Arc<Source>,
    /// Path of the GET.
    pub path: String,
    /// The conversation that it reads.
    pub conversation: ConversationId,
    fields: &'r [Option<usize>],
}

impl Place<'_> {
    /// What fills a target of the rule; behind the targets, what a member of its `drop_current` must be.
    pub fn value<'c>(&self, participant: &Participant<'c>, target: usize) -> Option<Cow<'c, str>> {
        let field = self.fields.get(target).copied().flatten()?;
        participant.value(field)
    }
}

#[cfg(test)]
mod tests;
