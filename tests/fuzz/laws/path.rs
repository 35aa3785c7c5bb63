//! Path templates: which rule applies to a request, where its state is read, and to which conversation a
//! path belongs. The second opinion compares every template with every path, segment by segment.
//!
//! A case is lines: `source TEMPLATE`, `rule METHOD,… SOURCE,… TEMPLATE` (sources by their number, `-` for
//! none), `also TEMPLATE` (another one of the rule before) and `ask METHOD PATH`.

mod oracle;

use std::collections::HashMap;

use http::Method;
use patchwright::rule::spec::{RuleSpec, SourceSpec};
use patchwright::rule::{ConversationId, Match, PARTICIPANT, Rules};

use oracle::{Reach, Template, best};

/// More of each say no more, and take longer.
const MOST: usize = 12;

#[derive(Default)]
struct Case<'c> {
    sources: Vec<&'c str>,
    rules: Vec<CaseRule<'c>>,
    asks: Vec<(Method, &'c str)>,
}

struct CaseRule<'c> {
    methods: Vec<Method>,
    sources: Vec<usize>,
    paths: Vec<&'c str>,
}

/// See the module.
pub fn check(data: &[u8]) -> Option<()> {
    let case = case(str::from_utf8(data).ok()?)?;
    let (sources, rules) = case.specs();
    let valid = case.valid();
    let rules = match (Rules::compile(&sources, &rules, &[]), &valid) {
        (Ok(rules), Some(_)) => rules,
        (Err(faults), None) => {
            assert!(!faults.is_empty());
            for fault in faults {
                let most = if fault.table == "rule" {
                    rules.len()
                } else {
                    sources.len()
                };
                assert!(fault.index < most && !fault.key.is_empty() && !fault.problem.is_empty());
            }
            return Some(());
        }
        (Ok(_), None) => panic!("these rules should have a fault"),
        (Err(faults), Some(_)) => panic!("{faults:?}, but these rules are good"),
    };
    let (sources, routes) = valid?;
    let mut ids = Ids::default();
    for (method, path) in &case.asks {
        a_path_belongs_where_its_template_says(&rules, &sources, path, &mut ids);
        the_rule_is_the_one_that_says_so(&case, &rules, &sources, &routes, method, path, &mut ids);
    }
    Some(())
}

fn case(text: &str) -> Option<Case<'_>> {
    let mut case = Case::default();
    for line in text.lines() {
        let (word, rest) = line.split_once(' ')?;
        match word {
            "source" => case.sources.push(rest),
            "rule" => {
                let mut parts = rest.splitn(3, ' ');
                let methods = parts.next()?.split(',').map(|name| name.parse().ok());
                let sources = parts.next()?.split(',').filter(|number| *number != "-");
                case.rules.push(CaseRule {
                    methods: methods.collect::<Option<_>>()?,
                    sources: sources
                        .map(|number| number.parse().ok())
                        .collect::<Option<_>>()?,
                    paths: vec![parts.next()?],
                });
            }
            "also" => case.rules.last_mut()?.paths.push(rest),
            "ask" => {
                let (method, path) = rest.split_once(' ')?;
                case.asks.push((method.parse().ok()?, path));
            }
            _ => return None,
        }
    }
    let few = [case.sources.len(), case.rules.len(), case.asks.len()];
    few.iter().all(|count| *count <= MOST).then_some(case)
}

/// A template of a source, or of a rule with the rule's number.
type Sources<'c> = Vec<Template<'c>>;
type Routes<'c> = Vec<(Template<'c>, usize)>;

impl<'c> Case<'c> {
    fn specs(&self) -> (Vec<SourceSpec>, Vec<RuleSpec>) {
        let source = |(index, get): (usize, &&str)| SourceSpec {
            learn: true,
            name: format!("s{index}"),
            get: (*get).to_owned(),
            participants: "$.participants[*]".to_owned(),
            id: "$.id".to_owned(),
            fields: vec![("state".to_owned(), vec!["$.state".to_owned()])],
        };
        let rule = |(index, rule): (usize, &CaseRule<'_>)| RuleSpec {
            name: format!("r{index}"),
            methods: rule.methods.clone(),
            paths: rule.paths.iter().map(|path| (*path).to_owned()).collect(),
            sources: rule
                .sources
                .iter()
                .map(|number| format!("s{number}"))
                .collect(),
            fill: match rule.sources[..] {
                [] => Vec::new(),
                _ => vec![("/state".to_owned(), "state".to_owned())],
            },
            ..RuleSpec::default()
        };
        let sources = self.sources.iter().enumerate().map(source);
        let rules = self.rules.iter().enumerate().map(rule);
        (sources.collect(), rules.collect())
    }

    /// The templates, unless one of them or something about them is wrong.
    fn valid(&self) -> Option<(Sources<'c>, Routes<'c>)> {
        let sources = self.sources.iter().map(|get| Template::parse(get));
        let sources = sources.collect::<Option<Vec<_>>>()?;
        if sources
            .iter()
            .any(|source| source.params().next().is_none())
        {
            return None;
        }
        let mut routes: Routes<'c> = Vec::new();
        for (index, rule) in self.rules.iter().enumerate() {
            for path in &rule.paths {
                let path = Template::parse(path)?;
                for number in &rule.sources {
                    let mut wanted = sources.get(*number)?.params().chain([PARTICIPANT]);
                    if !wanted.all(|name| path.params().any(|own| own == name)) {
                        return None;
                    }
                }
                let taken = routes.iter().any(|(other, number)| {
                    let methods = &self.rules[*number].methods;
                    other.shape() == path.shape()
                        && rule.methods.iter().any(|method| methods.contains(method))
                });
                if taken {
                    return None;
                }
                routes.push((path, index));
            }
        }
        Some((sources, routes))
    }
}

/// One conversation, one id: by the values of a path's parameters, in order.
#[derive(Default)]
struct Ids(HashMap<Vec<String>, ConversationId>);

impl Ids {
    fn agree(&mut self, values: &[&str], id: ConversationId) {
        let values: Vec<_> = values.iter().map(|value| (*value).to_owned()).collect();
        let known = *self.0.entry(values.clone()).or_insert(id);
        assert_eq!(known, id, "another id for {values:?}");
        let strangers = self.0.iter().filter(|(other, _)| **other != values);
        assert!(
            strangers.into_iter().all(|(_, other)| *other != id),
            "the id of {values:?} is another's"
        );
    }
}

fn a_path_belongs_where_its_template_says(
    rules: &Rules,
    sources: &Sources<'_>,
    path: &str,
    ids: &mut Ids,
) {
    let candidates = sources
        .iter()
        .flat_map(|source| [Reach::Exact, Reach::Below].map(|reach| (source, reach)));
    let expected = best(candidates, path);
    let (conversation, at) = (rules.conversation_at(path), rules.source_at(path));
    let Some((index, values)) = expected else {
        assert!(
            conversation.is_none() && at.is_none(),
            "{path:?} is below no source"
        );
        return;
    };
    let conversation = conversation.unwrap_or_else(|| panic!("{path:?} is below a source"));
    ids.agree(&values, conversation);
    // Exact and below stand side by side for each source; of equal ones the first counts.
    let expected = (index % 2 == 0).then(|| format!("s{}", index / 2));
    assert_eq!(
        at.map(|(source, _)| source.name()),
        expected.as_deref(),
        "{path:?}"
    );
    assert!(at.is_none_or(|(_, id)| id == conversation));
}

fn the_rule_is_the_one_that_says_so(
    case: &Case<'_>,
    rules: &Rules,
    sources: &Sources<'_>,
    routes: &Routes<'_>,
    method: &Method,
    path: &str,
    ids: &mut Ids,
) {
    let found = rules.find(method, path);
    // The path alone chooses the template; of the rules there, the method chooses.
    let expected = best(
        routes.iter().map(|(template, _)| (template, Reach::Exact)),
        path,
    );
    let expected = expected.and_then(|(index, values)| {
        let shape = routes[index].0.shape();
        let mut there = routes
            .iter()
            .filter(|(template, _)| template.shape() == shape);
        let (template, rule) =
            there.find(|(_, rule)| case.rules[*rule].methods.contains(method))?;
        Some((template, *rule, values))
    });
    let (found, (template, rule, values)) = match (found, expected) {
        (Some(found), Some(expected)) => (found, expected),
        (None, None) => return,
        (Some(found), None) => panic!("{} applies to {path:?}", found.rule().name()),
        (None, Some((_, rule, _))) => panic!("r{rule} should apply to {path:?}"),
    };
    assert_eq!(found.rule().name(), format!("r{rule}"), "{path:?}");
    let value = |name: &str| {
        template
            .params()
            .position(|own| own == name)
            .map(|at| values[at])
    };
    assert_eq!(found.participant(), value(PARTICIPANT).unwrap_or_default());
    the_participant_is_a_part_of_the_path(&found, path);

    let places: Vec<_> = found.places().collect();
    assert_eq!(places.len(), case.rules[rule].sources.len());
    for (place, number) in places.iter().zip(&case.rules[rule].sources) {
        let source = &sources[*number];
        let values: Vec<_> = source.params().map(|name| value(name).unwrap()).collect();
        assert_eq!(place.source.name(), format!("s{number}"));
        assert_eq!(place.path, source.filled(&values));
        ids.agree(&values, place.conversation);
        a_path_belongs_where_its_template_says(rules, sources, &place.path, ids);
    }
    assert_eq!(
        found.conversation(),
        places.first().map(|place| place.conversation)
    );
}

fn the_participant_is_a_part_of_the_path(found: &Match<'_, '_>, path: &str) {
    let participant = found.participant();
    if !participant.is_empty() {
        assert!(oracle::is_value(participant), "{participant:?}");
        assert!(
            path.split('/')
                .any(|segment| std::ptr::eq(segment, participant))
        );
    }
}
