//! `drop_current`: members that say what the participant is already. Beside members that go elsewhere they
//! are what other documents ask for, and no command; that they say so is for a lookup to show.

use super::text::{At, Splice};
use super::work::Work;
use crate::repair::Repair;
use crate::repair::diagnosis::{Diagnosis, Flaw};
use crate::repair::scan::outline::{Kind, Member};

/// What must be so for the request to mean what it was taken for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Current {
    /// Index into the rule's `drop_current`.
    pub index: usize,
    /// JSON pointer of the member that was left out.
    pub pointer: String,
    /// What it said.
    pub value: String,
}

impl Current {
    /// The diagnosis where it is not so: then the member may ask for it.
    pub(crate) fn contradicted(&self) -> Diagnosis {
        Diagnosis::of(Flaw::Ambiguous, &self.pointer)
    }
}

impl Work<'_, '_> {
    /// A member that is neither sent elsewhere nor called `name`, and asks for something.
    fn command_beside(&self, name: &str) -> Option<&Member> {
        let mut members = self.text.root().members.iter();
        let is_called = |member: &Member, name: &str| self.text.is_called(member, name);
        members.find(|member| {
            let is_moved = self
                .recipe
                .reroute
                .iter()
                .any(|moved| is_called(member, moved));
            member.kind != Kind::Null && !is_moved && !is_called(member, name)
        })
    }

    /// Leaves such members out, where they say nothing else.
    pub(super) fn drop_current(&mut self) -> Result<(), Diagnosis> {
        if !self.has_moved()? {
            return Ok(());
        }
        for (index, pointer) in self.recipe.drop_current.iter().enumerate() {
            let names = pointer.names();
            let At::Member(_, member) = self.text.at(names) else {
                continue;
            };
            let says_only_that = self.text.stands_alone(names, 2);
            let text = self.text.slice(member.value.clone());
            let value = serde_json::from_slice(text)
                .ok()
                .filter(|_| member.kind == Kind::String);
            let (Some(value), true) = (value, says_only_that) else {
                continue;
            };
            let outermost = names.first().map(String::as_str).unwrap_or_default();
            // Beside a command the body may tell what the participant is, and then the command is none.
            if let Some(command) = self.command_beside(outermost) {
                return Err(Diagnosis::of(Flaw::Ambiguous, &self.pointer(command)));
            }
            let goes = self
                .text
                .root()
                .without(|other| self.text.is_called(other, outermost));
            let goes: Vec<_> = goes.into_iter().map(Splice::remove).collect();
            self.edit(Repair::Drop, &goes)?;
            self.left_out(&[pointer.text().to_owned()]);
            self.current.push(Current {
                index,
                pointer: pointer.text().to_owned(),
                value,
            });
        }
        Ok(())
    }
}
