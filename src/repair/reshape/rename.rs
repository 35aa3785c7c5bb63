//! `rename`: a member gets the name, or the place, that the API has for it.

use super::text::{At, Splice, Text};
use crate::repair::diagnosis::{Diagnosis, Flaw};
use crate::repair::scan::outline::{Kind, Member, Occurs, Outline};
use crate::repair::target::Pointer;

/// What a value must be for a step to apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Anything.
    Any,
    /// A string.
    Text,
    /// An object.
    Object,
    /// An object of strings, numbers and booleans, with no name that the rule has another meaning for.
    Map,
    /// An object that holds an object or a list.
    Nested,
}

/// One `rename`.
#[derive(Clone, Debug)]
pub(crate) struct Rename {
    pub(crate) from: Pointer,
    pub(crate) to: Pointer,
    pub(crate) form: Form,
    /// What strings become; others are not renamed. Empty: every value stays.
    pub(crate) values: Vec<(String, String)>,
}

impl Form {
    pub(super) fn fits(self, text: &Text<'_>, member: &Member, no_attributes: &[String]) -> bool {
        let inside = || Outline::of(text.bytes(), member.value.start);
        match self {
            Self::Any => true,
            Self::Text => member.kind == Kind::String,
            Self::Object => member.kind == Kind::Object,
            Self::Map => inside().is_some_and(|inside| is_map(text, &inside, no_attributes)),
            Self::Nested => inside().is_some_and(|inside| {
                let mut members = inside.members.iter();
                members.any(|member| matches!(member.kind, Kind::Object | Kind::Array))
            }),
        }
    }
}

/// Whether an object is what attributes are, or nearly: not empty, flat, and nothing that means something
/// else.
pub(super) fn is_map(text: &Text<'_>, outline: &Outline, no_attributes: &[String]) -> bool {
    let is_none = |member| {
        no_attributes
            .iter()
            .any(|name| text.is_called(member, name))
    };
    let mut members = outline.members.iter();
    !outline.members.is_empty() && members.all(|member| member.kind.is_scalar() && !is_none(member))
}

impl Rename {
    /// The edits that rename; none where there is nothing to rename.
    pub(super) fn edits(
        &self,
        text: &Text<'_>,
        no_attributes: &[String],
    ) -> Result<Vec<Splice>, Diagnosis> {
        let (container, member) = match text.at(self.from.names()) {
            At::Nothing => return Ok(Vec::new()),
            At::Twice => return Err(Diagnosis::of(Flaw::DuplicateMember, self.from.text())),
            At::Member(container, member) => (container, member),
        };
        if !self.form.fits(text, &member, no_attributes) {
            return Ok(Vec::new());
        }
        let value = if self.values.is_empty() {
            text.slice(member.value.clone()).to_vec()
        } else {
            let mut known = self.values.iter();
            let Some((_, word)) = known.find(|(from, _)| text.is_string(&member, from)) else {
                return Ok(Vec::new());
            };
            json_string(word)
        };
        let (home, missing) = self.home(text)?;
        let Some((name, below)) = missing.split_first() else {
            return Err(Diagnosis::of(Flaw::DuplicateMember, self.to.text()));
        };
        if home.inside == container.inside {
            // In its own place: the space around it stays. Of the name only the text changes.
            let mut splices = vec![Splice {
                at: member.name.clone(),
                with: inner(name),
            }];
            splices.push(Splice {
                at: member.value.clone(),
                with: nested(below, value),
            });
            return Ok(splices);
        }
        let mut inserted = json_string(name);
        inserted.push(b':');
        inserted.extend(nested(below, value));
        if !home.members.is_empty() {
            inserted.push(b',');
        }
        let mut splices: Vec<_> = container
            .without(|other| *other == member)
            .into_iter()
            .map(Splice::remove)
            .collect();
        splices.push(Splice::insert(home.inside, inserted));
        splices.sort_by_key(|splice| splice.at.start);
        Ok(splices)
    }

    /// The innermost object that is there on the way to the new place, and the names that are not.
    fn home<'a>(&'a self, text: &Text<'_>) -> Result<(Outline, &'a [String]), Diagnosis> {
        let mut home = text.root().clone();
        let mut names = self.to.names();
        while let Some((name, below)) = names.split_first() {
            let member = match home.find(text.bytes(), name) {
                Occurs::Never => break,
                Occurs::Twice => {
                    return Err(Diagnosis::of(Flaw::DuplicateMember, self.to.text()));
                }
                Occurs::Once(member) => member,
            };
            names = below;
            if below.is_empty() {
                break;
            }
            if member.kind != Kind::Object {
                return Err(Diagnosis::of(Flaw::TypeConflict, self.to.text()));
            }
            home = text.members_of(member, self.to.text())?;
        }
        Ok((home, names))
    }
}

/// `value` inside of objects with these names, outermost first.
fn nested(names: &[String], value: Vec<u8>) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len() + 16 * names.len());
    for name in names {
        out.push(b'{');
        out.extend(json_string(name));
        out.push(b':');
    }
    out.extend(value);
    out.extend(std::iter::repeat_n(b'}', names.len()));
    out
}

/// A text of the rule's as a JSON string, in ASCII: it may go into a body of another charset.
pub(super) fn json_string(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    crate::repair::plan::write_ascii_string(&mut out, text);
    out
}

fn inner(text: &str) -> Vec<u8> {
    let quoted = json_string(text);
    quoted.get(1..quoted.len() - 1).unwrap_or_default().to_vec()
}
