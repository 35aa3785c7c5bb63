//! From the keys of a rule to the steps of its recipe.

use super::reshape::{Problem, diagnosis};
use crate::repair::reshape::{Case, Envelope, Null, Recipe, Rename, Wrapper};
use crate::repair::target::Pointer;
use crate::rule::spec::{OnRejectSpec, PickSpec, RenameSpec, ReshapeSpec};

/// Reads one rule's keys and notes what is wrong with them.
pub(super) struct Reader<'p> {
    problems: &'p mut Vec<Problem>,
}

impl<'p> Reader<'p> {
    pub(super) fn new(problems: &'p mut Vec<Problem>) -> Self {
        Self { problems }
    }

    pub(super) fn recipe(mut self, spec: &ReshapeSpec) -> Recipe {
        let wrapper = |(name, form): &(_, _)| Wrapper {
            name: String::clone(name),
            form: *form,
        };
        let (case, drop_null) = self.waiting(&spec.on_reject);
        Recipe {
            body: spec.body.as_ref().map(|body| self.body("body", body)),
            unwrap: spec.unwrap.iter().map(wrapper).collect(),
            pick: spec
                .pick
                .iter()
                .filter_map(|entry| self.pick(entry))
                .collect(),
            otherwise: spec.diagnosis.as_ref().map(diagnosis),
            rename: spec
                .rename
                .iter()
                .filter_map(|entry| self.rename(entry))
                .collect(),
            wrap: spec.wrap.clone(),
            identity: spec.identity.clone(),
            drop: spec.drop.clone(),
            drop_current: self.pointers("drop_current", spec.drop_current.iter().map(|(at, _)| at)),
            stringify: self.pointers("stringify", &spec.stringify),
            case,
            drop_null,
            accepts: spec.accepts.clone(),
            reroute: spec.reroute.iter().map(|(name, _)| name.clone()).collect(),
            reserved: spec.reserved.clone(),
            no_attributes: no_attributes(spec),
        }
    }

    fn problem(&mut self, key: &str, problem: String) {
        self.problems.push((key.to_owned(), problem));
    }

    fn pointer(&mut self, key: &str, text: &str) -> Option<Pointer> {
        let pointer = Pointer::new(text);
        pointer
            .map_err(|error| self.problem(key, error.to_string()))
            .ok()
    }

    fn pointers<'t>(
        &mut self,
        key: &str,
        texts: impl IntoIterator<Item = &'t String>,
    ) -> Vec<Pointer> {
        let texts = texts.into_iter();
        texts.filter_map(|text| self.pointer(key, text)).collect()
    }

    fn body(&mut self, key: &str, body: &str) -> Vec<u8> {
        if !serde_json::from_str::<serde_json::Value>(body).is_ok_and(|body| body.is_object()) {
            self.problem(key, format!("{body:?} is no JSON object"));
        }
        body.as_bytes().to_vec()
    }

    fn pick(&mut self, spec: &PickSpec) -> Option<Envelope> {
        Some(match spec {
            PickSpec::List { list, id, members } => Envelope::List {
                at: self.pointer("pick", list)?,
                id: id.clone(),
                members: members.clone(),
            },
            PickSpec::Map { map, to } => Envelope::Map {
                at: self.pointer("pick", map)?,
                to: to.clone(),
            },
            PickSpec::Ids { ids, body } => Envelope::Ids {
                at: self.pointer("pick", ids)?,
                body: self.body("pick", body),
            },
        })
    }

    fn rename(&mut self, spec: &RenameSpec) -> Option<Rename> {
        let (from, to) = (
            self.pointer("rename", &spec.from),
            self.pointer("rename", &spec.to),
        );
        let (from, to) = from.zip(to)?;
        if to.names().starts_with(from.names()) {
            self.problem(
                "rename",
                format!("{:?} cannot move into itself", from.text()),
            );
        }
        Some(Rename {
            from,
            to,
            form: spec.form,
            values: spec.values.clone(),
        })
    }

    fn waiting(&mut self, spec: &OnRejectSpec) -> (Vec<Case>, Vec<Null>) {
        let mut cases = Vec::new();
        for (text, words) in &spec.case {
            if words.is_empty() {
                let problem = "names no word: write those that the API has".to_owned();
                self.problem(&format!("on_reject.case.{text}"), problem);
            }
            if let Some(at) = self.pointer(&format!("on_reject.case.{text}"), text) {
                let words = words.clone();
                cases.push(Case { at, words });
            }
        }
        let mut nulls = Vec::new();
        for text in &spec.drop_null {
            if text.is_empty() {
                nulls.push(Null { at: None });
            } else if let Some(at) = self.pointer("on_reject.drop_null", text) {
                nulls.push(Null { at: Some(at) });
            }
        }
        (cases, nulls)
    }
}

/// Names that keep an object from being taken for a map of attributes: commands, and whatever the rule knows
/// another meaning of.
fn no_attributes(spec: &ReshapeSpec) -> Vec<String> {
    let outermost = |entry: &RenameSpec| entry.from.split('/').nth(1).map(str::to_owned);
    let renamed = spec.rename.iter().filter_map(outermost);
    let mut names = spec.reserved.clone();
    names.extend(spec.identity.iter().chain(&spec.drop).cloned());
    names.extend(spec.unwrap.iter().map(|(name, _)| name.clone()));
    names.extend(renamed);
    names
}
