//! Rule packs: the two inside the binary, and the entries of a user's file that extend them.

mod read;
#[cfg(test)]
mod tests;

use crate::document::{Fault, FaultSink, Faults, Node, Place, Table, Value, parse};
use crate::rule::spec::{RejectionSpec, RuleSpec, SourceSpec, SpecFault};

pub use read::definite_rejection;
#[cfg(feature = "proxy")]
pub(crate) use read::{FORMS, LOOKUP_FAILURES, MODES, TIMINGS, enforce_share, mode_word};

/// The rule packs inside the binary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pack {
    /// The upstream that wants `state` and `routing` beside the attributes.
    #[default]
    Strict,
    /// The published API.
    Official,
}

impl Pack {
    /// Each pack with its name in files and flags.
    pub const NAMES: [(&'static str, Self); 2] =
        [("strict", Self::Strict), ("official", Self::Official)];

    /// Its name in files and flags.
    pub fn name(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Official => "official",
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Strict => include_str!("../../config/rules/strict.toml"),
            Self::Official => include_str!("../../config/rules/official.toml"),
        }
    }
}

/// Sources and rules as written, with the place of every key.
#[derive(Clone, Debug, Default)]
pub struct Specs {
    sources: Entries<SourceSpec>,
    rules: Entries<RuleSpec>,
    diagnoses: Entries<RejectionSpec>,
}

impl Specs {
    /// The specs of a pack inside the binary. It has no faults: a test reads each.
    pub fn built_in(pack: Pack) -> Result<Self, Faults> {
        Self::parse(&format!("built-in rules {:?}", pack.name()), pack.text())
    }

    /// The specs of a document that holds nothing else, known to the user as `file`.
    pub fn parse(file: &str, text: &str) -> Result<Self, Faults> {
        let faults = FaultSink::default();
        let root = parse(file, text, &faults);
        if !faults.is_empty() {
            return faults.finish(Self::default());
        }
        let mut table = Table::root(&root, &faults);
        let specs = Self::read(&mut table);
        table.finish();
        faults.finish(specs)
    }

    /// The `[[source]]`, `[[rule]]` and `[[diagnosis]]` entries of a document; faults go to the table's sink.
    pub fn read(root: &mut Table<'_>) -> Self {
        Self {
            sources: Entries::read(root, "source", read::source),
            rules: Entries::read(root, "rule", read::rule),
            diagnoses: Entries::read(root, "diagnosis", read::rejection),
        }
    }

    /// Puts `newer` over these: an entry of the same name is replaced in its place, so that the order of
    /// a pack's rules stays; others are appended.
    pub fn merge(&mut self, newer: Self) {
        self.sources.merge(newer.sources);
        self.rules.merge(newer.rules);
        self.diagnoses.merge(newer.diagnoses);
    }

    /// The sources, in order.
    pub fn sources(&self) -> &[SourceSpec] {
        &self.sources.specs
    }

    /// The rules, in order.
    pub fn rules(&self) -> &[RuleSpec] {
        &self.rules.specs
    }

    /// The diagnoses, in order.
    pub fn diagnoses(&self) -> &[RejectionSpec] {
        &self.diagnoses.specs
    }

    /// The sources, the rules and the diagnoses, without places.
    pub fn into_parts(self) -> (Vec<SourceSpec>, Vec<RuleSpec>, Vec<RejectionSpec>) {
        (self.sources.specs, self.rules.specs, self.diagnoses.specs)
    }

    /// Whether every entry could be read. Where one is left out for its faults, compiling the others
    /// would report that they miss it.
    pub fn is_complete(&self) -> bool {
        self.sources.left_out == 0 && self.rules.left_out == 0 && self.diagnoses.left_out == 0
    }

    /// A fault that was found while compiling these, with the file and line of the key at fault.
    pub fn locate(&self, fault: &SpecFault) -> Fault {
        let (name, places) = match fault.table {
            "source" => self.sources.at(fault.index),
            "diagnosis" => self.diagnoses.at(fault.index),
            _ => self.rules.at(fault.index),
        };
        let entry = match name {
            Some(name) => format!("{} {name:?}", fault.table),
            None => format!("{}[{}]", fault.table, fault.index),
        };
        Fault {
            place: places.map_or(Place::CommandLine, |places| places.of(&fault.key)),
            key: format!("{entry}.{}", fault.key),
            problem: fault.problem.clone(),
        }
    }
}

/// A spec that other entries refer to.
trait Named {
    fn name(&self) -> &str;
}

impl Named for SourceSpec {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Named for RuleSpec {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Named for RejectionSpec {
    fn name(&self) -> &str {
        &self.name
    }
}

/// Specs and, index by index, where their keys were written.
#[derive(Clone, Debug)]
struct Entries<T> {
    specs: Vec<T>,
    places: Vec<Places>,
    /// Entries whose faults left nothing to keep.
    left_out: usize,
}

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self {
            specs: Vec::new(),
            places: Vec::new(),
            left_out: 0,
        }
    }
}

impl<T: Named> Entries<T> {
    fn read(
        root: &mut Table<'_>,
        key: &'static str,
        read: impl Fn(&mut Table<'_>) -> Option<T>,
    ) -> Self {
        let mut entries = Self::default();
        for mut table in root.tables(key) {
            let spec = read(&mut table);
            if let Some(spec) = spec {
                if let Some(first) = entries.find(spec.name()) {
                    let place = entries.places.get(first).map(|places| places.of("name"));
                    let place = place.map_or_else(String::new, |place| place.to_string());
                    table.fault("name", format!("is taken by the {key} at {place}"));
                }
                entries.specs.push(spec);
                entries.places.push(Places::new(&table));
            } else {
                entries.left_out += 1;
            }
            table.finish();
        }
        entries
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.specs.iter().position(|spec| spec.name() == name)
    }

    fn merge(&mut self, newer: Self) {
        self.left_out += newer.left_out;
        for (spec, places) in newer.specs.into_iter().zip(newer.places) {
            let index = self.find(spec.name());
            let slot = index.and_then(|at| self.specs.get_mut(at).zip(self.places.get_mut(at)));
            if let Some((old, old_places)) = slot {
                *old = spec;
                *old_places = places;
            } else {
                self.specs.push(spec);
                self.places.push(places);
            }
        }
    }

    fn at(&self, index: usize) -> (Option<&str>, Option<&Places>) {
        (
            self.specs.get(index).map(Named::name),
            self.places.get(index),
        )
    }
}

/// Where the keys of one entry were written, by their path inside it.
#[derive(Clone, Debug)]
struct Places(Vec<(String, Place)>);

impl Places {
    fn new(table: &Table<'_>) -> Self {
        let mut places = vec![(String::new(), table.place(""))];
        for entry in table.entries() {
            collect(&entry.node, entry.key.clone(), &mut places);
        }
        Self(places)
    }

    /// The place of the longest known beginning of `key`: `fill` stands in for `fill./state`.
    fn of(&self, key: &str) -> Place {
        let begins = |(path, _): &&(String, Place)| {
            key.strip_prefix(path.as_str()).is_some_and(|rest| {
                path.is_empty() || rest.is_empty() || rest.starts_with(['.', '['])
            })
        };
        let nearest = self
            .0
            .iter()
            .filter(begins)
            .max_by_key(|(path, _)| path.len());
        nearest.map_or(Place::CommandLine, |(_, place)| place.clone())
    }
}

fn collect(node: &Node, path: String, places: &mut Vec<(String, Place)>) {
    let below: Vec<(String, &Node)> = match &node.value {
        Value::Table(entries) => {
            let named = entries.iter();
            named
                .map(|entry| (format!("{path}.{}", entry.key), &entry.node))
                .collect()
        }
        Value::List(items) => {
            let numbered = items.iter().enumerate();
            numbered
                .map(|(index, item)| (format!("{path}[{index}]"), item))
                .collect()
        }
        _ => Vec::new(),
    };
    places.push((path, node.place.clone()));
    for (path, node) in below {
        collect(node, path, places);
    }
}
