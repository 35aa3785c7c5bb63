//! `reroute`: members that belong to another resource are sent there, and the rest where it was sent to.

use std::borrow::Cow;

use super::text::{Splice, spliced};
use super::work::Work;
use super::{Part, Reshaped};
use crate::repair::Repair;
use crate::repair::diagnosis::{Diagnosis, Flaw};
use crate::repair::scan::outline::{Kind, Member};

impl<'t> Work<'_, 't> {
    pub(super) fn part(mut self, doubt: Option<Diagnosis>) -> Result<Reshaped<'t>, Diagnosis> {
        let mut moved = Vec::new();
        for (index, name) in self.recipe.reroute.iter().enumerate() {
            match self.find(name)? {
                None => {}
                Some(member) if member.kind == Kind::Null => {}
                Some(member) if member.kind == Kind::Object => moved.push((index, member)),
                Some(_) => return Err(Diagnosis::of(Flaw::TypeConflict, &format!("/{name}"))),
            }
        }
        let is_moved = |member: &Member| moved.iter().any(|(_, moved)| moved == member);
        // A null is what serialisers write for a member that was never set. Here it can only be in the way
        // where the resource does not have the member, or where others go elsewhere.
        let is_unset = |member: &Member| {
            let called = |name: &String| self.text.is_called(member, name);
            member.kind == Kind::Null
                && (!moved.is_empty() || self.recipe.reroute.iter().any(called))
        };
        let stays = |member: &Member| !is_moved(member) && !is_unset(member);
        let members = &self.text.root().members;
        let mut parts: Vec<_> = moved
            .iter()
            .map(|(index, member)| self.only(Some(*index), |other| other == member))
            .collect();
        let mut unset = Vec::new();
        if members.iter().any(stays) || !moved.is_empty() {
            let never_set = members.iter().filter(|member| is_unset(member));
            unset.extend(never_set.map(|member| self.pointer(member)));
            if members.iter().any(stays) {
                parts.push(self.only(None, stays));
            }
        } else {
            parts.push(self.only(None, |_| true));
        }
        if !unset.is_empty() {
            self.left_out(&unset);
            self.did(Repair::Drop);
        }
        if !moved.is_empty() {
            self.did(Repair::Reroute);
        }
        if parts.len() > 1 {
            self.did(Repair::Split);
        }
        let dropped = self.take_dropped();
        // Where nothing goes, the text itself is the one part, borrowed if no step touched it.
        if let [part] = parts.as_mut_slice()
            && part.body == self.text.bytes()
        {
            part.body = self.text.into_bytes();
        }
        Ok(Reshaped {
            parts,
            participant: self.participant,
            repairs: self.repairs,
            dropped,
            current: self.current,
            doubt,
        })
    }

    /// The body with only the members that `stays` picks.
    fn only(&self, reroute: Option<usize>, stays: impl Fn(&Member) -> bool) -> Part<'t> {
        let goes = self.text.root().without(|member| !stays(member));
        let goes: Vec<_> = goes.into_iter().map(Splice::remove).collect();
        let body = Cow::Owned(spliced(self.text.bytes(), &goes));
        Part { reroute, body }
    }
}
