//! The steps that need no file of their own, and what all of them share.

use std::borrow::Cow;

use super::text::{At, Splice, Text};
use super::{Current, Recipe, Rename, map};
use crate::repair::Repair;
use crate::repair::diagnosis::{Diagnosis, Flaw, shown};
use crate::repair::scan::outline::{Kind, Member, Occurs};

/// Members that are reported as left out, at most: the report is a header field.
const MOST_DROPPED: usize = 64;

/// A body on its way through the steps.
pub(super) struct Work<'r, 't> {
    pub(super) recipe: &'r Recipe,
    pub(super) text: Text<'t>,
    pub(super) participant: Option<String>,
    pub(super) repairs: Vec<Repair>,
    dropped: Vec<String>,
    /// How many more were left out.
    unlisted: usize,
    pub(super) current: Vec<Current>,
    /// The renames that were made, in order.
    renamed: Vec<&'r Rename>,
}

impl<'r, 't> Work<'r, 't> {
    pub(super) fn new(recipe: &'r Recipe, text: Text<'t>) -> Self {
        Self {
            recipe,
            text,
            participant: None,
            repairs: Vec::new(),
            dropped: Vec::new(),
            unlisted: 0,
            current: Vec::new(),
            renamed: Vec::new(),
        }
    }
}

impl Work<'_, '_> {
    pub(super) fn edit(&mut self, repair: Repair, splices: &[Splice]) -> Result<(), Diagnosis> {
        if splices.is_empty() {
            return Ok(());
        }
        self.did(repair);
        self.text.edit(splices)
    }

    pub(super) fn replace(&mut self, repair: Repair, body: Vec<u8>) -> Result<(), Diagnosis> {
        self.did(repair);
        self.text = Text::new(Cow::Owned(body))?;
        Ok(())
    }

    pub(super) fn did(&mut self, repair: Repair) {
        if !self.repairs.contains(&repair) {
            self.repairs.push(repair);
        }
    }

    pub(super) fn left_out(&mut self, pointers: &[String]) {
        let room = MOST_DROPPED.saturating_sub(self.dropped.len());
        let listed = pointers.iter().take(room).map(|pointer| shown(pointer));
        self.dropped.extend(listed);
        self.unlisted += pointers.len().saturating_sub(room);
    }

    /// What was left out, for the report.
    pub(super) fn take_dropped(&mut self) -> Vec<String> {
        let mut dropped = std::mem::take(&mut self.dropped);
        if self.unlisted > 0 {
            dropped.push(format!("+{}", self.unlisted));
        }
        dropped
    }

    pub(super) fn unwrap(&mut self) -> Result<(), Diagnosis> {
        for wrapper in &self.recipe.unwrap {
            let knows = |member: &Member| self.recipe.knows(&self.text, member);
            if let Some(body) = wrapper.open(&self.text, &self.recipe.no_attributes, knows)? {
                return self.replace(Repair::Unwrap, body);
            }
        }
        Ok(())
    }

    pub(super) fn pick(&mut self) -> Result<(), Diagnosis> {
        for envelope in &self.recipe.pick {
            if let Some(picked) = envelope.pick(&self.text)? {
                self.participant = Some(picked.participant);
                return self.replace(Repair::Unwrap, picked.body);
            }
        }
        let Some(otherwise) = &self.recipe.otherwise else {
            return Ok(());
        };
        if self.recipe.accepts.is_some() && self.unknown().is_none() {
            return Ok(());
        }
        Err(otherwise.clone())
    }

    pub(super) fn rename(&mut self) -> Result<(), Diagnosis> {
        for rename in &self.recipe.rename {
            self.make_room(rename)?;
            let splices = rename.edits(&self.text, &self.recipe.no_attributes)?;
            if !splices.is_empty() {
                self.renamed.push(rename);
            }
            self.edit(Repair::Rename, &splices)?;
        }
        Ok(())
    }

    /// The pointer to a member that was renamed, as its caller knows it.
    fn as_it_came(&self, mut pointer: String) -> String {
        for rename in self.renamed.iter().rev() {
            let below = pointer.strip_prefix(rename.to.text());
            if let Some(below) = below.filter(|below| below.is_empty() || below.starts_with('/')) {
                pointer = format!("{}{below}", rename.from.text());
            }
        }
        pointer
    }

    /// A null in the place that another member is renamed to was never set.
    fn make_room(&mut self, rename: &Rename) -> Result<(), Diagnosis> {
        if !matches!(self.text.at(rename.from.names()), At::Member(..)) {
            return Ok(());
        }
        let At::Member(outline, there) = self.text.at(rename.to.names()) else {
            return Ok(());
        };
        if there.kind != Kind::Null || rename.from.names() == rename.to.names() {
            return Ok(());
        }
        let goes = outline.without(|member| *member == there);
        let goes: Vec<_> = goes.into_iter().map(Splice::remove).collect();
        self.left_out(&[rename.to.text().to_owned()]);
        self.edit(Repair::Drop, &goes)
    }

    /// What can only be read goes, but only beside what is meant in any case: beside a command it could be
    /// a participant that was read and sent back, and then the command is none.
    pub(super) fn drop(&mut self, participant: &str) -> Result<(), Diagnosis> {
        let Self { recipe, text, .. } = &*self;
        let is_in = |names: &[String], member: &Member| {
            names.iter().any(|name| text.is_called(member, name))
        };
        let goes = |member: &Member| is_in(&recipe.identity, member) || is_in(&recipe.drop, member);
        let members = &text.root().members;
        let going: Vec<_> = members.iter().filter(|member| goes(member)).collect();
        let Some(first) = going.first() else {
            return Ok(());
        };
        let identity = || {
            going
                .iter()
                .filter(|member| is_in(&recipe.identity, member))
        };
        if let Some(other) = identity().find(|member| !text.is_string(member, participant)) {
            return Err(Diagnosis::of(Flaw::Ambiguous, &self.pointer(other)));
        }
        let kept = match recipe.reroute.as_slice() {
            [] => recipe.accepts.as_deref().unwrap_or_default(),
            rerouted => rerouted,
        };
        let mut others = members
            .iter()
            .filter(|m| !goes(m) && m.kind != Kind::Null)
            .peekable();
        if others.peek().is_none() {
            return Err(Diagnosis::of(Flaw::ReadOnly, &self.pointer(first)));
        }
        // Without an id it is no participant that was read: then a queue may be one to go to.
        let mut commands = going
            .iter()
            .filter(|member| is_in(&recipe.reserved, member));
        let command = commands.next().filter(|_| identity().next().is_none());
        if let Some(member) = others
            .find(|member| !is_in(kept, member))
            .or(command.copied())
        {
            return Err(Diagnosis::of(Flaw::Ambiguous, &self.pointer(member)));
        }
        let splices: Vec<_> = text
            .root()
            .without(goes)
            .into_iter()
            .map(Splice::remove)
            .collect();
        let names: Vec<_> = going.iter().map(|member| self.pointer(member)).collect();
        self.left_out(&names);
        self.edit(Repair::Drop, &splices)
    }

    pub(super) fn wrap(&mut self) -> Result<(), Diagnosis> {
        let under = self.recipe.wrap.as_deref();
        let splices =
            under.and_then(|under| map::wrap(&self.text, under, &self.recipe.no_attributes));
        self.edit(Repair::Wrap, &splices.unwrap_or_default())
    }

    pub(super) fn stringify(&mut self) -> Result<(), Diagnosis> {
        for at in &self.recipe.stringify {
            let splices = map::stringify(&self.text, at)
                .map_err(|(flaw, pointer)| Diagnosis::of(flaw, &self.as_it_came(pointer)))?;
            self.edit(Repair::Stringify, &splices)?;
        }
        Ok(())
    }

    pub(super) fn know_every_member(&self) -> Result<(), Diagnosis> {
        match self.unknown() {
            Some(member) => Err(Diagnosis::of(Flaw::UnknownMember, &self.pointer(member))),
            None => Ok(()),
        }
    }

    /// Whether there are members that belong to another resource.
    pub(super) fn has_moved(&self) -> Result<bool, Diagnosis> {
        for name in &self.recipe.reroute {
            if self
                .find(name)?
                .is_some_and(|member| member.kind != Kind::Null)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The first member that the resource does not have.
    pub(super) fn unknown(&self) -> Option<&Member> {
        let accepts = self.recipe.accepts.as_ref()?;
        let known = || accepts.iter().chain(&self.recipe.reroute);
        // Beside what is sent elsewhere a null is what serialisers write for what was never set.
        let drops_nulls = self.has_moved().unwrap_or(false);
        let mut members = self.text.root().members.iter();
        members.find(|member| {
            let is_known = known().any(|name| self.text.is_called(member, name));
            let is_dropped = drops_nulls && member.kind == Kind::Null;
            !(is_known || is_dropped)
        })
    }

    pub(super) fn pointer(&self, member: &Member) -> String {
        format!("/{}", map::token(self.text.slice(member.name.clone())))
    }

    pub(super) fn find(&self, name: &str) -> Result<Option<Member>, Diagnosis> {
        match self.text.root().find(self.text.bytes(), name) {
            Occurs::Never => Ok(None),
            Occurs::Once(member) => Ok(Some(member.clone())),
            Occurs::Twice => Err(Diagnosis::of(Flaw::DuplicateMember, &format!("/{name}"))),
        }
    }
}
