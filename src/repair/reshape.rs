//! Repairs that need nothing but the request itself: its members get the names, places and types that the
//! API has for them.
//!
//! A [`Recipe`] is what a rule says of this, compiled. Every step edits spans of the caller's text, so what
//! no step is about stays as it was written, and number spelling, escapes, order and duplicates with it.
//! The steps are all or nothing: where one finds that it would have to guess, the request goes as it came,
//! and the [`Diagnosis`] says why.

use std::borrow::Cow;

use super::Repair;
use super::diagnosis::{Diagnosis, Flaw, shown};
use super::plan::PlanError;
use super::scan::outline::{Kind, Member, Occurs};
use super::scan::{ScanError, scan};
use super::target::{Pointer, Targets};

mod current;
mod envelope;
mod map;
mod parts;
mod rename;
mod text;
mod waiting;

pub use current::Current;
pub(crate) use envelope::{Envelope, Wrapper};
pub use rename::Form;
pub(crate) use rename::Rename;
use text::{Splice, Text};
pub(crate) use waiting::{Case, Named, Null};

/// Members that are reported as left out, at most: the report is a header field.
const MOST_DROPPED: usize = 64;

/// The steps of a rule, in the order in which they are taken: the fields' own.
#[derive(Clone, Debug, Default)]
pub struct Recipe {
    /// What is sent in the place of an empty body or object. With any other body there is no repair.
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) unwrap: Vec<Wrapper>,
    pub(crate) pick: Vec<Envelope>,
    /// What is wrong with a body that `body` and `pick` don't help.
    pub(crate) otherwise: Option<Diagnosis>,
    pub(crate) rename: Vec<Rename>,
    pub(crate) wrap: Option<String>,
    /// Members that repeat the participant of the path.
    pub(crate) identity: Vec<String>,
    /// Members that can only be read.
    pub(crate) drop: Vec<String>,
    /// Strings that may say what the participant is already.
    pub(crate) drop_current: Vec<Pointer>,
    /// Maps of strings.
    pub(crate) stringify: Vec<Pointer>,
    pub(crate) case: Vec<Case>,
    pub(crate) drop_null: Vec<Null>,
    /// The members that the resource has; `None` where that is not said.
    pub(crate) accepts: Option<Vec<String>>,
    /// Members that belong to resources of their own.
    pub(crate) reroute: Vec<String>,
    /// Names that are commands elsewhere: what has one of them is not taken for attributes.
    pub(crate) reserved: Vec<String>,
}

/// A body that went through a recipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reshaped<'t> {
    /// What is sent, in order: one body, or one for each resource that it belongs to.
    pub parts: Vec<Part<'t>>,
    /// The participant that the body named.
    pub participant: Option<String>,
    /// What was done.
    pub repairs: Vec<Repair>,
    /// JSON pointers of what was left out.
    pub dropped: Vec<String>,
    /// What must be so for that.
    pub current: Vec<Current>,
    /// What a rejection would be about, although nothing stands in the way of sending it.
    pub doubt: Option<Diagnosis>,
}

/// One body to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part<'t> {
    /// Index into the rule's `reroute` of the member that it holds; `None` for the rule's own resource.
    pub reroute: Option<usize>,
    /// The body.
    pub body: Cow<'t, [u8]>,
}

impl Reshaped<'_> {
    /// The same, without the caller's text.
    pub(crate) fn into_owned(self) -> Reshaped<'static> {
        let parts = self.parts.into_iter().map(|Part { reroute, body }| Part {
            reroute,
            body: Cow::Owned(body.into_owned()),
        });
        Reshaped {
            parts: parts.collect(),
            participant: self.participant,
            repairs: self.repairs,
            dropped: self.dropped,
            current: self.current,
            doubt: self.doubt,
        }
    }

    /// Nothing was done to `body`.
    pub(crate) fn untouched(body: &[u8]) -> Reshaped<'_> {
        Reshaped {
            parts: vec![Part {
                reroute: None,
                body: Cow::Borrowed(body),
            }],
            participant: None,
            repairs: Vec::new(),
            dropped: Vec::new(),
            current: Vec::new(),
            doubt: None,
        }
    }
}

impl Recipe {
    /// Takes the steps. `participant` is the one that the path names, empty where it names none; `waits`
    /// says which of the steps that wait for a rejection are still to be left out.
    pub fn apply<'t>(
        &self,
        body: &'t [u8],
        participant: &str,
        waits: impl Fn(usize) -> bool,
    ) -> Result<Reshaped<'t>, Diagnosis> {
        if self.is_empty() {
            return Ok(Reshaped::untouched(body));
        }
        if let Some(own) = &self.body {
            let bare: Vec<u8> = body
                .iter()
                .filter(|b| !b.is_ascii_whitespace())
                .copied()
                .collect();
            if !bare.is_empty() && bare != b"{}" {
                let otherwise = self.otherwise.clone();
                return Err(otherwise.unwrap_or_else(|| Diagnosis::of(Flaw::Ambiguous, "")));
            }
            return Ok(Reshaped {
                parts: vec![Part {
                    reroute: None,
                    body: Cow::Owned(own.clone()),
                }],
                ..Reshaped::untouched(body)
            });
        }
        scan(body, &Targets::default()).map_err(|error| unreadable(error.into()))?;
        let mut work = Work {
            recipe: self,
            text: Text::new(Cow::Borrowed(body))?,
            participant: None,
            repairs: Vec::new(),
            dropped: Vec::new(),
            current: Vec::new(),
        };
        work.unwrap()?;
        work.pick()?;
        work.rename()?;
        work.wrap()?;
        work.drop(participant)?;
        work.drop_current()?;
        work.stringify()?;
        let doubt = work.wait(waits)?;
        // What an envelope held is for another resource.
        if work.participant.is_none() {
            work.know_every_member()?;
        }
        work.part(doubt)
    }

    /// Whether there is no step.
    pub(crate) fn is_empty(&self) -> bool {
        let Self {
            body,
            unwrap,
            pick,
            otherwise,
            rename,
            identity,
            drop,
            drop_current,
            wrap,
            stringify,
            case,
            drop_null,
            accepts,
            reroute,
            reserved: _,
        } = self;
        let steps = [
            unwrap.is_empty(),
            pick.is_empty(),
            rename.is_empty(),
            identity.is_empty(),
            drop.is_empty(),
            drop_current.is_empty(),
            stringify.is_empty(),
            case.is_empty(),
            drop_null.is_empty(),
            reroute.is_empty(),
        ];
        let words = [
            body.is_none(),
            otherwise.is_none(),
            wrap.is_none(),
            accepts.is_none(),
        ];
        steps.into_iter().chain(words).all(|is_none| is_none)
    }

    /// Whether a name is one that the recipe knows what to do with.
    fn knows(&self, text: &Text<'_>, member: &Member) -> bool {
        let called = |name: &String| text.is_called(member, name);
        let renamed = self
            .rename
            .iter()
            .filter_map(|rename| rename.from.names().first());
        self.accepts.iter().flatten().any(called)
            || self.reroute.iter().any(called)
            || renamed.into_iter().any(called)
    }
}

/// Why a text can't be edited, as a diagnosis.
pub(crate) fn unreadable(error: PlanError) -> Diagnosis {
    let flaw = match error {
        PlanError::Scan(ScanError::NotJson) => Flaw::NotJson,
        PlanError::Scan(ScanError::NotObject) => Flaw::NotObject,
        PlanError::DuplicateMember => Flaw::DuplicateMember,
        PlanError::TypeConflict => Flaw::TypeConflict,
    };
    Diagnosis::of(flaw, "")
}

/// A body on its way through the steps.
struct Work<'r, 't> {
    recipe: &'r Recipe,
    text: Text<'t>,
    participant: Option<String>,
    repairs: Vec<Repair>,
    dropped: Vec<String>,
    current: Vec<Current>,
}

impl Work<'_, '_> {
    fn edit(&mut self, repair: Repair, splices: &[Splice]) -> Result<(), Diagnosis> {
        if splices.is_empty() {
            return Ok(());
        }
        self.did(repair);
        self.text.edit(splices)
    }

    fn replace(&mut self, repair: Repair, body: Vec<u8>) -> Result<(), Diagnosis> {
        self.did(repair);
        self.text = Text::new(Cow::Owned(body))?;
        Ok(())
    }

    fn did(&mut self, repair: Repair) {
        if !self.repairs.contains(&repair) {
            self.repairs.push(repair);
        }
    }

    fn left_out(&mut self, pointers: Vec<String>) {
        let room = MOST_DROPPED.saturating_sub(self.dropped.len());
        let shown = pointers.iter().take(room).map(|pointer| shown(pointer));
        self.dropped.extend(shown);
    }

    fn unwrap(&mut self) -> Result<(), Diagnosis> {
        for wrapper in &self.recipe.unwrap {
            let knows = |member: &Member| self.recipe.knows(&self.text, member);
            if let Some(body) = wrapper.open(&self.text, &self.recipe.reserved, knows)? {
                return self.replace(Repair::Unwrap, body);
            }
        }
        Ok(())
    }

    fn pick(&mut self) -> Result<(), Diagnosis> {
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

    fn rename(&mut self) -> Result<(), Diagnosis> {
        for rename in &self.recipe.rename {
            let splices = rename.edits(&self.text, &self.recipe.reserved)?;
            self.edit(Repair::Rename, &splices)?;
        }
        Ok(())
    }

    /// What can only be read goes, but only beside what is meant in any case: beside a command it could be
    /// a participant that was read and sent back, and then the command is none.
    fn drop(&mut self, participant: &str) -> Result<(), Diagnosis> {
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
        self.left_out(names);
        self.edit(Repair::Drop, &splices)
    }

    fn wrap(&mut self) -> Result<(), Diagnosis> {
        let under = self.recipe.wrap.as_deref();
        let splices = under.and_then(|under| map::wrap(&self.text, under, &self.recipe.reserved));
        self.edit(Repair::Wrap, &splices.unwrap_or_default())
    }

    fn stringify(&mut self) -> Result<(), Diagnosis> {
        for at in &self.recipe.stringify {
            let splices = map::stringify(&self.text, at)?;
            self.edit(Repair::Stringify, &splices)?;
        }
        Ok(())
    }

    fn know_every_member(&self) -> Result<(), Diagnosis> {
        match self.unknown() {
            Some(member) => Err(Diagnosis::of(Flaw::UnknownMember, &self.pointer(member))),
            None => Ok(()),
        }
    }

    /// Whether there are members that belong to another resource.
    fn has_moved(&self) -> Result<bool, Diagnosis> {
        for name in &self.recipe.reroute {
            if self.find(name)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The first member that the resource does not have.
    fn unknown(&self) -> Option<&Member> {
        let accepts = self.recipe.accepts.as_ref()?;
        let known = || accepts.iter().chain(&self.recipe.reroute);
        // Beside what is sent elsewhere a null is what serialisers write for what was never set.
        let drops_nulls = self.has_moved().unwrap_or(false);
        let mut members = self.text.root().members.iter();
        members.find(|member| {
            let is_known = known().any(|name| self.text.is_called(member, name));
            !is_known && !(drops_nulls && member.kind == Kind::Null)
        })
    }

    fn pointer(&self, member: &Member) -> String {
        format!("/{}", map::token(self.text.slice(member.name.clone())))
    }

    fn find(&self, name: &str) -> Result<Option<Member>, Diagnosis> {
        match self.text.root().find(self.text.bytes(), name) {
            Occurs::Never => Ok(None),
            Occurs::Once(member) => Ok(Some(member.clone())),
            Occurs::Twice => Err(Diagnosis::of(Flaw::DuplicateMember, &format!("/{name}"))),
        }
    }
}
