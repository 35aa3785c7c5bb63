//! Steps that wait until a rejection asks for them: the API might accept the body without.

use super::Recipe;
use super::map::token;
use super::rename::json_string;
use super::text::{At, Splice, Text};
use super::work::Work;
use crate::repair::Repair;
use crate::repair::diagnosis::{Diagnosis, Flaw};
use crate::repair::scan::outline::{Kind, Outline};
use crate::repair::target::Pointer;

/// Members that a rejection is searched for, at most.
const MOST_NAMES: usize = 32;

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
    /// How many steps wait.
    pub(crate) fn waiting(&self) -> usize {
        self.case.len() + self.drop_null.len()
    }

    /// What a rejection may name to ask for a waiting step on this body.
    pub(crate) fn names(&self, step: usize, body: &[u8]) -> Vec<Named> {
        let Ok(text) = Text::new(body.into()) else {
            return Vec::new();
        };
        if let Some(case) = self.case.get(step) {
            return case.named(&text).into_iter().collect();
        }
        let null = step
            .checked_sub(self.case.len())
            .and_then(|at| self.drop_null.get(at));
        null.map(|null| null.named(&text)).unwrap_or_default()
    }
}

impl Work<'_, '_> {
    /// Takes those waiting steps that need to wait no longer. A value that none would mend is a doubt.
    pub(super) fn wait(
        &mut self,
        waits: impl Fn(usize) -> bool,
    ) -> Result<Option<Diagnosis>, Diagnosis> {
        let recipe = self.recipe;
        let mut doubt = None;
        for (step, case) in recipe.case.iter().enumerate() {
            match case.look(&self.text) {
                Spelling::Unknown => {
                    doubt = Some(Diagnosis::of(Flaw::UnknownValue, case.at.text()));
                }
                Spelling::Other(splice) if !waits(step) => self.edit(Repair::Case, &[splice])?,
                Spelling::Right | Spelling::Other(_) => {}
            }
        }
        for (step, null) in recipe.drop_null.iter().enumerate() {
            if !waits(recipe.case.len() + step) {
                let Some((splices, dropped)) = null.look(&self.text) else {
                    continue;
                };
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
    /// The nulls, unless there is nothing else: a body that asks for nothing is none to send.
    fn look(&self, text: &Text<'_>) -> Option<(Vec<Splice>, Vec<String>)> {
        let outline = self.outline(text)?;
        let is_null = |kind| kind == Kind::Null;
        if outline.members.iter().all(|member| is_null(member.kind)) {
            return None;
        }
        let goes = outline.without(|member| is_null(member.kind));
        let names = self.named(text).into_iter().map(|named| named.pointer);
        Some((
            goes.into_iter().map(Splice::remove).collect(),
            names.collect(),
        ))
    }

    fn named(&self, text: &Text<'_>) -> Vec<Named> {
        let Some(outline) = self.outline(text) else {
            return Vec::new();
        };
        let above = self.at.as_ref().map(Pointer::text).unwrap_or_default();
        let nulls = outline
            .members
            .iter()
            .filter(|member| member.kind == Kind::Null);
        nulls
            .take(MOST_NAMES)
            .map(|member| Named {
                pointer: format!("{above}/{}", token(text.slice(member.name.clone()))),
                value: None,
            })
            .collect()
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
