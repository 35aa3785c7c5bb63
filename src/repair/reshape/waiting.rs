//! Steps that wait until a rejection asks for them: the API might accept the body without.

use super::Recipe;
use super::map::token;
use super::rename::{Rename, json_string};
use super::text::{At, Splice, Text};
use super::work::Work;
use crate::repair::Repair;
use crate::repair::diagnosis::{Diagnosis, Flaw};
use crate::repair::scan::outline::{Kind, Member, Outline};
use crate::repair::target::Pointer;

/// Nulls that a rejection is searched for, at most.
const MOST_NULLS: usize = 32;

/// A step that may wait for a rejection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// The `case` at this position.
    Case(usize),
    /// The null at this JSON pointer. Each waits for itself: one that was not named may mean something.
    Null(&'a str),
}

/// One `case`: a string that has a few values, in one spelling.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) at: Pointer,
    pub(crate) words: Vec<String>,
}

/// One `drop_null`: the object whose nulls go; the body itself where there is no pointer.
#[derive(Clone, Debug)]
pub(crate) struct Null {
    pub(crate) at: Option<Pointer>,
}

/// What a rejection would call a member.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// JSON pointer.
    pub(crate) pointer: String,
    /// The value as the caller wrote it, where a rejection may quote it.
    pub(crate) value: Option<String>,
}

impl Named {
    pub(crate) fn member(pointer: &str) -> Self {
        Self {
            pointer: pointer.to_owned(),
            value: None,
        }
    }
}

impl Recipe {
    /// Whether any step waits.
    pub(crate) fn has_waiting(&self) -> bool {
        !(self.case.is_empty() && self.drop_null.is_empty())
    }

    /// What a rejection may name to ask for the case at `index` on this body.
    pub(crate) fn case_named(&self, index: usize, body: &[u8]) -> Option<Named> {
        let text = Text::new(body.into()).ok()?;
        self.case.get(index)?.named(&text)
    }

    /// The renames of what this body has.
    pub(crate) fn renames_of(&self, body: &[u8]) -> Vec<&Rename> {
        let Ok(text) = Text::new(body.into()) else {
            return Vec::new();
        };
        let is_there = |rename: &&Rename| matches!(text.at(rename.from.names()), At::Member(..));
        self.rename.iter().filter(is_there).collect()
    }

    /// The nulls of this body that a rejection may name.
    pub(crate) fn nulls(&self, body: &[u8]) -> Vec<Named> {
        let Ok(text) = Text::new(body.into()) else {
            return Vec::new();
        };
        let nulls = self.drop_null.iter().flat_map(|null| null.pointers(&text));
        let nulls = nulls.take(MOST_NULLS);
        nulls.map(|pointer| Named::member(&pointer)).collect()
    }
}

impl Work<'_, '_> {
    /// Takes those waiting steps that need to wait no longer. A value that none would mend is a doubt.
    pub(super) fn wait(
        &mut self,
        waits: impl Fn(Step<'_>) -> bool,
    ) -> Result<Option<Diagnosis>, Diagnosis> {
        let recipe = self.recipe;
        let mut doubt = None;
        for (step, case) in recipe.case.iter().enumerate() {
            match case.look(&self.text) {
                Spelling::Unknown => {
                    doubt = Some(Diagnosis::of(Flaw::UnknownValue, case.at.text()));
                }
                Spelling::Other(splice) if !waits(Step::Case(step)) => {
                    self.edit(Repair::Case, &[splice])?;
                }
                Spelling::Right | Spelling::Other(_) => {}
            }
        }
        for null in &recipe.drop_null {
            let goes = |pointer: &str| !waits(Step::Null(pointer));
            if let Some((splices, dropped)) = null.look(&self.text, goes) {
                self.edit(Repair::Drop, &splices)?;
                self.left_out(&dropped);
            }
        }
        Ok(doubt)
    }
}

enum Spelling {
    /// Nothing is there, or nothing of the kind, or it is spelled as it should be.
    Right,
    Other(Splice),
    Unknown,
}

impl Case {
    fn look(&self, text: &Text<'_>) -> Spelling {
        let At::Member(_, member) = text.at(self.at.names()) else {
            return Spelling::Right;
        };
        if member.kind != Kind::String
            || self.words.iter().any(|word| text.is_string(&member, word))
        {
            return Spelling::Right;
        }
        let raw = text.slice(member.value.start + 1..member.value.end - 1);
        let same = |word: &&String| raw.eq_ignore_ascii_case(word.as_bytes());
        match self.words.iter().find(same) {
            None => Spelling::Unknown,
            Some(word) => Spelling::Other(Splice {
                at: member.value,
                with: json_string(word),
            }),
        }
    }

    fn named(&self, text: &Text<'_>) -> Option<Named> {
        let At::Member(_, member) = text.at(self.at.names()) else {
            return None;
        };
        let raw = text.slice(member.value.start + 1..member.value.end.saturating_sub(1));
        Some(Named {
            pointer: self.at.text().to_owned(),
            value: std::str::from_utf8(raw).ok().map(str::to_owned),
        })
    }
}

impl Null {
    /// The nulls that go, unless nothing else is there: a body that asks for nothing is none to send.
    fn look(
        &self,
        text: &Text<'_>,
        goes: impl Fn(&str) -> bool,
    ) -> Option<(Vec<Splice>, Vec<String>)> {
        let outline = self.outline(text)?;
        let is_going =
            |member: &Member| member.kind == Kind::Null && goes(&self.pointer(text, member));
        let mut members = outline.members.iter();
        members.find(|member| member.kind != Kind::Null)?;
        let going = outline.members.iter().filter(|member| is_going(member));
        let dropped: Vec<_> = going.map(|member| self.pointer(text, member)).collect();
        let splices = outline.without(is_going).into_iter().map(Splice::remove);
        (!dropped.is_empty()).then(|| (splices.collect(), dropped))
    }

    /// JSON pointers of the nulls.
    fn pointers(&self, text: &Text<'_>) -> Vec<String> {
        let outline = self.outline(text);
        let members = outline.iter().flat_map(|outline| &outline.members);
        let nulls = members.filter(|member| member.kind == Kind::Null);
        nulls.map(|member| self.pointer(text, member)).collect()
    }

    fn pointer(&self, text: &Text<'_>, member: &Member) -> String {
        let above = self.at.as_ref().map(Pointer::text).unwrap_or_default();
        format!("{above}/{}", token(text.slice(member.name.clone())))
    }

    fn outline(&self, text: &Text<'_>) -> Option<Outline> {
        let Some(at) = &self.at else {
            return Some(text.root().clone());
        };
        match text.at(at.names()) {
            At::Member(_, member) => Outline::of(text.bytes(), member.value.start),
            _ => None,
        }
    }
}
